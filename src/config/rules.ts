import { isIP } from 'node:net';
import { z } from 'zod';
import { formatDuration, parseDuration } from './duration.js';
import { defaultExpiry } from './expiry.js';
import { accountBreaches, maybe, readableAccount, type Breach } from './account-rules.js';
import type { TreePath } from './fault.js';
import { storeBreaches } from './store-rules.js';
import { valueAt } from './tree.js';

/** What a rule looks at: as much of it as can be read, whatever else is wrong with it. */
const time = z.string().transform((text) => parseDuration(text));
const orOff = (meant: number) => z.union([z.number(), z.literal('off').transform(() => meant)]);
const readable = z.object({
  mqtt: maybe(
    z.object({
      version: maybe(z.unknown()),
      session_expiry: maybe(time),
      cert_file: maybe(z.string()),
      key_file: maybe(z.string()),
    }),
  ),
  accounts: maybe(z.array(readableAccount)),
  accounts_dir: maybe(z.string()),
  store: maybe(z.record(z.string(), z.unknown())),
  commands: maybe(z.object({ expires_in: maybe(z.record(z.string(), maybe(time))) })),
  guards: maybe(
    z.object({ aux_battery_min: maybe(orOff(100)), aux_battery_hard_min: maybe(orOff(0)) }),
  ),
  breaker: maybe(z.object({ reset: maybe(time), max_reset: maybe(time) })),
  retry: maybe(z.object({ initial: maybe(time), max: maybe(time) })),
  workers: maybe(z.object({ max: maybe(z.number()) })),
  http: maybe(
    z.object({ enabled: maybe(z.boolean()), host: maybe(z.string()), token: maybe(z.string()) }),
  ),
});

type Readable = z.output<typeof readable>;

type Rule = (tree: Readable, whole: unknown) => Breach[];

/** What must hold between settings; looked at even where single values have faults of their own. */
export function breachesOf(tree: unknown): Breach[] {
  const seen = readable.safeParse(tree);
  return seen.success ? rules.flatMap((rule) => rule(seen.data, tree)) : [];
}

const sessionShorterThanExpiry: Rule = ({ mqtt, commands }) => {
  const chosen = commands?.expires_in ?? {};
  const expiries = defaultTimes.map(([key, normal]) => [key, chosen[key] ?? normal] as const);
  const [key, smallest] = expiries.reduce((least, one) => (one[1] < least[1] ? one : least));
  const session = mqtt?.session_expiry ?? 60_000;
  if (session <= smallest) return [];
  const isChosen = mqtt?.session_expiry !== undefined;
  return [
    {
      path: isChosen ? ['mqtt', 'session_expiry'] : ['commands', 'expires_in', key],
      expected: isChosen
        ? `at most the smallest expiry, commands.expires_in.${key} (${formatDuration(smallest)})`
        : `at least mqtt.session_expiry (${formatDuration(session)})`,
      got: formatDuration(isChosen ? session : smallest),
    },
  ];
};

const defaultTimes = Object.entries(defaultExpiry).map(
  ([key, text]) => [key, parseDuration(text) ?? 0] as const,
);

const certificateWithKey: Rule = ({ mqtt }) => {
  const has = { cert_file: mqtt?.cert_file !== undefined, key_file: mqtt?.key_file !== undefined };
  if (has.cert_file === has.key_file) return [];
  const missing = has.cert_file ? 'key_file' : 'cert_file';
  return [
    { path: ['mqtt', missing], expected: 'cert_file and key_file together', got: 'one of them' },
  ];
};

interface Bound {
  readonly path: TreePath;
  readonly value: number;
}

function ordered(lower: Bound, upper: Bound, show: (value: number) => string): Breach[] {
  if (lower.value <= upper.value) return [];
  const expected = `at most ${upper.path.join('.')} (${show(upper.value)})`;
  return [{ path: lower.path, expected, got: show(lower.value) }];
}

const orderedGuards: Rule = ({ guards }) =>
  ordered(
    { path: ['guards', 'aux_battery_hard_min'], value: guards?.aux_battery_hard_min ?? 50 },
    { path: ['guards', 'aux_battery_min'], value: guards?.aux_battery_min ?? 65 },
    String,
  );

const orderedBreaker: Rule = ({ breaker }) =>
  ordered(
    { path: ['breaker', 'reset'], value: breaker?.reset ?? 60_000 },
    { path: ['breaker', 'max_reset'], value: breaker?.max_reset ?? 1_800_000 },
    formatDuration,
  );

const orderedRetry: Rule = ({ retry }) =>
  ordered(
    { path: ['retry', 'initial'], value: retry?.initial ?? 1_000 },
    { path: ['retry', 'max'], value: retry?.max ?? 60_000 },
    formatDuration,
  );

/** In a fleet no instance has all accounts. */
const enoughWorkers: Rule = ({ workers, store, accounts = [] }) => {
  if (store?.['engine'] === 'nats') return [];
  const least = accounts.filter(({ enabled }) => enabled !== false).length + 1;
  if (workers?.max === undefined || workers.max >= least) return [];
  return [
    {
      path: ['workers', 'max'],
      expected: `at least ${String(least)}, one more than there are accounts`,
      got: String(workers.max),
    },
  ];
};

const someAccount: Rule = ({ accounts_dir, store }, whole) => {
  if (accounts_dir !== undefined || store?.['engine'] === 'nats') return [];
  const given = valueAt(whole, ['accounts']);
  if (given !== undefined && !(Array.isArray(given) && given.length === 0)) return [];
  return [
    {
      path: ['accounts'],
      expected: 'a list of 1 to 1000 accounts, or accounts_dir',
      got: given === undefined ? 'nothing' : 'an empty list',
    },
  ];
};

const storeFits: Rule = ({ store, mqtt }) => storeBreaches({ store, version: mqtt?.version });

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
}

const tokenForOtherHosts: Rule = ({ http }) => {
  if (http?.host === undefined || http.enabled === false) return [];
  if (isLoopback(http.host) || http.token !== undefined) return [];
  return [{ path: ['http', 'host'], expected: 'a loopback address, or a token', got: 'neither' }];
};

const rules: readonly Rule[] = [
  sessionShorterThanExpiry,
  certificateWithKey,
  ({ accounts = [] }) => accountBreaches(accounts),
  orderedGuards,
  orderedBreaker,
  orderedRetry,
  enoughWorkers,
  tokenForOtherHosts,
  someAccount,
  storeFits,
];
