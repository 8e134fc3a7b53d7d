import { setTimeout as pause } from 'node:timers/promises';
import { beforeAll, describe, expect, test } from 'vitest';
import type { LifeCycleEvent } from '../../src/vehicle/life-cycle.js';
import type { StateDocument } from '../../src/vehicle/state.js';
import { nameOfCar, startInnerBridge } from '../support/crash-bridge.js';
import { canMount, smallDisk } from '../support/crash-disk.js';
import { readEffects } from '../support/crash-ledger.js';
import { GatedStore } from '../support/crash-store.js';
import { hasMosquitto, startMosquitto, type Mosquitto } from '../support/mosquitto.js';
import { startRecorder } from '../support/recorder.js';
import { tempDir } from '../support/temp-dir.js';
import { waitUntil } from '../support/wait.js';
import { DeafBroker } from './deaf-broker.js';
import { SimulatedBridge, type SimulatedBridgeOptions } from './simulated-bridge.js';
import type { Weather } from './simulated-cars.js';

const unlock = { name: 'lock', value: 'unlock' };
const mayUnlock = { commands: { allow: ['refresh', 'lock', 'lock:unlock', 'climate', 'horn'] } };
type CommandWeather = NonNullable<NonNullable<Weather['vehicles']>[string]['command']>;

/** Longer than any test. */
const never_ms = 60_000;

describe.skipIf(!hasMosquitto)('what a restart does to remote commands', () => {
  let broker: Mosquitto;

  beforeAll(async () => {
    broker = await startMosquitto({ persistence: true, settings: ['log_type all'] });
  });

  async function aBridge(options: Partial<SimulatedBridgeOptions> = {}) {
    const bridge = await SimulatedBridge.start({
      broker,
      config: mayUnlock,
      // Its own session at the broker: what it misses while that is away it gets afterwards.
      recorder: {
        clientId: `recorder-${String(Math.random()).slice(2)}`,
        clean: false,
        properties: { sessionExpiryInterval: 3600 },
      },
      ...options,
      simulator: { command_latency: '0s', ...options.simulator },
    });
    await bridge.ready();
    return bridge;
  }

  const online = (bridge: SimulatedBridge): Promise<unknown> =>
    bridge.recorder.waitForNext(
      ({ topic, payload }) => topic === bridge.topic('bridge/availability') && payload === 'online',
      20_000,
    );

  async function startAgain(bridge: SimulatedBridge): Promise<void> {
    const isBack = online(bridge);
    await bridge.startAgain();
    await isBack;
  }

  async function killAndStart(bridge: SimulatedBridge): Promise<void> {
    bridge.daemon.kill('SIGKILL');
    await bridge.daemon.exit;
    await bridge.weather({});
    await startAgain(bridge);
  }

  const stateOf = (bridge: SimulatedBridge): StateDocument => {
    const newest = bridge.recorder.on(bridge.topic('car0/state')).at(-1);
    return JSON.parse(newest?.payload ?? '') as StateDocument;
  };

  /** What goes to a car goes one by one: a wake that is over proves that nothing is to come before it. */
  async function expectSent(bridge: SimulatedBridge, actions: object[]): Promise<void> {
    expect(await bridge.refresh('car0', 'force')).toMatchObject({ status: 'succeeded' });
    expect(bridge.actions('started', 'car0')).toMatchObject(actions);
  }

  /** Answered as the last word on it, and sent no more. */
  async function expectOver(bridge: SimulatedBridge, ending: LifeCycleEvent): Promise<void> {
    const { id, status, code } = ending;
    await bridge.command('car0', 'lock', { id, value: 'unlock' });
    const replayed = await bridge.recorder.waitFor(
      ({ payload }) => payload.includes(`"${id}"`) && payload.includes('"replayed":true'),
    );
    expect(JSON.parse(replayed.payload)).toMatchObject({ id, status, code });
  }

  describe('kill -9', () => {
    test('before it was sent: it was not done, and is not done later', async () => {
      const bridge = await aBridge();
      await bridge.weather({ vehicles: { car0: { force: { latency_ms: never_ms } } } });
      await bridge.recorder.waitForStatus(await bridge.send('car0', 'force'), ['running']);
      const waits = await bridge.command('car0', 'lock', { value: 'unlock' });
      const held = await bridge.command('car0', 'climate', { value: 'auto' });
      for (const id of [waits, held]) await bridge.recorder.waitForStatus(id, ['accepted']);
      await killAndStart(bridge);
      for (const id of [waits, held]) {
        const ending = await bridge.recorder.waitForEnding(id);
        expect(ending).toMatchObject({ status: 'failed', code: 'interrupted', retryable: true });
        expect(ending.outcome).toBeUndefined();
        expect(bridge.statuses(id)).not.toContain('running');
      }
      await expectOver(bridge, await bridge.recorder.waitForEnding(waits));
      await expectSent(bridge, []);
      expect(stateOf(bridge).lock.state).not.toBeNull();
    });

    test.each<[string, CommandWeather, 'started' | 'taken', LifeCycleEvent['status']]>([
      ['in the middle of sending it', { latency_ms: never_ms }, 'started', 'running'],
      [
        'after the maker took it, and before it answered',
        { latency_ms: never_ms, taken: true },
        'taken',
        'running',
      ],
      ['while it is confirmed', { car_latency_ms: never_ms }, 'taken', 'confirming'],
    ])('%s: it may have been done, and is never sent again', async (_, command, phase, step) => {
      const bridge = await aBridge();
      await bridge.weather({ vehicles: { car0: { command } } });
      const id = await bridge.command('car0', 'lock', { value: 'unlock' });
      await bridge.recorder.waitForStatus(id, [step]);
      await waitUntil(
        () => bridge.actions(phase, 'car0').length === 1,
        10_000,
        () => `a command that is ${phase}`,
      );
      await killAndStart(bridge);
      const ending = await bridge.recorder.waitForEnding(id);
      expect(ending).toMatchObject({ status: 'failed', code: 'interrupted', outcome: 'unknown' });
      // What the cloud still knows is from before it.
      expect(await bridge.refresh('car0', 'cached')).toMatchObject({ status: 'succeeded' });
      expect(stateOf(bridge).lock.state).toBeNull();
      await expectOver(bridge, ending);
      await expectSent(bridge, [unlock]);
      expect(stateOf(bridge).lock.state).not.toBeNull();
      expect(
        bridge.recorder
          .events(id)
          .filter(({ replayed }) => !replayed)
          .at(-1),
      ).toEqual(ending);
    });

    test('before the broker heard that it was taken: its second delivery is the same command', async () => {
      const line = await DeafBroker.before(broker.port);
      const bridge = await aBridge({ mqtt: { url: line.url } });
      await bridge.weather({ vehicles: { car0: { command: { car_latency_ms: never_ms } } } });
      line.isDeaf = true;
      await broker.publish(bridge.commandTopic('car0', 'lock'), 'unlock');
      await bridge.daemon.waitForLine(/"status":"confirming"/);
      bridge.daemon.kill('SIGKILL');
      await bridge.daemon.exit;
      // Not sooner: no connection delivers the end of what was said without its beginning.
      line.isDeaf = false;
      await killAndStart(bridge);
      const again = new RegExp(`Sending PUBLISH to ${bridge.base} \\(d1, .*/car0/commands/lock`);
      expect(broker.log.items.some((text) => again.test(text))).toBe(true);
      await expectSent(bridge, [unlock]);
      const said = bridge.results.map(({ payload }) => JSON.parse(payload) as LifeCycleEvent);
      const locks = said.filter(({ command }) => command === 'lock');
      expect(new Set(locks.map(({ id }) => id)).size).toBe(1);
      expect(locks.at(-1)).toMatchObject({ code: 'interrupted', outcome: 'unknown' });
    });
  });

  test('a clean stop ends what waits at once, and nothing of it is done at the next start', async () => {
    const bridge = await aBridge({ cars: 2 });
    await bridge.weather({
      vehicles: {
        car0: { command: { car_latency_ms: never_ms } },
        car1: { force: { hang: true } },
      },
    });
    const confirming = await bridge.command('car0', 'lock', { value: 'unlock' });
    await bridge.recorder.waitForStatus(confirming, ['confirming']);
    const behind = await bridge.command('car0', 'horn', {});
    await bridge.recorder.waitForStatus(await bridge.send('car1', 'force'), ['running']);
    const waiting = await bridge.command('car1', 'lock', { value: 'lock' });
    const held = await bridge.command('car0', 'climate', { value: 'auto' });
    for (const id of [behind, waiting, held]) {
      await bridge.recorder.waitForStatus(id, ['accepted']);
    }
    const stop = bridge.daemon.stop();
    for (const id of [behind, waiting, held]) {
      const ending = await bridge.recorder.waitForEnding(id);
      expect(ending).toMatchObject({ status: 'failed', code: 'interrupted' });
      expect(ending.outcome).toBeUndefined();
    }
    expect(await stop).toMatchObject({ code: 0 });
    await bridge.weather({});
    await startAgain(bridge);
    const ending = await bridge.recorder.waitForEnding(confirming);
    expect(ending).toMatchObject({ status: 'failed', code: 'interrupted', outcome: 'unknown' });
    await expectSent(bridge, [unlock]);
    expect(await bridge.refresh('car1', 'force')).toMatchObject({ status: 'succeeded' });
    expect(bridge.actions('started', 'car1')).toEqual([]);
  });

  describe('an outage of bridge and broker', () => {
    async function outage(
      bridge: SimulatedBridge,
      send: () => Promise<void>,
      away: { readonly from: () => Promise<void> | void; readonly to: () => Promise<void> | void },
    ): Promise<void> {
      bridge.daemon.kill('SIGKILL');
      await bridge.daemon.exit;
      await send();
      await away.from();
      await pause(3_000);
      await away.to();
      await startAgain(bridge);
    }

    test('longer than the session: what was queued is not even delivered', async () => {
      const bridge = await aBridge({ mqtt: { session_expiry: '2s' } });
      const topic = bridge.commandTopic('car0', 'lock');
      const send = async (): Promise<void> => {
        await broker.publish(topic, 'unlock');
        await broker.publish(topic, '{"id":"queued","value":"unlock"}', { qos: 2 });
      };
      await outage(bridge, send, { from: () => broker.stop(), to: () => broker.start() });
      await expectSent(bridge, []);
      expect(bridge.recorder.events('queued')).toEqual([]);
    });

    test('longer than their expiry: what was queued does nothing, and only that', async () => {
      const bridge = await aBridge();
      const topic = bridge.commandTopic('car0', 'lock');
      const issued_at = new Date().toISOString();
      const send = async (): Promise<void> => {
        const late = { id: 'late', value: 'unlock', issued_at, expires_in: 2 };
        await broker.publish(topic, JSON.stringify(late));
        await broker.publish(topic, '{"id":"old","value":"unlock"}', {
          arguments: ['-D', 'publish', 'message-expiry-interval', '2'],
        });
        await broker.publish(topic, '{"id":"young","value":"lock"}');
      };
      // One that ends forgets what it keeps for clients that are away (mosquitto 2.0).
      await outage(bridge, send, {
        from: () => {
          broker.pause();
        },
        to: () => {
          broker.resume();
        },
      });
      expect(await bridge.recorder.waitForEnding('late')).toMatchObject({ status: 'expired' });
      expect(await bridge.recorder.waitForEnding('young')).toMatchObject({ status: 'succeeded' });
      await expectSent(bridge, [{ name: 'lock', value: 'lock' }]);
      expect(bridge.statuses('late')).toEqual(['expired']);
      expect(bridge.statuses('old')).not.toContain('accepted');
    });
  });

  describe('a store that does not work', () => {
    test.skipIf(!canMount)(
      'because its disk is full: nothing is sent of what is not written',
      async () => {
        const disk = smallDisk();
        const bridge = await aBridge({ stateDir: disk.folder });
        await bridge.weather({ vehicles: { car0: { force: { latency_ms: 3000 } } } });
        const wake = await bridge.send('car0', 'force');
        await bridge.recorder.waitForStatus(wake, ['running']);
        const waits = await bridge.command('car0', 'lock', { value: 'unlock' });
        await bridge.recorder.waitForStatus(waits, ['accepted']);
        disk.fill();
        // A last page may still have room for a few.
        const answers: string[] = [];
        while (answers.at(-1) !== 'not_stored') {
          expect(answers.length).toBeLessThan(50);
          const id = await bridge.command('car0', 'climate', { value: 'stop' });
          const { code = '' } = await bridge.recorder.waitForStatus(id, ['accepted', 'rejected']);
          answers.push(code);
        }
        expect(bridge.statuses(waits)).toEqual(['accepted']);
        await bridge.daemon.waitForLine(/"operation":"force".*"msg":"call returned"/);
        // Behind the wake it was its turn at once, long before the ending of that was tried to be stored so often.
        const troubles = () =>
          bridge.logLines().filter(({ msg }) => msg.includes('ending could not be'));
        await waitUntil(
          () => troubles().length >= 5,
          20_000,
          () => 'endings that cannot be stored',
        );
        expect(bridge.actions('started', 'car0')).toEqual([]);
        disk.makeRoom();
        // That it leaves is written by now, or it does not leave.
        const ending = await bridge.recorder.waitForEnding(waits, 20_000);
        const isSent = ending.status === 'succeeded';
        if (!isSent) expect(ending).toMatchObject({ status: 'failed', code: 'not_stored' });
        await bridge.recorder.waitForEnding(wake);
        await bridge.weather({});
        // The store is opened anew by one of the next writes.
        await expect
          .poll(async () => (await bridge.refresh('car0', 'force')).status, { timeout: 20_000 })
          .toBe('succeeded');
        const sent = bridge.actions('started', 'car0').filter(({ name }) => name === 'lock');
        expect(sent).toEqual(isSent ? [unlock] : []);
      },
    );

    test('because it hangs: what is not written in time is not done when it is', async () => {
      const recorder = await startRecorder(broker.url);
      const stateDir = await tempDir();
      let gated: GatedStore | undefined;
      const inner = await startInnerBridge({
        url: broker.url,
        stateDir,
        simulator: { vehicles: 1, latency: '0s', force_latency: '1s', command_latency: '0s' },
        config: { ...mayUnlock, retry: { initial: '50ms', max: '200ms' } },
        around: (store) => (gated = new GatedStore(store)),
      });
      if (gated === undefined) throw new Error('the bridge was started without its store');
      const store: GatedStore = gated;
      const car = await nameOfCar(recorder);
      const send = (name: string, fields: object) =>
        broker.publish(`bluelink/${car}/commands/${name}`, JSON.stringify(fields));
      // It is accepted, and that it leaves can not be written.
      await send('refresh', { id: 'wake', value: 'force' });
      await recorder.waitForStatus('wake', ['running']);
      await send('lock', { id: 'accepted', value: 'unlock', expires_in: 2 });
      await recorder.waitForStatus('accepted', ['accepted']);
      store.shut();
      const { writes } = await store.held.waitFor(
        ({ writes }) => JSON.stringify(writes).includes('"accepted"'),
        10_000,
        () => 'the write of its start',
      );
      expect(JSON.stringify(writes)).toContain('"started":true');
      // It is not even accepted.
      await send('lock', { id: 'refused', value: 'unlock' });
      expect(await recorder.waitForEnding('refused')).toMatchObject({ code: 'not_stored' });
      store.open();
      for (const batch of store.held.items) batch.release();
      const late = await recorder.waitForEnding('accepted');
      expect(late.outcome).toBeUndefined();
      expect(['expired', 'failed']).toContain(late.status);
      await send('refresh', { id: 'behind', value: 'force' });
      expect(await recorder.waitForEnding('behind')).toMatchObject({ status: 'succeeded' });
      const effects = await readEffects(inner.effectsFile);
      expect(effects.filter(({ operation }) => operation === 'command')).toEqual([]);
    });
  });
});
