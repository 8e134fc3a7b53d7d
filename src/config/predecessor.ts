import type { Environment } from './environment.js';
import { putText } from './environment.js';
import type { ConfigFault, Origins, TreePath } from './fault.js';
import { valueAt } from './tree.js';
import type { Tree } from './tree.js';

interface Alias {
  readonly name: string;
  readonly path: TreePath;
  readonly convert?: (text: string) => string;
}

const account = ['accounts', 0] as const;

const isTrue = (text: string | undefined): boolean => /^(?:true|1|yes|on)$/i.test(text ?? '');

const levels: Readonly<Record<string, string>> = { warning: 'warn', critical: 'error' };

function levelOf(text: string): string {
  const level = text.toLowerCase();
  return levels[level] ?? level;
}

/** How a region was called besides, and how it is called here. */
const regions: Readonly<Record<string, string>> = {
  eu: 'europe',
  ca: 'canada',
  us: 'usa',
  'united-states': 'usa',
  cn: 'china',
  au: 'australia',
  in: 'india',
  nz: 'new-zealand',
  br: 'brazil',
};

function regionOf(text: string): string {
  const name = text.trim().toLowerCase().replace(/[ _]/g, '-');
  return Object.hasOwn(regions, name) ? (regions[name] ?? name) : name;
}

/** The names that the Python predecessor took, and what they are called here. */
const aliases: readonly Alias[] = [
  { name: 'HYUNDAI_USERNAME', path: [...account, 'username'] },
  { name: 'HYUNDAI_PASSWORD', path: [...account, 'password'] },
  { name: 'HYUNDAI_PIN', path: [...account, 'pin'] },
  { name: 'HYUNDAI_REGION', path: [...account, 'region'], convert: regionOf },
  { name: 'HYUNDAI_BRAND', path: [...account, 'brand'] },
  { name: 'MQTT_USERNAME', path: ['mqtt', 'username'] },
  { name: 'MQTT_PASSWORD', path: ['mqtt', 'password'] },
  { name: 'MQTT_CLIENT_ID', path: ['mqtt', 'client_id'] },
  { name: 'MQTT_BASE_TOPIC', path: ['mqtt', 'base_topic'] },
  { name: 'LOG_LEVEL', path: ['log', 'level'], convert: levelOf },
  {
    name: 'INITIAL_REFRESH',
    path: ['refresh', 'on_start'],
    convert: (text) => (isTrue(text) ? 'cached' : 'off'),
  },
];

/** What the predecessor assumed of an account that its environment names. */
const accountDefaults = { name: 'home', region: 'europe', brand: 'hyundai' } as const;

/** Puts the predecessor's values where neither the file nor this bridge's own names say anything. */
export function applyPredecessor(tree: Tree, origins: Origins, env: Environment): ConfigFault[] {
  const hasOwnAccounts = valueAt(tree, ['accounts']) !== undefined;
  const isSimulated = valueAt(tree, [...account, 'backend']) === 'simulator';
  const faults = aliases
    .filter(({ path }) => !(isSimulated && path[0] === 'accounts'))
    .flatMap(({ name, path, convert }) => {
      const text = env[name] ?? '';
      if (text === '' || isSet(tree, path)) return [];
      return putText(tree, origins, path, convert?.(text) ?? text, name);
    });
  return [
    ...faults,
    ...applyBroker(tree, origins, env, hasOwnAccounts),
    ...(hasOwnAccounts ? [] : complete(tree, origins, env)),
  ];
}

/** A secret is set by its file, too. */
function isSet(tree: Tree, path: TreePath): boolean {
  const file = [...path.slice(0, -1), `${String(path.at(-1))}_file`];
  return valueAt(tree, path) !== undefined || valueAt(tree, file) !== undefined;
}

function applyBroker(
  tree: Tree,
  origins: Origins,
  env: Environment,
  hasOwnAccounts: boolean,
): readonly ConfigFault[] {
  const host = brokerHost(env, hasOwnAccounts);
  if (host === '' || isSet(tree, ['mqtt', 'url'])) return [];
  const port = env['MQTT_BROKER_PORT'] ?? '';
  const scheme = isTrue(env['MQTT_USE_TLS']) ? 'mqtts' : 'mqtt';
  const url = `${scheme}://${host.includes(':') ? `[${host}]` : host}:${port === '' ? '1883' : port}`;
  return putText(tree, origins, ['mqtt', 'url'], url, 'MQTT_BROKER_HOST');
}

/** Whoever comes with the account's names alone had the broker on the same machine. */
function brokerHost(env: Environment, hasOwnAccounts: boolean): string {
  const named = env['MQTT_BROKER_HOST'] ?? '';
  const isPredecessors = !hasOwnAccounts && (env['HYUNDAI_USERNAME'] ?? '') !== '';
  return named === '' && isPredecessors ? 'localhost' : named;
}

function complete(tree: Tree, origins: Origins, env: Environment): readonly ConfigFault[] {
  if ((env['HYUNDAI_USERNAME'] ?? '') === '') return [];
  return Object.entries(accountDefaults).flatMap(([key, text]) =>
    isSet(tree, [...account, key])
      ? []
      : putText(tree, origins, [...account, key], text, 'HYUNDAI_USERNAME'),
  );
}
