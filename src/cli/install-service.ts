import type { Command } from 'commander';
import { existsSync } from 'node:fs';
import { readdir, rename } from 'node:fs/promises';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { exitCodes, type ExitCode } from './exit-codes.js';
import { configOf, isPlainPath, places, secretsDropInOf, unitOf } from './service/files.js';
import type { Installation } from './service/files.js';
import {
  expectReadable,
  expectRootAndSystemd,
  isActive,
  ServiceFault,
  systemctl,
  textOf,
} from './service/host.js';
import {
  carryOut,
  command,
  makeFolder,
  remove,
  say,
  writeText,
  type Step,
} from './service/steps.js';

export interface InstallOptions {
  readonly config?: string;
  readonly dryRun?: boolean;
}

export interface UninstallOptions {
  readonly purge?: boolean;
  readonly dryRun?: boolean;
}

export function addService(program: Command, done: (code: ExitCode) => void): void {
  program
    .command('install-service')
    .description('make or renew the systemd service of this installation')
    .option('--config <file>', 'the configuration file', places.config)
    .option('--dry-run', 'only show what would be done')
    .action(async (options: InstallOptions) => {
      done(await withFaultsSaid(() => installService(options)));
    });
  program
    .command('uninstall-service')
    .description('stop and remove the systemd service')
    .option('--purge', 'remove its state, configuration and secrets, too')
    .option('--dry-run', 'only show what would be done')
    .action(async (options: UninstallOptions) => {
      done(await withFaultsSaid(() => uninstallService(options)));
    });
}

async function withFaultsSaid(action: () => Promise<void>): Promise<ExitCode> {
  try {
    await action();
    return exitCodes.clean;
  } catch (error) {
    if (!(error instanceof ServiceFault)) throw error;
    console.error(error.message);
    return exitCodes.crash;
  }
}

/** Run again it renews what is its own, and leaves alone what is the person's. */
async function installService({ config, dryRun = false }: InstallOptions): Promise<void> {
  if (!dryRun) expectRootAndSystemd();
  const installation: Installation = {
    node: process.execPath,
    folder: fileURLToPath(new URL('../../', import.meta.url)).replace(/\/$/, ''),
    config: resolve(config ?? places.config),
  };
  if (!dryRun) await expectUsable(installation);
  const folder = existsSync(places.folder)
    ? []
    : [makeFolder(places.folder, 0o755, 'for configuration and secrets')];
  const steps = [
    ...folder,
    ...(await configSteps(installation)),
    ...(await secretSteps()),
    ...(await unitSteps(installation)),
    command(systemctl, 'daemon-reload'),
    command(systemctl, 'enable', 'bluelink2mqtt'),
  ];
  await carryOut(steps, dryRun);
  console.log(`\n${(await isActive()) ? nextOfRunning : nextOfNew(installation)}`);
}

async function expectUsable({ node, folder, config }: Installation): Promise<void> {
  for (const path of [node, folder, config]) {
    if (!isPlainPath(path)) throw new ServiceFault(`systemd does not take this path: ${path}`);
  }
  await expectReadable(node, 'Node');
  await expectReadable(`${folder}/dist/main.js`, 'bluelink2mqtt');
  if (config !== places.config || existsSync(config)) {
    await expectReadable(config, 'the configuration');
  }
}

async function configSteps({ folder, config }: Installation): Promise<Step[]> {
  if (config !== places.config) return [say(`file ${config}: yours, left alone`)];
  if (existsSync(config)) return [say(`file ${config}: it is there, left alone`)];
  const example = await textOf(`${folder}/config/bluelink2mqtt.example.yaml`);
  if (example === undefined)
    throw new ServiceFault(`${folder} holds no example of a configuration`);
  return [writeText(config, configOf(example), 'made from the example')];
}

async function secretSteps(): Promise<Step[]> {
  const names = await readdir(places.secrets).catch(() => undefined);
  const folder =
    names === undefined
      ? [makeFolder(places.secrets, 0o700, 'for the secrets; only root can open it')]
      : [say(`folder ${places.secrets}: it is there`)];
  const dropIn = secretsDropInOf(names ?? []);
  if (dropIn === undefined) {
    const none = say('no secrets yet');
    return existsSync(places.secretsDropIn)
      ? [...folder, none, remove(places.secretsDropIn)]
      : [...folder, none];
  }
  const count = dropIn.split('LoadCredential=').length - 1;
  return [
    ...folder,
    makeFolder(places.dropIns, 0o755, 'for additions to the unit'),
    writeText(places.secretsDropIn, dropIn, `hands ${String(count)} secrets to the service`),
  ];
}

async function unitSteps(installation: Installation): Promise<Step[]> {
  const template = await textOf(`${installation.folder}/systemd/bluelink2mqtt.service`);
  if (template === undefined) throw new ServiceFault(`${installation.folder} holds no unit`);
  const unit = unitOf(template, installation);
  const present = await textOf(places.unit);
  if (present === unit) return [say(`file ${places.unit}: it is as it should be`)];
  const write = writeText(places.unit, unit, present === undefined ? 'the service' : 'renewed');
  if (present === undefined || present.includes('install-service')) return [write];
  const kept = `${places.unit}.before`;
  const keep = {
    says: `file ${kept}: the unit that was there, written by somebody else`,
    run: () => rename(places.unit, kept),
  };
  return [keep, write];
}

const nextOfRunning = `The service runs. Let it take up what has changed:
  systemctl restart bluelink2mqtt`;

function nextOfNew({ node, folder, config }: Installation): string {
  return `Next:
  1. Put broker and account into ${config}.
  2. Put each secret into a file of its own in ${places.secrets}: <account>.password, <account>.pin, mqtt.password.
     Then run install-service again: it hands them to the service.
  3. Look for faults:
     env CREDENTIALS_DIRECTORY=${places.secrets} ${node} ${folder}/dist/main.js check-config --config ${config}
  4. systemctl start bluelink2mqtt
     journalctl -u bluelink2mqtt -f`;
}

async function uninstallService({
  purge = false,
  dryRun = false,
}: UninstallOptions): Promise<void> {
  if (!dryRun) expectRootAndSystemd();
  const isThere = existsSync(places.unit);
  const others = (await readdir(places.dropIns).catch(() => [] as string[]))
    .map((name) => `${places.dropIns}/${name}`)
    .filter((file) => file !== places.secretsDropIn);
  const yours = [...places.state, places.folder];
  const steps = [
    ...(isThere
      ? [command(systemctl, 'disable', '--now', 'bluelink2mqtt')]
      : [say('no service is installed')]),
    remove(places.unit),
    ...(others.length === 0 || purge ? [remove(places.dropIns)] : [remove(places.secretsDropIn)]),
    ...(purge ? yours.map(remove) : []),
    command(systemctl, 'daemon-reload'),
  ];
  await carryOut(steps, dryRun);
  if (purge) return;
  const left = [...others, ...yours].filter((path) => existsSync(path));
  if (left.length > 0) console.log(`\nLeft as they are: ${left.join(', ')}`);
}
