import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { startDaemon, type Daemon } from '../support/daemon.js';
import { hasMosquitto, startMosquitto } from '../support/mosquitto.js';
import { startRecorder, type Recorder } from '../support/recorder.js';
import { tempDir } from '../support/temp-dir.js';
import { waitUntil } from '../support/wait.js';
import { runProgram } from './program.js';

interface Bridge {
  readonly daemon: Daemon;
  readonly recorder: Recorder;
  /** The folder of the accounts. */
  readonly dir: string;
  /** Runs a subcommand of `accounts` that is to succeed. */
  readonly accounts: (...args: readonly string[]) => Promise<string>;
}

/** How often a car has come and gone: what is said of it more than once counts once. */
function comingsAndGoings(recorder: Recorder, car: string): string[] {
  const said = recorder
    .on(`bluelink/${car}/availability`)
    .map(({ payload }) => (payload === 'online' ? 'comes' : 'goes'));
  const changes = said.filter((one, index) => one !== said[index - 1]);
  return changes[0] === 'goes' ? changes.slice(1) : changes;
}

/** Until this is how a car has come and gone. */
async function hasBeen(recorder: Recorder, car: string, ...all: readonly string[]): Promise<void> {
  await waitUntil(
    () => comingsAndGoings(recorder, car).join() === all.join(),
    20_000,
    () => `${car} ${all.join()}; it ${comingsAndGoings(recorder, car).join()}`,
  );
}

const quick = { latency: '10ms', force_latency: '10ms', command_latency: '10ms' };
/** An account with one car of this alias. Each seed makes other cars. */
const accountWith = (seed: number, alias: string, more: Readonly<Record<string, unknown>> = {}) =>
  stringify({
    ...{ backend: 'simulator', simulator: { ...quick, seed } },
    vehicles: { [vins[seed] ?? '']: { alias } },
    ...more,
  });
let vins: readonly string[] = [];

/** The cars that the simulator makes of the seeds 0, 1 and 2. */
async function findVins(): Promise<string[]> {
  const accounts = [0, 1, 2].map((seed) => ({
    ...{ name: `seed${seed}`, backend: 'simulator', simulator: { ...quick, seed } },
  }));
  const file = join(await tempDir(), 'bluelink2mqtt.yaml');
  const state_dir = join(await tempDir(), 'state');
  await writeFile(file, stringify({ mqtt: { url: 'mqtt://h' }, state_dir, accounts }));
  const { stdout } = await runProgram(['vehicles', '--json', '--config', file]);
  const listed = JSON.parse(stdout) as { vehicles: { vin: string }[] }[];
  return listed.flatMap(({ vehicles }) => vehicles.map(({ vin }) => vin));
}

async function startBridge(files: Readonly<Record<string, string>>): Promise<Bridge> {
  const broker = await startMosquitto();
  const folder = await tempDir();
  const dir = join(folder, 'accounts');
  await mkdir(dir);
  for (const [name, text] of Object.entries(files)) await writeFile(join(dir, name), text);
  const recorder = await startRecorder(broker.url);
  const stateDir = join(folder, 'state');
  const config = { mqtt: { url: broker.url }, log: { format: 'json' }, accounts_dir: dir };
  const daemon = await startDaemon({ config, stateDir });
  const file = join(folder, 'bluelink2mqtt.yaml');
  await writeFile(file, stringify({ ...config, state_dir: stateDir }));
  return {
    ...{ daemon, recorder, dir },
    accounts: async (...args) => {
      const { code, stdout, stderr } = await runProgram(['accounts', ...args, '--config', file]);
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      return stdout;
    },
  };
}

beforeAll(async () => {
  vins = await findVins();
  expect(new Set(vins).size).toBe(3);
});

test.skipIf(!hasMosquitto)(
  'an account can be added, disabled, enabled and removed while the bridge runs',
  async () => {
    const { recorder, accounts, dir, daemon } = await startBridge({
      'first.yaml': accountWith(0, 'first'),
    });
    await recorder.waitForTopic('bluelink/first/availability', 'online');

    const from = join(await tempDir(), 'second.yaml');
    await writeFile(from, accountWith(1, 'second'));
    expect(await accounts('add', 'second', '--from', from)).toContain('has taken it up');
    await recorder.waitForTopic('bluelink/second/availability', 'online');
    const listed = JSON.parse(await accounts('list', '--json')) as unknown[];
    expect(listed).toMatchObject([{ name: 'first' }, { name: 'second', enabled: true }]);
    expect(listed[0]).toMatchObject({ place: join(dir, 'first.yaml'), state: 'ready' });

    expect(await accounts('disable', 'second')).toContain('has let it go');
    await hasBeen(recorder, 'second', 'comes', 'goes');
    expect(await accounts('enable', 'second')).toContain('has taken it up');
    await hasBeen(recorder, 'second', 'comes', 'goes', 'comes');
    expect(await accounts('remove', 'second')).toContain('has let it go');
    await hasBeen(recorder, 'second', 'comes', 'goes', 'comes', 'goes');

    // The other one was left alone the whole time.
    expect(comingsAndGoings(recorder, 'first')).toEqual(['comes']);
    expect((await daemon.stop()).code).toBe(0);
  },
);

test.skipIf(!hasMosquitto)(
  'a broken file is warned of and changes nothing; a mended one counts',
  async () => {
    const { recorder, daemon, dir, accounts } = await startBridge({
      'first.yaml': accountWith(0, 'first'),
    });
    const put = async (name: string, text: string): Promise<void> => {
      await writeFile(join(dir, `.${name}`), text);
      await rename(join(dir, `.${name}`), join(dir, name));
    };
    await recorder.waitForTopic('bluelink/first/availability', 'online');
    await put('first.yaml', accountWith(0, 'first', { password: 'hunter2hunter2', colour: 'red' }));
    await daemon.waitForLine(/first\.yaml.*colour: expected one of the keys.*stays as it was/);
    // What comes after the broken one is followed all the same.
    await put('second.yaml', accountWith(1, 'second'));
    await recorder.waitForTopic('bluelink/second/availability', 'online');
    await put('third.yaml', accountWith(2, 'second'));
    await daemon.waitForLine(/third\.yaml.*alias.*third is not taken up/);
    expect(comingsAndGoings(recorder, 'first')).toEqual(['comes']);

    await put('first.yaml', accountWith(0, 'mended'));
    await recorder.waitForTopic('bluelink/mended/availability', 'online');
    await rm(join(dir, 'second.yaml'));
    // The name is free: the one that was refused takes it.
    await hasBeen(recorder, 'second', 'comes', 'goes', 'comes');
    expect(JSON.parse(await accounts('list', '--json'))).toMatchObject([
      { name: 'first', state: 'ready' },
      { name: 'third', state: 'ready' },
    ]);
    expect(daemon.lines.join('\n')).not.toContain('hunter2');
  },
);

test('a broken file ends the start with the fault and its line', async () => {
  const folder = await tempDir();
  const dir = join(folder, 'accounts');
  await mkdir(dir);
  await writeFile(join(dir, 'home.yaml'), 'backend: simulator\ncolour: red\n');
  const config = { mqtt: { url: 'mqtt://127.0.0.1:1' }, accounts_dir: dir };
  const daemon = await startDaemon({ config });
  expect((await daemon.exit).code).toBe(78);
  expect(daemon.lines.join('\n')).toMatch(/home\.yaml:2:1 colour: expected one of the keys/);
});
