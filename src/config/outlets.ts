import { z } from 'zod';
import { topic } from './mqtt.js';
import { secret, secretFile, text, wholeNumber } from './values.js';

export const homeAssistant = z.strictObject({
  discovery: z
    .enum(['device', 'component', 'off'])
    .default('device')
    .describe(
      "Home Assistant's discovery messages: one for each car, or one for each entity (for other programs that read them), or none.",
    ),
  prefix: topic("Home Assistant's discovery prefix.").default('homeassistant'),
  status_topic: topic('Where Home Assistant says that it is back.').default('homeassistant/status'),
  times: z
    .boolean()
    .default(false)
    .describe(
      'Also announces times of day, such as those of off-peak charging. Only for Home Assistant 2026.6 and newer: an older one refuses the whole car.',
    ),
});

const hostName = text(255).regex(/^[A-Za-z0-9.:_-]+$/, { error: 'a host name or an address' });
const networks = z.union([z.ipv4(), z.ipv6(), z.cidrv4(), z.cidrv6()]);
const network = text(64).refine((given) => networks.safeParse(given).success, {
  error: 'an address or a network such as 172.30.32.0/23',
});

export const http = z.strictObject({
  enabled: z.boolean().default(true).describe('Health, metrics, the API and the dashboard.'),
  host: hostName
    .default('127.0.0.1')
    .describe('Where to listen; anything but a loopback address needs a token.'),
  port: wholeNumber(0, 65_535)
    .default(8099)
    .describe('The port to listen on; 0: any free one, which the log tells.'),
  token: secret('the token of the API')
    .min(16, { error: 'at least 16 characters' })
    .exactOptional(),
  token_file: secretFile,
  allowed_hosts: z
    .array(hostName)
    .max(64)
    .default([])
    .meta({ type: 'list of host names', description: 'Answered besides the loopback names.' }),
  trusted_proxies: z.array(network).max(64).default([]).meta({
    type: 'list of addresses or networks',
    description: 'Proxies that have checked who asks: their requests need no token.',
  }),
});

export const log = z.strictObject({
  level: z
    .enum(['error', 'warn', 'info', 'debug', 'trace'])
    .default('info')
    .describe('How much is logged.'),
  format: z
    .enum(['auto', 'json', 'pretty'])
    .default('auto')
    .describe('`auto`: pretty on a terminal, else JSON.'),
});
