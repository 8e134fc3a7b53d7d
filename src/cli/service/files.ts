/** Where a service installed by `install-service` has its files. */
export const places = {
  unit: '/etc/systemd/system/bluelink2mqtt.service',
  /** What a person adds with `systemctl edit` is in the same folder, in a file of another name. */
  dropIns: '/etc/systemd/system/bluelink2mqtt.service.d',
  secretsDropIn: '/etc/systemd/system/bluelink2mqtt.service.d/10-secrets.conf',
  folder: '/etc/bluelink2mqtt',
  config: '/etc/bluelink2mqtt/config.yaml',
  secrets: '/etc/bluelink2mqtt/secrets',
  /** With `DynamicUser` the first is a link to the second. */
  state: ['/var/lib/bluelink2mqtt', '/var/lib/private/bluelink2mqtt'],
} as const;

export interface Installation {
  /** The interpreter that runs this. */
  readonly node: string;
  /** The folder of the package. */
  readonly folder: string;
  readonly config: string;
}

/** The unit that comes with the package names one installation; this one is another. */
export function unitOf(template: string, { node, folder, config }: Installation): string {
  return template
    .replaceAll('/usr/bin/node', node)
    .replaceAll('/opt/bluelink2mqtt', folder)
    .replaceAll(places.config, config);
}

/** Whether systemd takes a path as it stands: without quotes, specifiers and variables. */
export function isPlainPath(path: string): boolean {
  return /^\/[A-Za-z0-9/._@+-]+$/.test(path);
}

const isSecret = /^(?:[A-Za-z0-9_-]+\.(?:password|pin|token)|store\.(?:previous_)?encryption_key)$/;

/** Hands every secret to the service; undefined where there is none. */
export function secretsDropInOf(names: readonly string[]): string | undefined {
  const secrets = names.filter((name) => isSecret.test(name)).sort();
  if (secrets.length === 0) return undefined;
  return [
    `# Written by \`bluelink2mqtt install-service\`: a line for each file in ${places.secrets}`,
    '[Service]',
    ...secrets.map((name) => `LoadCredential=${name}:${places.secrets}/${name}`),
    '',
  ].join('\n');
}

/** The example for a service, whose user can read none of the files that it names. */
export function configOf(example: string): string {
  return example.replaceAll(
    /^(\s*)(password|pin)_file: (\S+).*$/gm,
    `$1# the $2 is the file ${places.secrets}/$3`,
  );
}
