import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { controlPath } from '../../src/http/control-path.js';
import { auditEntrySchema, type AuditEntry } from '../../src/vehicle/audit-entry.js';
import { exchange } from '../http/served.js';
import { GrowingList } from '../support/growing-list.js';
import { hasMosquitto, startMosquitto, type Mosquitto } from '../support/mosquitto.js';
import { onTeardown } from '../support/teardown.js';
import { tempDir } from '../support/temp-dir.js';
import { runProgram } from './program.js';
import { SimulatedBridge, type SimulatedBridgeOptions } from './simulated-bridge.js';

const entryFile = fileURLToPath(new URL('../../dist/main.js', import.meta.url));
const asClient = ['-V', '5', '-D', 'publish', 'user-property', 'client', 'kitchen'];

describe.skipIf(!hasMosquitto)('the audit log', () => {
  let broker: Mosquitto;

  beforeAll(async () => {
    broker = await startMosquitto();
  });

  /** A bridge with a configuration file for `log`. */
  async function setting(options: Omit<SimulatedBridgeOptions, 'broker'> = {}) {
    const bridge = await SimulatedBridge.start({ broker, ...options });
    await bridge.ready();
    const file = join(await tempDir(), 'bluelink2mqtt.yaml');
    const { stateDir } = bridge.daemon;
    const accounts = [{ name: 'home', backend: 'simulator' }];
    await writeFile(file, stringify({ state_dir: stateDir, mqtt: { url: broker.url }, accounts }));
    const log = (...args: string[]) => runProgram(['log', '--config', file, ...args]);
    const entries = async (...args: string[]): Promise<AuditEntry[]> => {
      const { code, stdout, stderr } = await log('--json', ...args);
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      const lines = stdout.split('\n').filter((line) => line !== '');
      return lines.map((line) => auditEntrySchema.parse(JSON.parse(line)));
    };
    const follow = (...args: string[]) => followed(['log', '--config', file, '--follow', ...args]);
    return { bridge, log, entries, follow, stateDir };
  }

  test('says who asked for what, each step, and how it ended; with and without a daemon', async () => {
    const { bridge, log, entries, stateDir } = await setting({ cars: 2 });
    const topic = bridge.commandTopic('car0');
    await broker.publish(topic, '{"id":"mine","value":"force"}', {
      arguments: [...asClient, '-D', 'publish', 'response-topic', 'answers'],
    });
    expect(await bridge.recorder.waitForEnding('mine')).toMatchObject({ status: 'succeeded' });
    const unlock = bridge.commandTopic('car1', 'lock');
    await broker.publish(unlock, '{"id":"thief","value":"unlock"}', { qos: 1 });
    await bridge.recorder.waitForEnding('thief');
    const socket = controlPath(stateDir);
    await exchange(socket, 'POST /api/bridge/commands/announce', { body: '{"id":"own"}' });
    await bridge.recorder.waitForEnding('own');

    const expected = [
      {
        ...{ id: 'mine', account: 'home', vehicle: 'car0', command: 'refresh', value: 'force' },
        source: { via: 'mqtt', topic, response_topic: 'answers', client: 'kitchen' },
        status: 'succeeded',
      },
      {
        ...{ id: 'thief', account: 'home', vehicle: 'car1', command: 'lock' },
        ...{ source: { via: 'mqtt', topic: unlock }, status: 'rejected', code: 'not_allowed' },
        steps: [{ status: 'rejected', seq: 0 }],
      },
      {
        ...{ id: 'own', account: null, vehicle: null, command: 'announce' },
        ...{ source: { via: 'http' }, status: 'succeeded' },
        steps: [{ status: 'accepted' }, { status: 'succeeded' }],
      },
    ];
    const running = await entries();
    expect(running).toMatchObject(expected);
    expect(running[0]?.steps.map(({ status }) => status)).toEqual(bridge.statuses('mine'));
    expect(await entries('--vehicle', bridge.car(1).vin.toUpperCase())).toHaveLength(1);
    expect(await entries('--status', 'rejected', '--since', '1h')).toMatchObject([{ id: 'thief' }]);
    expect(await entries('--limit', '1')).toMatchObject([{ id: 'own' }]);
    expect(await entries('--since', '2099-01-01')).toEqual([]);

    const { stdout } = await log();
    const lines = stdout.trimEnd().split('\n');
    expect(lines).toHaveLength(3);
    const time = String.raw`\d{4}-\d\d-\d\d \d\d:\d\d:\d\d`;
    const words = 'client=kitchen answers=answers';
    expect(lines[0]).toMatch(new RegExp(`^${time}  car0    refresh force {2,}succeeded  mine `));
    expect(lines[0]).toContain(`  ${topic} ${words}  `);
    expect(lines[1]).toMatch(/ car1 .* rejected .* code=not_allowed /);
    expect(new Set(lines.map((line) => line.search(/succeeded|rejected/))).size).toBe(1);
    const one = await log('mine');
    expect(one.stdout.split('\n')[1]).toMatch(
      /^ {4}\d\d:\d\d:\d\d\.\d{3} {2}accepted +position=0$/,
    );

    await bridge.daemon.stop();
    expect(await entries()).toEqual(running);
    await bridge.startAgain();
    await expect
      .poll(() => exchange(socket, 'GET /api/commands/mine').catch(() => undefined), {
        timeout: 20_000,
      })
      .toMatchObject({
        status: 200,
        body: { id: 'mine', status: 'succeeded', events: [{ seq: 1, vehicle: 'car0' }, {}, {}] },
      });
    expect(await entries()).toEqual(running);
  });

  test('what was stored of a command that a crash cut off is shown', async () => {
    const { bridge, entries } = await setting({ simulator: { force_latency: '60s' } });
    const id = await bridge.send('car0', 'force');
    await bridge.recorder.waitForStatus(id, ['running']);
    await expect
      .poll(() => entries(id), { timeout: 20_000 })
      .toMatchObject([{ status: 'running', ended_at: null }]);
    bridge.daemon.kill('SIGKILL');
    await bridge.daemon.exit;
    const [entry] = await entries(id);
    expect(entry).toMatchObject({ id, ended_at: null });
    expect(entry?.steps[0]).toMatchObject({ status: 'accepted' });
  });

  test('goes on with each new step, until the daemon stops', async () => {
    const { bridge, follow } = await setting();
    const before = await bridge.refresh('car0', 'cached');
    const plain = follow();
    const json = follow('--json', '--vehicle', 'car0');
    for (const { lines } of [plain, json]) {
      await lines.waitFor(
        (line) => line.includes(before.id),
        20_000,
        () => 'what there was',
      );
    }
    const { id } = await bridge.refresh('car0', 'force');
    await plain.lines.waitFor(
      (line) => line.includes(` succeeded `) && line.includes(` ${id} `),
      20_000,
      () => `the end of ${id} in\n${plain.lines.items.join('\n')}`,
    );
    const told = plain.lines.items.filter((line) => line.includes(` ${id} `));
    expect(told.map((line) => /accepted|running|succeeded/.exec(line)?.[0])).toEqual(
      bridge.statuses(id),
    );
    const last = await json.lines.waitFor(
      (line) => line.includes(`"${id}"`) && line.includes('"ended_at":"'),
      20_000,
      () => `the end of ${id}`,
    );
    expect(auditEntrySchema.parse(JSON.parse(last))).toMatchObject({ id, status: 'succeeded' });
    await bridge.daemon.stop();
    for (const one of [plain, json]) {
      expect(await one.end).toMatchObject({ code: 1 });
      expect(await one.errors).toMatch(/^the daemon has stopped/);
    }
  });

  test('ends quietly with Ctrl-C, and when nobody reads on', async () => {
    const { bridge, follow } = await setting();
    const { id } = await bridge.refresh('car0', 'cached');
    const interrupted = follow();
    await interrupted.lines.waitFor(
      (line) => line.includes(id),
      20_000,
      () => 'what there was',
    );
    interrupted.child.kill('SIGINT');
    expect(await interrupted.end).toEqual({ code: 0, signal: null });
    const cut = follow();
    await cut.lines.waitFor(
      (line) => line.includes(id),
      20_000,
      () => 'what there was',
    );
    cut.child.stdout?.destroy();
    await bridge.refresh('car0', 'cached');
    expect(await cut.end).toEqual({ code: 0, signal: null });
    expect([await interrupted.errors, await cut.errors]).toEqual(['', '']);
  });

  test('without a daemon there is nothing to follow, and without a store nothing to show', async () => {
    const file = join(await tempDir(), 'bluelink2mqtt.yaml');
    const accounts = [{ name: 'home', backend: 'simulator' }];
    const config = { state_dir: await tempDir(), mqtt: { url: broker.url }, accounts };
    await writeFile(file, stringify(config));
    const shown = await runProgram(['log', '--config', file]);
    expect(shown).toEqual({ code: 0, stdout: '', stderr: 'no commands\n' });
    const { code, stderr } = await runProgram(['log', '--config', file, '-f']);
    expect({ code, stderr }).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/nothing to follow/) as string,
    });
  });
});

interface Followed {
  readonly child: ChildProcess;
  readonly lines: GrowingList<string>;
  readonly errors: Promise<string>;
  readonly end: Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }>;
}

function followed(args: readonly string[]): Followed {
  const child = spawn(process.execPath, [entryFile, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env['PATH'] },
  });
  onTeardown(() => {
    child.kill('SIGKILL');
  });
  const lines = new GrowingList<string>();
  createInterface(child.stdout).on('line', (line) => {
    lines.add(line);
  });
  const end = once(child, 'exit').then(([code, signal]: unknown[]) => ({
    code: code as number | null,
    signal: signal as NodeJS.Signals | null,
  }));
  return { child, lines, errors: text(child.stderr), end };
}
