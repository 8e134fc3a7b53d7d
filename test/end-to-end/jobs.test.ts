import { describe, expect, test } from 'vitest';
import type { SimulatorEffect } from '../../src/backends/simulator.js';
import type { JobDocument } from '../../src/dispatch/job-progress.js';
import type { LifeCycleEvent } from '../../src/vehicle/life-cycle.js';
import { tripMonthSchema, type TripMonth } from '../../src/vehicle/trips.js';
import { hasMosquitto, startMosquitto, type Mosquitto } from '../support/mosquitto.js';
import { startRecorder } from '../support/recorder.js';
import { waitUntil } from '../support/wait.js';
import { SimulatedBridge, type SimulatedBridgeOptions } from './simulated-bridge.js';

/** Some six years: a call for each month, and one for each day that was driven. */
const from = '2020-07';
const to = '2026-06';
const months = 72;

function aBridge(
  broker: Mosquitto,
  more: Partial<SimulatedBridgeOptions> = {},
): Promise<SimulatedBridge> {
  return SimulatedBridge.start({
    broker,
    simulator: { latency: '0s', force_latency: '0s' },
    ...more,
  });
}

function calls(bridge: SimulatedBridge): string[] {
  return bridge.calls('trips').map(({ period }: SimulatorEffect) => period ?? '');
}

function progressOf(bridge: SimulatedBridge, id: string): LifeCycleEvent[] {
  return bridge.recorder.events(id).filter(({ status }) => status === 'progress');
}

/** The newest document of each month. */
function monthsOf(bridge: SimulatedBridge, alias: string): Map<string, TripMonth> {
  const prefix = bridge.topic(`${alias}/trips/`);
  const documents = bridge.recorder.messages
    .filter(({ topic }) => topic.startsWith(prefix))
    .map(({ payload }) => tripMonthSchema.parse(JSON.parse(payload)));
  return new Map(documents.map((document) => [document.month, document]));
}

function jobsOf(bridge: SimulatedBridge): JobDocument[] {
  const newest = bridge.recorder.on(bridge.topic('bridge/state')).at(-1);
  return newest === undefined ? [] : (JSON.parse(newest.payload) as { jobs: JobDocument[] }).jobs;
}

async function untilDone(bridge: SimulatedBridge, id: string, done: number): Promise<void> {
  await waitUntil(
    () => progressOf(bridge, id).some((event) => (event.done ?? 0) >= done),
    60_000,
    () => `${id} to have made ${String(done)} calls`,
  );
}

describe.skipIf(!hasMosquitto)('trips', () => {
  test(
    'a backfill of two thousand calls: commands go on beside it, and a killed daemon asks nothing twice but the last',
    { timeout: 240_000 },
    async () => {
      const bridge = await aBridge(await startMosquitto());
      await bridge.ready();
      const id = 'backfill';
      const payload = JSON.stringify({ id, from, to });
      const topic = bridge.commandTopic('car0', 'trips');
      await bridge.recorder.client.publishAsync(topic, payload, { qos: 1 });
      await bridge.recorder.waitForStatus(id, ['running']);

      // Beside it: reads, a wake and a command of the same car; and a second backfill is none.
      await untilDone(bridge, id, 100);
      for (const word of ['cached', 'force', 'smart:1']) {
        expect(await bridge.refresh('car0', word)).toMatchObject({ status: 'succeeded' });
      }
      await bridge.recorder.client.publishAsync(
        bridge.commandTopic('car0', 'lock'),
        JSON.stringify({ id: 'locked', value: 'lock' }),
        { qos: 1 },
      );
      const locked = await bridge.recorder.waitForEnding('locked', 30_000);
      expect(locked).toMatchObject({ status: 'succeeded' });
      await bridge.recorder.client.publishAsync(
        topic,
        JSON.stringify({ id: 'second', month: '2026-06' }),
        { qos: 1 },
      );
      expect(await bridge.recorder.waitForEnding('second')).toMatchObject({
        ...{ status: 'rejected', code: 'busy', seq: 0 },
      });
      expect(bridge.recorder.events(id).some(({ status }) => status === 'succeeded')).toBe(false);
      await waitUntil(
        () => jobsOf(bridge).some((job) => job.id === id && job.done > 0),
        10_000,
        () => 'the job to be in the state of the bridge',
      );

      await untilDone(bridge, id, 700);
      bridge.daemon.kill('SIGKILL');
      await bridge.daemon.exit;
      const before = calls(bridge);
      await bridge.startAgain();
      const ending = await bridge.recorder.waitForEnding(id, 180_000);
      const all = calls(bridge);
      const after = all.slice(before.length);

      expect(ending).toMatchObject({ status: 'succeeded', percent: 100 });
      expect(new Set(before).size).toBe(before.length);
      expect(new Set(after).size).toBe(after.length);
      const twice = after.filter((period) => before.includes(period));
      expect(twice.length === 0 || twice.join() === before.at(-1)).toBe(true);
      expect(new Set(all).size).toBeGreaterThanOrEqual(2000);
      expect(ending.done).toBe(new Set(all).size);
      expect(ending.total).toBe(ending.done);

      const read = monthsOf(bridge, 'car0');
      expect(read.size).toBe(months);
      const days = [...read.values()].flatMap((month) => month.days);
      expect(days.length).toBe(new Set(all).size - months);
      expect(days.every(({ list, trips }) => list !== null && list.length === trips)).toBe(true);

      const values = progressOf(bridge, id).map(({ done = 0, total = 0, percent = 0 }) => [
        ...[done, total, percent],
      ]);
      for (const column of [0, 1, 2]) {
        const numbers = values.map((row) => row[column] ?? 0);
        expect(numbers).toEqual(numbers.toSorted((one, other) => one - other));
      }
      await waitUntil(
        () => jobsOf(bridge).length === 0,
        10_000,
        () => 'no job to be in the state of the bridge',
      );
    },
  );

  test('a month and a day are retained, and are there again at whatever broker after a restart', async () => {
    const broker = await startMosquitto();
    const bridge = await aBridge(broker);
    await bridge.ready();
    const send = async (id: string, fields: Record<string, unknown>): Promise<LifeCycleEvent> => {
      await bridge.recorder.client.publishAsync(
        bridge.commandTopic('car0', 'trips'),
        JSON.stringify({ id, ...fields }),
        { qos: 1 },
      );
      return bridge.recorder.waitForEnding(id);
    };
    expect(await send('dry', { month: '2026-05', dry_run: true })).toMatchObject({
      ...{ status: 'succeeded', dry_run: true, total: 1 },
    });
    expect(calls(bridge)).toEqual([]);
    expect(await send('month', { month: '2026-05' })).toMatchObject({
      status: 'succeeded',
      done: 1,
    });
    const month = monthsOf(bridge, 'car0').get('2026-05');
    const [day] = month?.days ?? [];
    expect(month?.days.length).toBeGreaterThan(10);
    expect(day?.list).toBeNull();
    expect(await send('day', { day: day?.date })).toMatchObject({ status: 'succeeded', done: 1 });
    const detailed = monthsOf(bridge, 'car0').get('2026-05');
    expect(detailed?.days[0]?.list).toHaveLength(day?.trips ?? 0);
    expect(detailed?.days.slice(1)).toEqual(month?.days.slice(1));

    // As if the broker had forgotten it.
    await bridge.daemon.stop();
    const topic = bridge.topic('car0/trips/2026-05');
    await bridge.recorder.client.publishAsync(topic, '', { qos: 1, retain: true });
    await bridge.startAgain();
    await bridge.recorder.waitForNext(
      (message) => message.topic === topic && message.payload !== '',
    );
    const late = await startRecorder(broker.url, { filter: topic });
    await late.waitForTopic(topic, JSON.stringify(detailed));
    expect(calls(bridge)).toHaveLength(2);
  });

  test('cancelled, it ends behind the call that is under way', async () => {
    const bridge = await aBridge(await startMosquitto(), { simulator: { latency: '50ms' } });
    await bridge.ready();
    const payload = JSON.stringify({ id: 'long', from, to });
    const topic = bridge.commandTopic('car0', 'trips');
    await bridge.recorder.client.publishAsync(topic, payload, { qos: 1 });
    await untilDone(bridge, 'long', 2);
    await bridge.recorder.client.publishAsync(bridge.commandTopic('bridge', 'cancel'), 'long', {
      qos: 1,
    });
    const ending = await bridge.recorder.waitForEnding('long');
    expect(ending).toMatchObject({ status: 'cancelled', done: calls(bridge).length });
  });
});

describe.skipIf(!hasMosquitto)('refresh_all', () => {
  test('reads every car once, says how far it is, and one that fails does not stop the others', async () => {
    const bridge = await aBridge(await startMosquitto(), {
      cars: 4,
      simulator: { latency: '20ms' },
      config: { refresh: { on_start: 'off' } },
      weather: { vehicles: { car1: { cached: { fail: { code: 'unknown_vehicle' } } } } },
    });
    await bridge.recorder.waitForTopic(bridge.topic('bridge/availability'), 'online');
    await bridge.waitForState(({ accounts }) => accounts['home']?.vehicles.length === 4);
    await bridge.recorder.client.publishAsync(
      bridge.commandTopic('bridge', 'refresh_all'),
      JSON.stringify({ id: 'all', value: 'cached' }),
      { qos: 1 },
    );
    expect(await bridge.recorder.waitForEnding('all')).toMatchObject({
      ...{ status: 'failed', code: 'unknown_vehicle', done: 4, total: 4, percent: 100 },
    });
    for (const { alias } of bridge.cars) expect(bridge.calls('cached', alias)).toHaveLength(1);
  });
});
