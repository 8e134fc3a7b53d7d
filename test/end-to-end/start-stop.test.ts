import { readdirSync, readlinkSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { beforeAll, describe, expect, test } from 'vitest';
import { endings } from '../../src/vehicle/life-cycle.js';
import { hasMosquitto, startMosquitto, type Mosquitto } from '../support/mosquitto.js';
import { startRecorder } from '../support/recorder.js';
import { tempDir } from '../support/temp-dir.js';
import { runProgram } from './program.js';
import { SimulatedBridge } from './simulated-bridge.js';

const clean = { code: 0, signal: null };

describe.skipIf(!hasMosquitto)('starting', () => {
  let broker: Mosquitto;

  beforeAll(async () => {
    broker = await startMosquitto();
  });

  test('it is online and takes commands before the first read is back', async () => {
    const slow = { cached: { latency_ms: 3000 } };
    const bridge = await SimulatedBridge.start({
      broker,
      cars: 2,
      weather: { vehicles: { '*': slow } },
    });
    const { recorder } = bridge;
    await recorder.waitForTopic(bridge.topic('bridge/availability'), 'online');
    await recorder.waitForTopic(bridge.topic('car1/info'));
    const id = await bridge.send('car1', 'force');
    const accepted = await recorder.waitForStatus(id, ['accepted']);
    expect(accepted.position).toBe(0);
    expect(recorder.on(bridge.topic('car0/state'))).toEqual([]);
    expect(recorder.on(bridge.topic('car1/state'))).toEqual([]);
    expect(recorder.on(bridge.topic('car1/availability')).at(-1)?.payload).toBe('offline');
    // A wake does not wait for the first reads either: it is what makes the car known.
    expect(await recorder.waitForEnding(id)).toMatchObject({ status: 'succeeded' });
    expect(recorder.on(bridge.topic('car0/state'))).toEqual([]);
    await bridge.weather({});
    await bridge.ready();
  });

  test('it is online while the account signs in, and says that it has no cars yet', async () => {
    const bridge = await SimulatedBridge.start({ broker, weather: { sign_in: { hang: true } } });
    await bridge.recorder.waitForTopic(bridge.topic('bridge/availability'), 'online');
    expect(await bridge.refresh('car0', 'cached')).toMatchObject({
      status: 'rejected',
      code: 'not_ready',
      retryable: true,
    });
    const { accounts } = await bridge.waitForState(() => true);
    expect(accounts['home']?.state).toBe('signing_in');
    expect(await bridge.daemon.stop()).toEqual(clean);
  });

  test('a first read that fails is a warning, and the car can be used all the same', async () => {
    const fail = { code: 'unavailable', message: 'the cloud is being mended' };
    const bridge = await SimulatedBridge.start({
      broker,
      weather: { vehicles: { '*': { cached: { fail } } } },
    });
    await bridge.recorder.waitForTopic(bridge.topic('car0/info'));
    const line = await bridge.daemon.waitForLine(/first read/);
    expect(JSON.parse(line)).toMatchObject({ level: 'warn', vehicle: 'car0' });
    expect(await bridge.refresh('car0', 'force')).toMatchObject({ status: 'succeeded' });
    await bridge.recorder.waitForTopic(bridge.topic('car0/availability'), 'online');
    expect(bridge.logLines().filter(({ level }) => level === 'error')).toEqual([]);
  });

  test('what was known before the restart is there at once, without any call', async () => {
    const bridge = await SimulatedBridge.start({ broker });
    await bridge.ready();
    await bridge.refresh('car0', 'force');
    const known = bridge.recorder.on(bridge.topic('car0/state')).at(-1)?.payload ?? '';
    expect(await bridge.daemon.stop()).toEqual(clean);
    await bridge.weather({
      sign_in: { hang: true },
      vehicles: { '*': { cached: { hang: true } } },
    });
    const before = bridge.recorder.messages.length;
    await bridge.startAgain();
    const { payload } = await bridge.recorder.waitFor(
      ({ topic }) => topic === bridge.topic('car0/state'),
      undefined,
      before,
    );
    const { reported_at, ev, odometer_km } = JSON.parse(known) as Record<string, unknown>;
    expect(JSON.parse(payload)).toMatchObject({ reported_at, ev, odometer_km });
    await bridge.recorder.waitFor(
      (one) => one.topic === bridge.topic('car0/availability') && one.payload === 'online',
      undefined,
      before,
    );
    bridge.daemon.kill('SIGKILL');
    await bridge.daemon.exit;
  });

  test('a broker that is not there yet is tried again until it is', async () => {
    const late = await startMosquitto();
    const bridge = await SimulatedBridge.start({ broker: late });
    await bridge.ready();
    expect(await bridge.daemon.stop()).toEqual(clean);
    await late.stop();
    await bridge.startAgain();
    await bridge.daemon.waitForLine(/"level":"warn".*ECONNREFUSED/);
    const before = bridge.recorder.messages.length;
    await late.start();
    await bridge.recorder.waitFor(
      ({ topic, payload }) => topic === bridge.topic('bridge/availability') && payload === 'online',
      undefined,
      before,
    );
    expect(await bridge.refresh('car0', 'cached')).toMatchObject({ status: 'succeeded' });
  });

  test('two bridges with one client id do not fight: one says so and steps back', async () => {
    const shared = await startMosquitto();
    const twins = [
      await SimulatedBridge.start({ broker: shared, mqtt: { client_id: 'twins' } }),
      await SimulatedBridge.start({ broker: shared, mqtt: { client_id: 'twins' } }),
    ];
    const complaint = /"level":"error".*another client uses the client id.*twins/;
    await Promise.race(twins.map(({ daemon }) => daemon.waitForLine(complaint, 20_000)));
    const served = twins.filter(({ daemon }) => !daemon.lines.some((one) => complaint.test(one)));
    const [winner] = served;
    if (winner === undefined) throw new Error('both have stepped back');
    await winner.ready();
    const fights = (): number => shared.log.items.filter((one) => one.includes('already')).length;
    const before = fights();
    for (let times = 1; times <= 20; times += 1) {
      expect(await winner.refresh('car0', 'cached')).toMatchObject({ status: 'succeeded' });
    }
    expect(fights()).toBe(before);
    // Each of the two has lost the connection a few times at most before it was clear what goes on.
    expect(before).toBeLessThanOrEqual(6);
    for (const { daemon } of twins) expect(await daemon.stop()).toEqual(clean);
    const errors = twins.flatMap((one) => one.logLines().filter(({ level }) => level === 'error'));
    expect(errors.map(({ msg }) => msg)).toEqual([expect.stringContaining('another client')]);
  });
});

describe.skipIf(!hasMosquitto)('stopping', () => {
  let broker: Mosquitto;

  beforeAll(async () => {
    broker = await startMosquitto();
  });

  test.each(['SIGTERM', 'SIGINT'] as const)('%s ends it cleanly', async (signal) => {
    const bridge = await SimulatedBridge.start({ broker });
    await bridge.ready();
    const from = bridge.recorder.messages.length;
    bridge.daemon.kill(signal);
    expect(await bridge.daemon.exit).toEqual(clean);
    await bridge.daemon.expectNothingLeft();
    const offline = await bridge.recorder.waitFor(
      ({ topic, payload }) =>
        topic === bridge.topic('bridge/availability') && payload === 'offline',
      undefined,
      from,
    );
    const after = bridge.recorder.messages.slice(bridge.recorder.messages.indexOf(offline) + 1);
    expect(after).toEqual([]);
    const later = await startRecorder(broker.url, {
      filter: bridge.topic('bridge/availability'),
    });
    expect(await later.waitForTopic(bridge.topic('bridge/availability'))).toMatchObject({
      payload: 'offline',
      retain: true,
    });
  });

  test('a second signal ends it at once', async () => {
    const bridge = await SimulatedBridge.start({ broker });
    await bridge.ready();
    await bridge.weather({ vehicles: { car0: { force: { hang: true } } } });
    await bridge.recorder.waitForStatus(await bridge.send('car0', 'force'), ['running']);
    bridge.daemon.kill('SIGTERM');
    await bridge.daemon.waitForLine(/"msg":"stopping"/);
    // One that comes within a second counts as the same: npm passes on what the terminal sent already.
    await pause(1200);
    bridge.daemon.kill('SIGTERM');
    expect(await bridge.daemon.exit).toEqual({ code: 1, signal: null });
    expect(bridge.logLines().map(({ msg }) => msg)).not.toContain('stopped');
    await bridge.daemon.expectNothingLeft();
  });

  test('it ends cleanly with a wake that hangs, and goes on with it at the next start', async () => {
    const bridge = await SimulatedBridge.start({
      broker,
      cars: 2,
      config: { workers: { max: 2 } },
    });
    await bridge.ready();
    await bridge.weather({ vehicles: { car0: { force: { hang: true } } } });
    const hung = await bridge.send('car0', 'force');
    await bridge.recorder.waitForStatus(hung, ['running']);
    const waiting = await bridge.send('car1', 'force');
    await bridge.recorder.waitForStatus(waiting, ['accepted']);
    expect(await bridge.daemon.stop(30_000)).toEqual(clean);
    expect(bridge.recorder.on(bridge.topic('bridge/availability')).at(-1)?.payload).toBe('offline');
    await bridge.weather({});
    await bridge.startAgain();
    for (const id of [hung, waiting]) {
      const ending = await bridge.recorder.waitForEnding(id, 20_000);
      expect(endings).toContain(ending.status);
    }
    expect(await bridge.recorder.waitForEnding(waiting)).toMatchObject({ status: 'succeeded' });
  });

  test('it ends cleanly without a broker', async () => {
    const gone = await startMosquitto();
    const bridge = await SimulatedBridge.start({ broker: gone });
    await bridge.ready();
    await gone.kill();
    await bridge.daemon.waitForLine(/connection to the broker was lost/);
    expect(await bridge.daemon.stop()).toEqual(clean);
  });

  test('it ends cleanly while the broker swallows everything', async () => {
    const deaf = await startMosquitto();
    const bridge = await SimulatedBridge.start({ broker: deaf });
    await bridge.ready();
    deaf.pause();
    expect(await bridge.daemon.stop()).toEqual(clean);
    deaf.resume();
  });

  test('it ends cleanly at whatever moment after its start', async () => {
    const bridge = await SimulatedBridge.start({ broker, cars: 3 });
    await bridge.ready();
    expect(await bridge.daemon.stop()).toEqual(clean);
    for (const moment of [
      /"state":"signing_in"|connected/,
      /connected to the broker/,
      /call returned/,
    ]) {
      await bridge.startAgain();
      await bridge.daemon.waitForLine(moment);
      expect(await bridge.daemon.stop(), String(moment)).toEqual(clean);
      expect(bridge.logLines().filter(({ level }) => level === 'error')).toEqual([]);
    }
  });
});

describe.skipIf(!hasMosquitto)('a broker that restarts', () => {
  test('gets every retained document again, and the bridge serves on', async () => {
    const broker = await startMosquitto();
    const bridge = await SimulatedBridge.start({ broker, cars: 2 });
    await bridge.ready();
    for (let restart = 1; restart <= 2; restart += 1) {
      await broker.restart();
      await bridge.waitForState(({ mqtt }) => mqtt.reconnects === restart, 0, 20_000);
      // It has forgotten everything: what is retained now was published again.
      const later = await startRecorder(broker.url, { filter: `${bridge.base}/#` });
      for (const rest of [
        ...['bridge/availability', 'bridge/state', 'car0/info', 'car0/state'],
        ...['car0/availability', 'car1/info', 'car1/state', 'car1/availability'],
      ])
        expect((await later.waitForTopic(bridge.topic(rest))).payload).not.toBe('offline');
      expect(await bridge.refresh('car0', 'cached')).toMatchObject({ status: 'succeeded' });
    }
    expect(bridge.logLines().filter(({ level }) => level === 'error')).toEqual([]);
  });

  test('is told how every command ended that it had brought before', async () => {
    const broker = await startMosquitto({ persistence: true });
    const kept = { clean: false, properties: { sessionExpiryInterval: 300 } };
    const recorder = { clientId: 'recorder', ...kept };
    const bridge = await SimulatedBridge.start({ broker, cars: 2, recorder });
    await bridge.ready();
    for (const word of ['force', 'cached', 'smart:1']) {
      await bridge.weather({ vehicles: { '*': { [wayOf(word)]: { latency_ms: 300 } } } });
      const ids = [await bridge.send('car0', word), await bridge.send('car1', word)];
      for (const id of ids) await bridge.recorder.waitForStatus(id, ['accepted']);
      await broker.stop();
      for (const id of ids) await bridge.daemon.waitForLine(endingOf(id));
      await broker.start();
      for (const id of ids) {
        const ending = await bridge.recorder.waitForEnding(id, 20_000);
        expect(ending).toMatchObject({ status: 'succeeded' });
      }
    }
    expect(bridge.logLines().filter(({ level }) => level === 'error')).toEqual([]);
  });

  test('again and again leaves one connection, one subscription and no thread behind', async () => {
    const broker = await startMosquitto();
    const bridge = await SimulatedBridge.start({ broker });
    await bridge.ready();
    await bridge.refresh('car0', 'force');
    const before = handlesOf(bridge.daemon.pid);
    const restarts = 6;
    for (let restart = 1; restart <= restarts; restart += 1) {
      const from = bridge.daemon.lines.length;
      await (restart % 2 === 0 ? broker.kill() : broker.stop());
      // A try that is refused shows that the broker was away, and that nobody else has taken the client id.
      await bridge.daemon.output.waitFor(
        (line) => line.includes('ECONNREFUSED'),
        10_000,
        () => 'a try to connect that is refused',
        from,
      );
      await broker.start();
      await bridge.waitForState(({ mqtt }) => mqtt.reconnects >= restart, 0, 30_000);
    }
    const from = bridge.recorder.messages.length;
    const { id, status } = await bridge.refresh('car0', 'cached');
    expect(status).toBe('succeeded');
    await bridge.refresh('car0', 'force');
    // A subscription or listener that had survived would answer once more.
    expect(bridge.statuses(id)).toEqual(['accepted', 'running', 'succeeded']);
    const state = await bridge.waitForState(({ queue }) => queue.running === 0, from);
    expect(state.mqtt.reconnects).toBe(restarts);
    expect(state.pool.threads).toBeLessThanOrEqual(2);
    const after = handlesOf(bridge.daemon.pid);
    expect(after.sockets).toBe(before.sockets);
    // The store opens and closes files of its own as it likes; a leak would be one at each restart.
    expect(after.files).toBeLessThan(before.files + restarts);
    expect(after.threads).toBeLessThanOrEqual(before.threads + 1);
    expect(bridge.logLines().filter(({ level }) => level === 'error')).toEqual([]);
    expect(bridge.daemon.lines.filter((line) => line.includes('Warning'))).toEqual([]);
  });
});

describe('the command line', () => {
  test.each([
    [['--version'], /^\d+\.\d+\.\d+/] as const,
    [['--help'], /Usage: bluelink2mqtt/] as const,
  ])('%s answers and ends with 0', async (args, pattern) => {
    const { code, stdout, stderr } = await runProgram(args);
    expect(stdout).toMatch(pattern);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  });

  test('subcommands explain themselves', async () => {
    for (const subcommand of ['run', 'setup']) {
      const { code, stdout } = await runProgram([subcommand, '--help']);
      expect(stdout).toContain(`Usage: bluelink2mqtt ${subcommand}`);
      expect(code).toBe(0);
    }
  });

  test.each([[[]], [['frobnicate']], [['run', '--frobnicate']]])(
    '%j is wrong usage',
    async (args) => {
      const { code, stdout, stderr } = await runProgram(args);
      expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
      expect(stderr).not.toBe('');
    },
  );

  test('a wrong configuration is 78, for the daemon too, with every fault named', async () => {
    const file = join(await tempDir(), 'wrong.yaml');
    await writeFile(file, 'mqtt: {url: "http://x"}\naccounts: []\nfrobnicate: 1\n');
    for (const subcommand of ['check-config', 'run']) {
      const { code, stdout, stderr } = await runProgram([subcommand, '--config', file]);
      expect(code).toBe(78);
      for (const name of ['mqtt.url', 'accounts', 'frobnicate'])
        expect(stdout + stderr).toContain(name);
    }
    const missing = await runProgram(['check-config', '--config', `${file}.not`]);
    expect(missing.code).toBe(78);
  });

  test('a right configuration is 0', async () => {
    const file = join(await tempDir(), 'right.yaml');
    await writeFile(
      file,
      'mqtt: {url: "mqtt://127.0.0.1"}\naccounts: [{name: home, backend: simulator}]\n',
    );
    const { code, stdout } = await runProgram(['check-config', '--config', file]);
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: expect.stringContaining('no faults') as string,
    });
  });
});

function wayOf(word: string): 'cached' | 'force' {
  return word === 'cached' ? 'cached' : 'force';
}

function endingOf(id: string): RegExp {
  return new RegExp(`"command_id":"${id}".*"status":"succeeded"`);
}

/** What a process holds open, as Linux counts it. */
function handlesOf(pid: number): { sockets: number; files: number; threads: number } {
  const folder = `/proc/${String(pid)}`;
  const links = readdirSync(`${folder}/fd`).flatMap((name) => {
    try {
      return [readlinkSync(`${folder}/fd/${name}`)];
    } catch {
      // It was closed while we looked.
      return [];
    }
  });
  return {
    sockets: links.filter((link) => link.startsWith('socket:')).length,
    files: links.length,
    threads: readdirSync(`${folder}/task`).length,
  };
}
