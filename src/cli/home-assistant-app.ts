import { randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import { z } from 'zod';
import { isSystemError } from '../daemon/system-error.js';

/** Home Assistant's Supervisor, as apps see it: behind its ingress everybody has signed in already. */
const ingress = { address: '172.30.32.2', port: 8099 } as const;
const patience_ms = 10_000;

/** What the app's page leaves empty is not set. */
const text = z
  .string()
  .nullish()
  .transform((value) => (value === '' || value === null ? undefined : value));
const optionsSchema = z.object({
  accounts: z.array(z.record(z.string(), text)).default([]),
  allow: z.array(z.string()).default([]),
  read_only: z.boolean().default(false),
  log_level: text,
  mqtt_url: text,
  mqtt_username: text,
  mqtt_password: text,
});

const tree = z.record(z.string(), z.unknown());
/** The user's own file: whatever else the configuration knows. What is wrong with it the bridge itself tells. */
const fileSchema = z
  .looseObject({
    mqtt: tree.optional(),
    accounts: z.array(tree).optional(),
    commands: tree.optional(),
    log: tree.optional(),
    http: tree.optional(),
  })
  .nullable()
  .transform((file) => file ?? {});

const serviceSchema = z.object({
  data: z.object({
    host: z.string(),
    port: z.number(),
    ssl: z.boolean().default(false),
    username: z.string().optional(),
    password: z.string().optional(),
  }),
});

export interface AppSurroundings {
  /** The Supervisor's folder of this app, with its options.json. */
  readonly dataDir: string;
  /** The folder that the user can write: bluelink2mqtt.yaml, if there is one. */
  readonly configDir: string;
  readonly supervisorUrl: string;
  readonly supervisorToken: string;
}

/** No configuration can be made; the message says what a person can do. */
export class AppFault extends Error {
  override readonly name = 'AppFault';
}

/**
 * Makes the bridge's configuration from the options of the app's page, the user's file and the broker that Home
 * Assistant itself uses. An option goes before the file, and the file's broker before Home Assistant's.
 */
export async function writeAppConfig(target: string, surroundings: AppSurroundings): Promise<void> {
  const { dataDir, configDir } = surroundings;
  const options = optionsSchema.parse(
    JSON.parse(await readFile(join(dataDir, 'options.json'), 'utf8')),
  );
  const file = await readOwnFile(join(configDir, 'bluelink2mqtt.yaml'));
  const { allow, read_only, log_level } = options;
  const config = {
    ...file,
    mqtt: await broker(options, file.mqtt ?? {}, surroundings),
    accounts: accounts(options.accounts, file.accounts ?? []),
    commands: {
      ...file.commands,
      ...(allow.length === 0 ? {} : { allow }),
      ...(read_only ? { read_only } : {}),
    },
    log: { format: 'pretty', ...file.log, ...given({ level: log_level }) },
    http: {
      // Nobody needs to know it: who comes through the ingress needs none.
      token: randomBytes(32).toString('hex'),
      ...file.http,
      ...{ enabled: true, host: '0.0.0.0', port: ingress.port },
      trusted_proxies: [ingress.address],
    },
  };
  await writeFile(target, stringify(config), { mode: 0o600 });
}

async function readOwnFile(path: string): Promise<z.infer<typeof fileSchema>> {
  const content = await readFile(path, 'utf8').catch((error: unknown) => {
    if (isSystemError(error, 'ENOENT')) return '';
    throw error;
  });
  // The parser's own message would show the line, which may hold a password.
  const read = fileSchema.safeParse(parsed(content));
  if (read.success) return read.data;
  throw new AppFault(`${path}: expected a configuration as in docs/configuration.md`);
}

function parsed(content: string): unknown {
  try {
    return content.trim() === '' ? null : parse(content);
  } catch {
    return undefined;
  }
}

type Options = z.infer<typeof optionsSchema>;

async function broker(options: Options, inFile: object, surroundings: AppSurroundings) {
  const { mqtt_url: url, mqtt_username: username, mqtt_password: password } = options;
  const own = { ...inFile, ...given({ url, username, password }) };
  if ('url' in own) return own;
  return { ...(await brokerOfHomeAssistant(surroundings)), ...own };
}

async function brokerOfHomeAssistant({ supervisorUrl, supervisorToken }: AppSurroundings) {
  const response = await fetch(new URL('/services/mqtt', supervisorUrl), {
    headers: { authorization: `Bearer ${supervisorToken}` },
    signal: AbortSignal.timeout(patience_ms),
  }).catch((error: unknown) => {
    throw new AppFault('the Supervisor does not answer: set mqtt_url, or restart the app', {
      cause: error,
    });
  });
  const answer = serviceSchema.safeParse(await response.json().catch(() => undefined));
  if (!response.ok || !answer.success) {
    throw new AppFault(
      'Home Assistant has no broker to offer: install the app Mosquitto broker, or set mqtt_url',
    );
  }
  const { host, port, ssl, username, password } = answer.data.data;
  const url = `${ssl ? 'mqtts' : 'mqtt'}://${host}:${String(port)}`;
  return { url, ...given({ username, password }) };
}

/** The page knows the usual keys; the file may add others to the account of the same name. */
function accounts(onPage: Options['accounts'], inFile: readonly Record<string, unknown>[]) {
  const names = new Set(onPage.map(({ name }) => name));
  const extended = onPage.map((account) => ({
    ...inFile.find(({ name }) => name === account['name']),
    ...given(account),
  }));
  return [...extended, ...inFile.filter(({ name }) => !names.has(name as string))];
}

function given(values: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const entries = Object.entries(values).filter(
    (entry): entry is [string, string] => entry[1] !== undefined,
  );
  return Object.fromEntries(entries);
}
