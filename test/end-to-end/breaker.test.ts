import { beforeAll, describe, expect, test } from 'vitest';
import { hasMosquitto, startMosquitto, type Mosquitto } from '../support/mosquitto.js';
import { SimulatedBridge, type BridgeState } from './simulated-bridge.js';

const reset_ms = 2000;
const away = { code: 'unavailable', message: 'the cloud is being mended' };

describe.skipIf(!hasMosquitto)('the breaker', () => {
  let broker: Mosquitto;

  beforeAll(async () => {
    broker = await startMosquitto();
  });

  /** One thread for reads and one for wakes, so that of several commands all but one wait. */
  async function startBridge(): Promise<SimulatedBridge> {
    const breaker = { failures: 5, reset: `${String(reset_ms)}ms`, max_reset: '1h' };
    const config = { breaker, workers: { max: 2 } };
    const bridge = await SimulatedBridge.start({ broker, cars: 6, config, logLevel: 'debug' });
    await bridge.ready();
    return bridge;
  }

  test('of reads opens, refuses, lets one call through and closes', async () => {
    const bridge = await startBridge();
    const cars = bridge.cars.map(({ alias }) => alias);
    const failing = { cached: { latency_ms: 40, fail: away } };
    await bridge.weather({ vehicles: { '*': failing } });
    const readsBefore = bridge.calls('cached').length;

    // Five failures in a row open it, and what waits behind them is not tried.
    const beforeOpen = bridge.recorder.messages.length;
    const burst = await Promise.all(cars.map((car) => bridge.refresh(car, 'cached')));
    expect(burst.map(({ status }) => status)).toEqual(burst.map(() => 'failed'));
    const codes = burst.map(({ code }) => code);
    expect(codes.sort()).toEqual(['breaker_open', ...Array<string>(5).fill('unavailable')]);
    expect(burst.find(({ code }) => code === 'breaker_open')?.retry_after_s).toBeGreaterThan(0);
    expect(bridge.calls('cached')).toHaveLength(readsBefore + 5);

    // A new command is answered at once, and nothing is sent.
    const refused = await bridge.refresh('car0', 'cached');
    expect(refused).toMatchObject({ status: 'rejected', code: 'breaker_open', retryable: true });
    expect(refused.retry_after_s).toBeGreaterThanOrEqual(1);
    expect(await bridge.refresh('car0', 'smart')).toMatchObject({
      status: 'rejected',
      code: 'breaker_open',
    });
    expect(bridge.calls('cached')).toHaveLength(readsBefore + 5);

    // Wakes have a breaker of their own.
    expect(await bridge.refresh('car0', 'force')).toMatchObject({ status: 'succeeded' });

    const open = await bridge.waitForState(readIs('open'), beforeOpen);
    expect(open.breakers['home']).toMatchObject({
      read: { reason: away.message, failures: 5 },
      wake: { state: 'closed' },
    });
    expect(open.last_error).toMatchObject(away);
    expect(openFor_ms(open)).toBe(reset_ms);
    expect(warningsOf(bridge, 'breaker opened')).toMatchObject([
      { account: 'home', class: 'read', reason: away.message },
    ]);

    // A failed car is not offline, and what is known stays.
    expect(bridge.recorder.on(bridge.topic('car0/availability')).at(-1)?.payload).toBe('online');

    // One probe after the reset; it fails too, and the second opening in a row lasts longer.
    await bridge.waitForState(readIs('half_open'), beforeOpen);
    const beforeProbe = bridge.recorder.messages.length;
    const probes = await Promise.all(cars.map((car) => bridge.refresh(car, 'cached')));
    expect(probes.map(({ code }) => code).sort()).toEqual([
      ...Array<string>(5).fill('breaker_open'),
      'unavailable',
    ]);
    expect(bridge.calls('cached')).toHaveLength(readsBefore + 6);
    const again = await bridge.waitForState(readIs('open'), beforeProbe);
    expect(openFor_ms(again)).toBe(2 * reset_ms);

    // The next probe succeeds, and the others follow it.
    await bridge.waitForState(readIs('half_open'), beforeProbe);
    const beforeClose = bridge.recorder.messages.length;
    await bridge.weather({});
    const healed = await Promise.all(cars.map((car) => bridge.refresh(car, 'cached')));
    expect(healed.map(({ status }) => status)).toEqual(healed.map(() => 'succeeded'));
    await bridge.waitForState(readIs('closed'), beforeClose);

    // Every change was logged, in order.
    const changes = bridge.logLines().filter(({ class: of, state }) => of === 'read' && state);
    expect(changes.map(({ state }) => state)).toEqual([
      ...['open', 'half_open', 'open', 'half_open', 'closed'],
    ]);

    // After it has closed, the first opening is a first one again.
    await bridge.weather({ vehicles: { '*': failing } });
    const beforeThird = bridge.recorder.messages.length;
    await Promise.all(cars.map((car) => bridge.refresh(car, 'cached')));
    const third = await bridge.waitForState(readIs('open'), beforeThird);
    expect(openFor_ms(third)).toBe(reset_ms);
  });

  test('of wakes opens by itself, and a smart is then content with the cloud', async () => {
    const bridge = await startBridge();
    await bridge.weather({ vehicles: { '*': { force: { fail: away } } } });
    for (const { alias } of bridge.cars.slice(0, 5)) {
      expect(await bridge.refresh(alias, 'force')).toMatchObject({ code: 'unavailable' });
    }
    expect(await bridge.refresh('car5', 'force')).toMatchObject({
      status: 'rejected',
      code: 'breaker_open',
    });
    const { id, ...ending } = await bridge.refresh('car5', 'smart:300');
    expect(ending).toMatchObject({ status: 'succeeded', decision: 'breaker_open' });
    expect(bridge.statuses(id)).toEqual(['accepted', 'running', 'succeeded']);
    expect(await bridge.refresh('car5', 'cached')).toMatchObject({ status: 'succeeded' });
    const state = await bridge.waitForState(
      ({ breakers }) => breakers['home']?.wake.state === 'open',
    );
    expect(state.breakers['home']?.read.state).toBe('closed');
    expect(bridge.calls('force')).toHaveLength(5);
  });

  test('counts only failures in a row, and only the vendor’s', async () => {
    const bridge = await startBridge();
    const failing = (fail: Readonly<Record<string, unknown>> & { code: string }) =>
      bridge.weather({ vehicles: { car0: { cached: { fail: { ...away, ...fail } } } } });
    const fail = async (code: string, times: number): Promise<void> => {
      await failing({ code });
      for (let time = 0; time < times; time += 1) {
        expect(await bridge.refresh('car0', 'cached')).toMatchObject({ status: 'failed', code });
      }
    };
    await fail('unavailable', 4);
    await bridge.weather({});
    expect(await bridge.refresh('car0', 'cached')).toMatchObject({ status: 'succeeded' });
    await fail('unavailable', 4);
    await bridge.weather({});
    expect(await bridge.refresh('car0', 'cached')).toMatchObject({ status: 'succeeded' });
    // The quota of the account and a refusal of the car say nothing about the cloud's health.
    await failing({ code: 'rate_limited', retry_after_s: 1 });
    for (let time = 0; time < 2; time += 1) {
      const from = bridge.recorder.messages.length;
      expect(await bridge.refresh('car0', 'cached')).toMatchObject({
        status: 'failed',
        code: 'rate_limited',
      });
      // Until then the account asks for nothing.
      await bridge.waitForState(budgetIs('blocked'), from);
      // Of before the limit there is an `ok`, too.
      const seen = bridge.states.findLastIndex(budgetIs('blocked'));
      await expect
        .poll(() => bridge.states.slice(seen).some(budgetIs('ok')), { timeout: 15_000 })
        .toBe(true);
    }
    await fail('vehicle_refused', 3);
    await bridge.weather({});
    expect(await bridge.refresh('car0', 'cached')).toMatchObject({ status: 'succeeded' });
    expect(bridge.states.filter(readIs('open'))).toEqual([]);
  });
});

function readIs(wanted: string): (state: BridgeState) => boolean {
  return ({ breakers }) => breakers['home']?.read.state === wanted;
}

function budgetIs(wanted: string): (state: BridgeState) => boolean {
  return ({ budget }) => budget['home']?.state === wanted;
}

function openFor_ms({ breakers }: BridgeState): number {
  const { since, retry_at } = breakers['home']?.read ?? {};
  return Date.parse(retry_at ?? '') - Date.parse(since ?? '');
}

function warningsOf(bridge: SimulatedBridge, text: string): unknown[] {
  return bridge.logLines().filter(({ level, msg }) => level === 'warn' && msg === text);
}
