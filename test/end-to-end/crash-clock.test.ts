import { describe, expect, test } from 'vitest';
import { systemClock, type Clock } from '../../src/daemon/clock.js';
import { nameOfCar, startInnerBridge } from '../support/crash-bridge.js';
import { startCrashLab } from '../support/crash-daemon.js';
import { readEffects, wakes } from '../support/crash-ledger.js';
import { hasMosquitto, startMosquitto } from '../support/mosquitto.js';
import { startRecorder } from '../support/recorder.js';
import { tempDir } from '../support/temp-dir.js';

describe.skipIf(!hasMosquitto)('a wall clock that lies', () => {
  test('behind the journal at the start: nothing but cached is taken, and no deadline is believed', async () => {
    const { recorder, life, ask } = await setting();
    const first = await life(systemClock, '60s');
    await ask('force', 'under-way');
    await recorder.waitForStatus('under-way', ['running']);
    await ask('smart:1', 'in-the-row');
    await recorder.waitForStatus('in-the-row', ['accepted']);
    await first.abandon();

    const slow = await life(behind(120_000), '0s');
    for (const value of ['force', 'smart', 'smart:600']) {
      await ask(value, `early-${value}`);
      expect(await recorder.waitForEnding(`early-${value}`)).toMatchObject({
        status: 'rejected',
        code: 'not_ready',
        retryable: true,
      });
    }
    await ask('cached', 'cached');
    expect(await recorder.waitForEnding('cached')).toMatchObject({ status: 'succeeded' });
    const left = await recorder.waitForEnding('in-the-row');
    expect(['expired', 'failed']).toContain(left.status);
    expect(await recorder.waitForEnding('under-way')).toMatchObject({
      status: 'failed',
      code: 'interrupted',
    });
    // The one wake of the first life is all there was.
    expect(wakes(await readEffects(slow.effectsFile))).toHaveLength(1);
  });

  test('a little behind, or far ahead, it is believed', async () => {
    const { recorder, life, ask } = await setting();
    const first = await life(systemClock, '0s');
    await ask('cached', 'first');
    await recorder.waitForEnding('first');
    await first.abandon();
    const second = await life(behind(30_000), '0s');
    await ask('force', 'second');
    expect(await recorder.waitForEnding('second')).toMatchObject({ status: 'succeeded' });
    await second.abandon();
    await life(behind(-3_600_000), '0s');
    await ask('force', 'third');
    expect(await recorder.waitForEnding('third')).toMatchObject({ status: 'succeeded' });
  });
});

describe.skipIf(!hasMosquitto)('a clean stop', () => {
  test('leaves refreshes to the next start and says offline', async () => {
    const broker = await startMosquitto();
    const lab = await startCrashLab({
      broker,
      simulator: { vehicles: 1, latency: '4ms', force_latency: '60s' },
      config: { refresh: { max_age: '7d' } },
    });
    await lab.start();
    const [vehicle = ''] = await lab.vehicles(1);
    const ask = (value: string, id: string): Promise<void> =>
      broker.publish(`bluelink/${vehicle}/commands/refresh`, JSON.stringify({ value, id }));
    await ask('force', 'under-way');
    await lab.recorder.waitForStatus('under-way', ['running']);
    // Older than the car's report, so it waits for the wake lane when it has read.
    await ask('smart:1', 'second-phase');
    await lab.recorder.waitForStatus('second-phase', ['running']);

    const offline = lab.recorder.waitForNext(
      ({ topic, payload }) => topic === 'bluelink/bridge/availability' && payload === 'offline',
      20_000,
    );
    expect(await lab.daemon.stop()).toEqual({ code: 0, signal: null });
    await offline;
    const early = [...lab.recorder.events('under-way'), ...lab.recorder.events('second-phase')];
    expect(early.filter(({ status }) => !['accepted', 'running'].includes(status))).toEqual([]);

    await broker.publish(`bluelink/${vehicle}/commands/refresh`, '{"value":"cached","id":"down"}');
    await lab.start();
    expect(await lab.recorder.waitForEnding('under-way')).toMatchObject({
      status: 'succeeded',
      decision: 'fresh_enough',
    });
    expect(await lab.recorder.waitForEnding('down')).toMatchObject({ status: 'succeeded' });
    await lab.recorder.waitForStatus('second-phase', ['running']);
    // Its wake would take a minute.
    await lab.kill();
    expect(
      lab.recorder.events('under-way').filter(({ status }) => status === 'accepted'),
    ).toHaveLength(1);
  });
});

function behind(time_ms: number): Clock {
  return {
    now: () => systemClock.now() - time_ms,
    monotonic: () => systemClock.monotonic(),
  };
}

/** One broker and one state, and bridges that follow each other on them. */
async function setting() {
  const broker = await startMosquitto();
  const recorder = await startRecorder(broker.url);
  const stateDir = await tempDir();
  let vehicle = '';
  return {
    recorder,
    life: async (clock: Clock, force_latency: string) => {
      const online = recorder.waitForNext(
        ({ topic, payload }) => topic === 'bluelink/bridge/availability' && payload === 'online',
      );
      const { effectsFile, stop } = await startInnerBridge({
        url: broker.url,
        stateDir,
        clock,
        simulator: { vehicles: 1, latency: '0s', force_latency },
      });
      await online;
      vehicle = await nameOfCar(recorder);
      return { effectsFile, abandon: stop };
    },
    ask: (value: string, id: string): Promise<void> =>
      broker.publish(`bluelink/${vehicle}/commands/refresh`, JSON.stringify({ value, id })),
  };
}
