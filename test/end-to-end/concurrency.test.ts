import { beforeAll, describe, expect, test } from 'vitest';
import type { LifeCycleEvent } from '../../src/vehicle/life-cycle.js';
import { hasMosquitto, startMosquitto, type Mosquitto } from '../support/mosquitto.js';
import { SimulatedBridge } from './simulated-bridge.js';

describe.skipIf(!hasMosquitto)('many commands at once', () => {
  let broker: Mosquitto;

  beforeAll(async () => {
    broker = await startMosquitto();
  });

  describe('with free threads', () => {
    let bridge: SimulatedBridge;

    beforeAll(async () => {
      bridge = await SimulatedBridge.start({ broker, cars: 5 });
      await bridge.ready();
    });

    test('ten mixed ones for three cars within a second all succeed', async () => {
      const words = ['cached', 'force', 'smart:300', 'cached', 'smart', 'force', 'cached'];
      const commands = Array.from({ length: 10 }, (_, index) => ({
        car: `car${String(index % 3)}`,
        word: words[index % words.length] ?? 'cached',
      }));
      const endings = await Promise.all(commands.map(({ car, word }) => bridge.refresh(car, word)));
      expect(endings.map(({ status, vehicle }) => ({ status, vehicle }))).toEqual(
        commands.map(({ car }) => ({ status: 'succeeded', vehicle: car })),
      );
    });

    test('the hundredth command is answered like the first', async () => {
      const answered = [];
      for (let number = 0; number < 100; number += 1) {
        const { status } = await bridge.refresh(`car${String(number % 5)}`, 'cached');
        answered.push(status);
      }
      expect(answered).toEqual(answered.map(() => 'succeeded'));
    });

    test('equal refreshes share one call, each with an ending of its own', async () => {
      await bridge.weather({ vehicles: { car3: { force: { latency_ms: 1000 } } } });
      const calls = bridge.calls('force', 'car3').length;
      const first = await bridge.send('car3', 'force');
      const second = await bridge.send('car3', 'force');
      await bridge.recorder.waitForStatus(first, ['running']);
      const third = await bridge.send('car3', 'force');
      const endings = await Promise.all(
        [first, second, third].map((id) => bridge.recorder.waitForEnding(id)),
      );
      expect(endings).toMatchObject([
        { status: 'succeeded' },
        { status: 'succeeded', shared_with: first },
        { status: 'succeeded', shared_with: first },
      ]);
      expect(endings[0]).not.toHaveProperty('shared_with');
      for (const id of [first, second, third])
        expect(bridge.statuses(id)).toEqual(['accepted', 'running', 'succeeded']);
      expect(bridge.calls('force', 'car3')).toHaveLength(calls + 1);
      // What is over is not shared any more.
      await bridge.weather({});
      expect(await bridge.refresh('car3', 'force')).not.toHaveProperty('shared_with');
      expect(bridge.calls('force', 'car3')).toHaveLength(calls + 2);
    });

    test('a smart joins a force that runs, and a failed call fails for all who share it', async () => {
      await bridge.weather({ vehicles: { car4: { force: { latency_ms: 700 } } } });
      const force = await bridge.send('car4', 'force');
      await bridge.recorder.waitForStatus(force, ['running']);
      expect(await bridge.refresh('car4', 'smart:1')).toMatchObject({
        status: 'succeeded',
        decision: 'joined',
        shared_with: force,
      });
      const fail = { code: 'vehicle_refused', message: 'the bonnet is open' };
      await bridge.weather({ vehicles: { car4: { force: { latency_ms: 700, fail } } } });
      const failing = await bridge.send('car4', 'force');
      await bridge.recorder.waitForStatus(failing, ['running']);
      const sharing = await bridge.send('car4', 'force');
      for (const id of [failing, sharing]) {
        expect(await bridge.recorder.waitForEnding(id)).toMatchObject({
          status: 'failed',
          ...fail,
        });
      }
      await bridge.weather({});
    });

    test('a car that hangs holds up its own wakes and nobody else', async () => {
      await bridge.weather({ vehicles: { car0: { force: { hang: true } } } });
      const hung = await bridge.send('car0', 'force');
      await bridge.recorder.waitForStatus(hung, ['running']);
      const words = ['cached', 'force', 'smart:300', 'cached', 'smart:1'];
      const commands = Array.from({ length: 100 }, (_, index) => ({
        car: `car${String(index % 5)}`,
        word: words[Math.floor(index / 5) % words.length] ?? 'cached',
      }));
      const sent = await Promise.all(
        commands.map(async ({ car, word }) => ({ id: await bridge.send(car, word), car, word })),
      );
      const stuck = sent.filter(({ car, word }) => car === 'car0' && word !== 'cached');
      const free = sent.filter((one) => !stuck.includes(one));
      const endings = await Promise.all(
        free.map(({ id }) => bridge.recorder.waitForEnding(id, 30_000)),
      );
      expect(endings.map(({ status }) => status)).toEqual(endings.map(() => 'succeeded'));
      for (const { id } of [{ id: hung }, ...stuck]) {
        await bridge.recorder.waitForStatus(id, ['running']);
        expect(bridge.recorder.events(id).every(({ status }) => status !== 'failed')).toBe(true);
      }
      // Read by a new command, which changes the bridge's own state once more.
      const from = bridge.recorder.messages.length;
      await bridge.refresh('car0', 'cached');
      const state = await bridge.waitForState(() => true, from);
      expect(state.queue.running).toBeGreaterThanOrEqual(1);
      expect(state.event_loop.p99_ms).toEqual(expect.any(Number));
      console.log(`event loop with a car that hangs: p99 ${String(state.event_loop.p99_ms)} ms`);
      bridge.daemon.kill('SIGKILL');
      await bridge.daemon.exit;
    });
  });

  describe('with one thread for wakes', () => {
    let bridge: SimulatedBridge;

    beforeAll(async () => {
      bridge = await SimulatedBridge.start({
        broker,
        cars: 3,
        config: { workers: { max: 2, deadline: { force: '3s' } } },
      });
      await bridge.ready();
    });

    test('a force that waits behind one that hangs expires at its time, the shared call stays', async () => {
      await bridge.weather({ vehicles: { car0: { force: { hang: true } } } });
      const hung = await bridge.send('car0', 'force');
      await bridge.recorder.waitForStatus(hung, ['running']);
      const own = await bridge.send('car1', 'force', { expires_in: 1 });
      const patient = await bridge.send('car1', 'force', { expires_in: 60 });
      const byBroker = bridge.newId();
      await broker.publish(
        bridge.commandTopic('car2'),
        JSON.stringify({ id: byBroker, value: 'force', expires_in: 600 }),
        { arguments: ['-D', 'publish', 'message-expiry-interval', '1'] },
      );
      for (const id of [own, byBroker]) {
        expect(await bridge.recorder.waitForEnding(id)).toMatchObject({ status: 'expired' });
        expect(bridge.statuses(id)).toEqual(['accepted', 'expired']);
      }
      expect(bridge.statuses(hung)).toEqual(['accepted', 'running']);
      expect(bridge.statuses(patient)).toEqual(['accepted']);
      expect(await bridge.recorder.waitForEnding(hung)).toMatchObject({
        status: 'failed',
        code: 'timeout',
        retryable: true,
      });
      expect(await bridge.recorder.waitForEnding(patient)).toMatchObject({ status: 'succeeded' });
      expect(bridge.calls('force', 'car1')).toHaveLength(1);
      expect(bridge.calls('force', 'car2')).toHaveLength(0);
    });

    test('a smart that cannot wake its car in time is content with the cloud', async () => {
      await bridge.weather({ vehicles: { car0: { force: { hang: true } } } });
      const hung = await bridge.send('car0', 'force');
      await bridge.recorder.waitForStatus(hung, ['running'], 20_000);
      const ending = await bridge.refresh('car2', 'smart:300', { expires_in: 1 });
      expect(ending).toMatchObject({ status: 'succeeded', decision: 'wake_lane_busy' });
      expect(bridge.statuses(hung)).toEqual(['accepted', 'running']);
      expect(bridge.calls('force', 'car2')).toHaveLength(0);
      await bridge.weather({});
      await bridge.recorder.waitForEnding(hung);
    });

    test('a cached read of the car that hangs is answered meanwhile', async () => {
      await bridge.weather({ vehicles: { car0: { force: { hang: true } } } });
      const hung = await bridge.send('car0', 'force');
      await bridge.recorder.waitForStatus(hung, ['running'], 20_000);
      expect(await bridge.refresh('car0', 'cached')).toMatchObject({ status: 'succeeded' });
      expect(bridge.statuses(hung)).toEqual(['accepted', 'running']);
      await bridge.weather({});
      await bridge.recorder.waitForEnding(hung);
      // The thread that hung serves again.
      expect(await bridge.refresh('car0', 'force')).toMatchObject({ status: 'succeeded' });
    });
  });

  test('more commands than may wait are refused, and a place is free again afterwards', async () => {
    const bridge = await SimulatedBridge.start({
      broker,
      cars: 2,
      config: { commands: { queue_per_vehicle: 2 }, workers: { max: 2 } },
    });
    await bridge.ready();
    await bridge.weather({ vehicles: { car0: { force: { latency_ms: 6000 } } } });
    const busy = await bridge.send('car0', 'force');
    await bridge.recorder.waitForStatus(busy, ['running']);
    const waiting = [await bridge.send('car1', 'force'), await bridge.send('car1', 'force')];
    for (const id of waiting) await bridge.recorder.waitForStatus(id, ['accepted']);
    const one = await bridge.refresh('car1', 'force');
    expect(one).toMatchObject({ status: 'rejected', code: 'queue_full', retryable: true, seq: 0 });
    // Another car has places of its own.
    expect(await bridge.refresh('car0', 'cached')).toMatchObject({ status: 'succeeded' });
    for (const id of waiting) {
      const ending: LifeCycleEvent = await bridge.recorder.waitForEnding(id, 20_000);
      expect(ending.status).toBe('succeeded');
    }
    expect(await bridge.refresh('car1', 'force')).toMatchObject({ status: 'succeeded' });
    const { queue } = await bridge.waitForState(({ queue: { depth } }) => depth === 2);
    expect(queue.oldest_ms).toEqual(expect.any(Number));
  });

  test('what the first read of a car brings is shared with whoever asks meanwhile', async () => {
    const bridge = await SimulatedBridge.start({
      broker,
      weather: { vehicles: { '*': { cached: { latency_ms: 5000 } } } },
    });
    await bridge.recorder.waitForTopic(bridge.topic('car0/info'));
    const ids = [await bridge.send('car0', 'cached'), await bridge.send('car0', 'cached')];
    for (const id of ids) await bridge.recorder.waitForStatus(id, ['running']);
    for (const id of ids) {
      expect(await bridge.recorder.waitForEnding(id, 20_000)).toMatchObject({
        status: 'succeeded',
      });
    }
    expect(bridge.calls('cached', 'car0')).toHaveLength(1);
  });
});
