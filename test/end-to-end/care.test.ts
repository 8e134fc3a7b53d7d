import { setTimeout as pause } from 'node:timers/promises';
import { beforeAll, describe, expect, test } from 'vitest';
import type { LifeCycleEvent } from '../../src/vehicle/life-cycle.js';
import { hasMosquitto, startMosquitto, type Mosquitto } from '../support/mosquitto.js';
import {
  SimulatedBridge,
  type BridgeState,
  type SimulatedBridgeOptions,
} from './simulated-bridge.js';
import type { Weather } from './simulated-cars.js';

const minute_ms = 60_000;
const patience_ms = 20_000;

describe.skipIf(!hasMosquitto)('care', { timeout: 120_000 }, () => {
  let broker: Mosquitto;

  beforeAll(async () => {
    broker = await startMosquitto();
  });

  /** With the guards as they are where nobody says anything else. */
  async function aBridge(more: Partial<SimulatedBridgeOptions> = {}): Promise<SimulatedBridge> {
    const config = { guards: {}, ...more.config };
    const bridge = await SimulatedBridge.start({ broker, cars: 2, ...more, config });
    await bridge.ready();
    return bridge;
  }

  /** What a person says with mosquitto_pub, and how it ended. */
  async function says(
    bridge: SimulatedBridge,
    [target, command]: readonly [target: string, command: string],
    fields: Readonly<Record<string, unknown>>,
  ): Promise<LifeCycleEvent> {
    const id = bridge.newId();
    await broker.publish(bridge.commandTopic(target, command), JSON.stringify({ id, ...fields }));
    return bridge.recorder.waitForEnding(id, patience_ms);
  }

  describe('what is read without being asked', () => {
    const enabled = { enabled: true, every: '30m' };

    /** In how many minutes from now a car is read next. */
    function nextRead_min({ polling }: BridgeState, alias: string): number {
      const at = polling.vehicles[alias]?.next_poll_at ?? '';
      return (Date.parse(at) - Date.now()) / minute_ms;
    }

    test('is planned, sooner for a car that charges', async () => {
      const bridge = await aBridge({ config: { polling: enabled } });
      const { polling } = await bridge.waitForState(({ polling }) =>
        ['car0', 'car1'].every((car) => polling.vehicles[car]?.reason != null),
      );
      expect(polling).toMatchObject({
        ...{ enabled: true, interval_min: 30 },
        // The first of the simulated cars stands at a charger.
        vehicles: {
          car0: { reason: 'charging', next_wake_at: null, held_by: null, woken_at: null },
          car1: { reason: 'interval', next_wake_at: null, held_by: null, wake: 'allowed' },
        },
      });
      const gaps = ['car0', 'car1'].map((car) => gap_min(bridge, polling, car));
      expectBetween(gaps[0], [9, 11]);
      expectBetween(gaps[1], [27, 33]);
      const sooner = polling.vehicles['car0']?.next_poll_at ?? '';
      expectBetween(Date.parse(polling.next_poll_at ?? '') - Date.parse(sooner), [-10, 10]);
    });

    /** Minutes from a car's last read to its next one. */
    function gap_min(
      bridge: SimulatedBridge,
      { vehicles }: BridgeState['polling'],
      alias: string,
    ): number {
      const document = bridge.recorder.on(bridge.topic(`${alias}/state`)).at(-1)?.payload ?? '{}';
      const { polled_at } = JSON.parse(document) as { polled_at: string };
      const next = Date.parse(vehicles[alias]?.next_poll_at ?? '');
      // What the daemon does in between takes a moment.
      return Math.round((next - Date.parse(polled_at)) / 6_000) / 10;
    }

    function expectBetween(value: number | undefined, [least, most]: [number, number]): void {
      expect(value).toBeGreaterThanOrEqual(least);
      expect(value).toBeLessThanOrEqual(most);
    }

    test('never wakes a car, unless it is told to', async () => {
      const bridge = await aBridge({ config: { polling: { ...enabled, force_every: '30d' } } });
      const { polling } = await bridge.waitForState(
        ({ polling }) => polling.vehicles['car1']?.next_wake_at != null,
      );
      expect(Date.parse(polling.vehicles['car1']?.next_wake_at ?? '')).toBeGreaterThan(Date.now());
    });

    test('is what a person has said last, over kill -9, until the configuration says something new', async () => {
      const bridge = await aBridge({ config: { polling: enabled } });
      const off = await says(bridge, ['bridge', 'polling'], { value: 'off' });
      expect(off).toMatchObject({ status: 'succeeded', vehicle: null, value: 'off' });
      const hour = await says(bridge, ['bridge', 'poll_interval'], { value: 60 });
      expect(hour).toMatchObject({ status: 'succeeded', vehicle: null, value: 60 });
      await bridge.waitForState(({ polling }) => polling.interval_min === 60);
      expect(bridge.states.at(-1)?.polling).toMatchObject({
        ...{ enabled: false, interval_min: 60, next_poll_at: null },
        vehicles: { car1: { next_poll_at: null, reason: null } },
      });

      const reborn = await bridge.killAndStartAgain();
      expect(reborn.polling).toMatchObject({ enabled: false, interval_min: 60 });
      const from = bridge.recorder.messages.length;
      await broker.publish(bridge.commandTopic('bridge', 'polling'), 'ON');
      const on = await bridge.waitForState(
        ({ polling }) => polling.enabled && polling.vehicles['car1']?.next_poll_at != null,
        from,
      );
      expect(nextRead_min(on, 'car1')).toBeGreaterThan(33);
      expect(nextRead_min(on, 'car1')).toBeLessThanOrEqual(66);

      // A new gap in the configuration takes the place of the person's; whether to read at all still is theirs.
      await says(bridge, ['bridge', 'polling'], { value: 'off' });
      const changed = await bridge.killAndStartAgain({ polling: { ...enabled, every: '45m' } });
      expect(changed.polling).toMatchObject({ enabled: false, interval_min: 45 });
    });

    test('is not changed by what is no setting', async () => {
      const bridge = await aBridge();
      const wrong: [command: string, fields: object, words: RegExp][] = [
        ['polling', { value: 'sometimes' }, /value: expected on or off, got "sometimes"/],
        ['polling', {}, /value: expected on or off/],
        ['polling', { value: 'on', every: 10 }, /every: expected no such field, got 10/],
        ['poll_interval', { value: 4 }, /value: expected .*5.*1440.*, got 4/],
        ['poll_interval', { value: 1441 }, /value: expected .*, got 1441/],
        ['poll_interval', { value: 7.5 }, /value: expected .*, got 7\.5/],
        ['poll_interval', { value: 'hourly' }, /value: expected .*, got "hourly"/],
        ['poll_interval', { minutes: 60 }, /minutes: expected no such field, got 60/],
      ];
      for (const [command, fields, words] of wrong) {
        const refused = await says(bridge, ['bridge', command], { ...fields });
        expect(refused).toMatchObject({ status: 'rejected', code: 'invalid_payload', seq: 0 });
        expect(refused.message).toMatch(words);
      }
      const { polling } = await bridge.killAndStartAgain();
      expect(polling).toMatchObject({ enabled: false, interval_min: 30 });
    });
  });

  describe('a wake', () => {
    /** A level of the 12 V battery, of both cars or of one. */
    const battery = (level: number, car = '*'): Weather => {
      const told = { aux_battery: level };
      return { vehicles: { [car]: { cached: told, force: told } } };
    };
    const forces = (bridge: SimulatedBridge): number => bridge.calls('force').length;
    /** So that the car's own report is older than a second. */
    const aged = () => pause(1_100);

    test('of the bridge itself keeps its distance to any other; a person may', async () => {
      const bridge = await aBridge();
      const smart = { value: 'smart', max_age: 1 };
      const dry = { dry_run: true };
      const would = await says(bridge, ['car0', 'refresh'], { ...smart, ...dry });
      expect(would).toMatchObject({ status: 'succeeded', dry_run: true, decision: 'forced' });
      expect(forces(bridge)).toBe(0);

      const first = await says(bridge, ['car0', 'refresh'], smart);
      expect(first).toMatchObject({ status: 'succeeded', decision: 'forced' });
      await aged();
      const second = await says(bridge, ['car0', 'refresh'], smart);
      expect(second).toMatchObject({ status: 'succeeded', decision: 'guard_gap' });
      expect(second.message).toContain('guards.min_wake_gap');
      expect(await says(bridge, ['car0', 'refresh'], { ...smart, ...dry })).toMatchObject({
        ...{ status: 'succeeded', dry_run: true, decision: 'guard_gap', message: second.message },
      });
      expect(forces(bridge)).toBe(1);
      const state = await bridge.waitForState(({ polling }) => {
        return polling.vehicles['car0']?.wake === 'guard_gap';
      });
      expect(state.polling.vehicles['car0']?.woken_at).not.toBeNull();
      expect(state.polling.vehicles['car1']).toMatchObject({ wake: 'allowed', woken_at: null });

      expect(await says(bridge, ['car0', 'refresh'], { value: 'force' })).toMatchObject({
        status: 'succeeded',
      });
      expect(forces(bridge)).toBe(2);

      // A remote command wakes a car, too.
      expect(await says(bridge, ['car1', 'lock'], { value: 'lock' })).toMatchObject({
        status: 'succeeded',
      });
      await aged();
      expect(await says(bridge, ['car1', 'refresh'], smart)).toMatchObject({
        ...{ status: 'succeeded', decision: 'guard_gap' },
      });
      expect(forces(bridge)).toBe(2);
    });

    test('that left before kill -9 is not followed by an automatic one', async () => {
      const bridge = await aBridge({ simulator: { force_latency: '60s' } });
      const id = await bridge.send('car0', 'force');
      await bridge.recorder.waitForStatus(id, ['running']);
      // That it runs is said before it has reached the car.
      await expect.poll(() => forces(bridge), { timeout: patience_ms }).toBe(1);
      await bridge.killAndStartAgain();
      const ending = await bridge.recorder.waitForEnding(id, patience_ms);
      expect(ending).toMatchObject({ status: 'succeeded', decision: 'guard_gap' });
      expect(ending.message).toContain('guards.min_wake_gap');
      expect(await says(bridge, ['car0', 'refresh'], { value: 'smart:1' })).toMatchObject({
        ...{ status: 'succeeded', decision: 'guard_gap' },
      });
      expect(forces(bridge)).toBe(1);
    });

    test('with a weak 12 V battery needs a person who insists, after a restart, too', async () => {
      const bridge = await aBridge({ weather: battery(45, 'car0') });
      const refused = await says(bridge, ['car0', 'refresh'], { value: 'force' });
      expect(refused).toMatchObject({ status: 'rejected', code: 'battery_guard', seq: 0 });
      for (const words of ['45 %', '50 %', 'override']) expect(refused.message).toContain(words);
      expect(
        await says(bridge, ['car0', 'refresh'], { value: 'force', dry_run: true }),
      ).toMatchObject({ status: 'rejected', code: 'battery_guard' });
      const smart = await says(bridge, ['car0', 'refresh'], { value: 'smart' });
      expect(smart).toMatchObject({ status: 'succeeded', decision: 'guard_aux_battery' });
      expect(smart.message).toContain('45 %');

      // What a car has said last is kept, whether or not it is read again.
      await bridge.daemon.stop();
      await bridge.startAgain({ refresh: { on_start: 'off' } });
      expect(await says(bridge, ['car0', 'refresh'], { value: 'force' })).toMatchObject({
        ...{ status: 'rejected', code: 'battery_guard' },
      });
      const insists = { value: 'force', override: true };
      expect(await says(bridge, ['car0', 'refresh'], { ...insists, dry_run: true })).toMatchObject({
        status: 'succeeded',
        dry_run: true,
      });
      expect(forces(bridge)).toBe(0);
      expect(await says(bridge, ['car0', 'refresh'], insists)).toMatchObject({
        status: 'succeeded',
      });
      expect(bridge.calls('force', 'car0')).toHaveLength(1);

      // Another car is another battery.
      expect(await says(bridge, ['car1', 'refresh'], { value: 'force' })).toMatchObject({
        status: 'succeeded',
      });
    });

    test('with a 12 V battery that is only low is a matter of people', async () => {
      const bridge = await aBridge({ weather: battery(60) });
      expect(await says(bridge, ['car0', 'refresh'], { value: 'smart' })).toMatchObject({
        ...{ status: 'succeeded', decision: 'guard_aux_battery' },
      });
      expect(forces(bridge)).toBe(0);
      expect(await says(bridge, ['car0', 'refresh'], { value: 'force' })).toMatchObject({
        status: 'succeeded',
      });
      expect(forces(bridge)).toBe(1);
    });

    test('comes too soon behind another where a person wanted a gap, and says when it may come', async () => {
      const bridge = await aBridge({ config: { guards: { min_force_gap: '10m' } } });
      const force = { value: 'force' };
      expect(await says(bridge, ['car0', 'refresh'], force)).toMatchObject({
        status: 'succeeded',
      });
      const refused = await says(bridge, ['car0', 'refresh'], force);
      expect(refused).toMatchObject({ status: 'rejected', code: 'rate_limited', seq: 0 });
      expect(refused.message).toContain('guards.min_force_gap');
      expect(refused.retry_after_s).toBeGreaterThan(0);
      expect(refused.retry_after_s).toBeLessThanOrEqual(600);
      expect(forces(bridge)).toBe(1);
      expect(await says(bridge, ['car1', 'refresh'], force)).toMatchObject({
        status: 'succeeded',
      });
      expect(await says(bridge, ['car0', 'refresh'], { ...force, override: true })).toMatchObject({
        status: 'succeeded',
      });
      expect(forces(bridge)).toBe(3);
    });

    test('of all cars is an automatic one of each, and says which were not woken', async () => {
      const bridge = await aBridge({ cars: 3, weather: battery(60, 'car2') });
      await says(bridge, ['car0', 'refresh'], { value: 'force' });
      const all = await says(bridge, ['bridge', 'refresh_all'], { value: 'force' });
      expect(all).toMatchObject({ status: 'failed', code: 'rate_limited', done: 3, total: 3 });
      expect(all.message).toMatch(/2 of 3 cars.*car0.*guards\.min_wake_gap/);
      const woken = ['car0', 'car1', 'car2'].map((car) => bridge.calls('force', car).length);
      expect(woken).toEqual([1, 1, 0]);
      const insists = { value: 'force', override: true };
      const refused = await says(bridge, ['bridge', 'refresh_all'], insists);
      expect(refused).toMatchObject({ status: 'rejected', code: 'invalid_payload' });
      expect(refused.message).toContain('override');
      expect(await says(bridge, ['bridge', 'refresh_all'], { value: 'smart' })).toMatchObject({
        ...{ status: 'succeeded', done: 3 },
      });
      expect(forces(bridge)).toBe(2);
    });
  });
});
