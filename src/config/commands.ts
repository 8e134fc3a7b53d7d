import { z } from 'zod';
import { parseDuration } from './duration.js';
import { vehicleCommandNames } from '../vehicle/command.js';
import { expiresIn } from './expiry.js';
import { wholeNumber } from './values.js';

/** The values that a list may name, for the commands whose values are words. */
const wordsByCommand: Readonly<Record<string, readonly string[]>> = {
  refresh: ['cached', 'force', 'smart'],
  refresh_all: ['cached', 'force', 'smart'],
  lock: ['lock', 'unlock'],
  climate: ['start', 'stop'],
  charge: ['start', 'stop'],
  charge_port: ['open', 'close'],
  windows: ['open', 'close', 'vent'],
  valet_mode: ['start', 'stop'],
};

const bridgeCommands = [
  'refresh_all',
  'polling',
  'poll_interval',
  'log_level',
  'reset_breaker',
  'clear_queue',
  'announce',
  'otp',
  'cancel',
];

function isPermission(entry: string, commands: readonly string[]): boolean {
  const [name = '', value, ...rest] = entry.split(':');
  if (!commands.includes(name) || rest.length > 0) return false;
  if (value === undefined) return true;
  return wordsByCommand[name]?.includes(value) ?? /^[a-z0-9_.]{1,32}$/.test(value);
}

function permissions(commands: readonly string[]) {
  const expected = `a command's name, or name:value (such as lock:unlock), of: ${commands.join(', ')}`;
  return z
    .array(
      z
        .string({ error: expected })
        .refine((entry) => isPermission(entry, commands), { error: expected }),
    )
    .exactOptional()
    .meta({ type: 'list of `name` or `name:value`' });
}

/** What an account or a car is allowed, in addition to the bridge's own list. */
export const ownCommands = z.strictObject({
  allow: permissions(vehicleCommandNames).describe(
    'Refuses what it does not name. `lock:unlock`, `windows:open`, `valet_mode:stop` and the `climate:start` of a car with an engine must be written as name:value in at least one list.',
  ),
});

const rateExpected = 'a number of commands in a duration, such as 20/10m (1–1000 in 1s–1d)';

const rate = z
  .string({ error: rateExpected })
  .transform((text, context) => {
    const [, count = '', window = ''] = /^(\d{1,4})\/(.+)$/.exec(text) ?? [];
    const window_ms = parseDuration(window) ?? 0;
    if (
      Number(count) >= 1 &&
      Number(count) <= 1_000 &&
      window_ms >= 1_000 &&
      window_ms <= 86_400_000
    ) {
      return { count: Number(count), window_ms };
    }
    context.issues.push({ code: 'custom', message: rateExpected, input: text });
    return z.NEVER;
  })
  .meta({ type: 'count/duration' });

export const commands = z
  .strictObject({
    allow: permissions([...vehicleCommandNames, ...bridgeCommands]).describe(
      'Refuses what it does not name, for the whole bridge. Absent: restricts nothing.',
    ),
    read_only: z.boolean().default(false).describe('Refuses every remote command.'),
    rate: rate.prefault('20/10m').describe('The most remote commands a car is sent.'),
    expires_in: expiresIn
      .prefault({})
      .describe('How long a command may wait before it starts, by its name or its value.'),
    queue_per_vehicle: wholeNumber(1, 1_000)
      .default(32)
      .describe('The most waiting commands of a car.'),
    queue_total: wholeNumber(1, 100_000)
      .default(1_000)
      .describe('The most waiting commands in all.'),
  })
  .transform(({ expires_in, ...rest }) => ({ ...rest, expires_in_ms: expires_in }));
