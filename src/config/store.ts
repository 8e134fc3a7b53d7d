import { hostname } from 'node:os';
import { z } from 'zod';
import { path, secret, secretFile, text } from './values.js';

const protocols = ['nats:', 'tls:'];
const serverExpected =
  'nats:// or tls:// with a host and no user name or password, such as nats://nats.lan:4222';

function isServer(value: string): boolean {
  if (!URL.canParse(value)) return false;
  const { protocol, hostname: host, username, password } = new URL(value);
  return protocols.includes(protocol) && host !== '' && username === '' && password === '';
}

const serversExpected = 'a list of 1 to 16 servers';

const servers = z
  .array(z.string({ error: serverExpected }).refine(isServer, { error: serverExpected }), {
    error: serversExpected,
  })
  .min(1, { error: serversExpected })
  .max(16, { error: serversExpected });

const keyExpected = '32 bytes in base64, such as `openssl rand -base64 32` prints';

/** 32 bytes are 43 characters and one that fills up. */
const key = secret(keyExpected).regex(/^[A-Za-z0-9+/]{43}=$/, { error: keyExpected });

/** What belongs to the engine nats is checked to be there, and nowhere else, by the rules between settings. */
export const store = z
  .strictObject({
    engine: z
      .enum(['level', 'nats'])
      .default('level')
      .describe(
        '`level`: a folder of `state_dir`, for one bridge. `nats`: NATS with JetStream, for several that share the accounts (fleet mode). All that follows is for `nats`.',
      ),
    servers: servers.exactOptional().meta({
      type: 'list of URLs: nats, tls',
      description: 'The servers of NATS; those of one cluster.',
    }),
    name: text(32)
      .regex(/^[A-Za-z0-9_-]+$/, { error: 'letters, digits, _ and -' })
      .default('bluelink2mqtt')
      .describe(
        'What the names of streams, buckets and subjects begin with. Two fleets on one NATS need two.',
      ),
    credentials_file: path('Credentials of NATS, as `nsc` makes them.').exactOptional(),
    username: text(256).exactOptional().describe('The user at NATS; together with `password`.'),
    password: secret('the password at NATS').exactOptional(),
    password_file: secretFile,
    token: secret('the token of NATS').exactOptional(),
    token_file: secretFile,
    ca_file: path('Certificates (PEM) to trust instead of those of the system.').exactOptional(),
    cert_file: path('The client certificate (PEM); together with `key_file`.').exactOptional(),
    key_file: path('The key (PEM) of the client certificate.').exactOptional(),
    replicas: z
      .union([z.literal(1), z.literal(3), z.literal(5)], { error: '1, 3 or 5' })
      .default(1)
      .meta({ type: '1, 3 or 5', description: 'On how many servers of NATS everything is kept.' }),
    encryption_key: key.exactOptional().meta({
      type: 'text, secret',
      description: `The key that seals what is stored: ${keyExpected}. Required with \`engine: nats\`, the same for all instances.`,
    }),
    encryption_key_file: secretFile,
    previous_encryption_key: key.exactOptional().meta({
      type: 'text, secret',
      description: 'The key before this one: what it has sealed can still be read.',
    }),
    previous_encryption_key_file: secretFile,
  })
  .transform(({ engine, servers = [], encryption_key = '', ...rest }) =>
    engine === 'level' ? { engine } : { engine, servers, encryption_key, ...rest },
  );

export type StoreConfig = z.output<typeof store>;
export type NatsStoreConfig = Extract<StoreConfig, { engine: 'nats' }>;

const instanceExpected = '1 to 32 of the letters a-z, digits, _ and -';

export const instance = z
  .string({ error: instanceExpected })
  .regex(/^[a-z0-9_-]{1,32}$/, { error: instanceExpected })
  .optional()
  .transform((name) => name ?? instanceOf(hostname()))
  .meta({
    type: "text of a-z, 0-9, _ and -; default the host's name",
    description: 'This bridge among those of its fleet: each needs another. Only for fleet mode.',
  });

/** The name of a host made to fit; its domain is left out. */
export function instanceOf(host: string): string {
  const [name = ''] = host.toLowerCase().split('.');
  const fit = name.replaceAll(/[^a-z0-9_-]/g, '-').slice(0, 32);
  return fit === '' ? 'bluelink2mqtt' : fit;
}
