import { beforeAll, describe, expect, test } from 'vitest';
import type { StateDocument } from '../../src/vehicle/state.js';
import { hasMosquitto, startMosquitto, type Mosquitto } from '../support/mosquitto.js';
import { SimulatedBridge, type SimulatedBridgeOptions } from './simulated-bridge.js';

/** Electric ones are every fourth from the first on. */
const hybrid = 'car1';
const mayStart = {
  commands: { allow: ['refresh', 'climate', 'climate:start', 'climate_temperature'] },
};

describe.skipIf(!hasMosquitto)('what is said in several messages', () => {
  let broker: Mosquitto;
  let bridge: SimulatedBridge;
  const unused = ['car0', 'car4', 'car8', 'car12', 'car16', 'car20', 'car24', 'car28'];

  beforeAll(async () => {
    broker = await startMosquitto();
    bridge = await aBridge({ cars: 29 });
  });

  async function aBridge(options: Omit<SimulatedBridgeOptions, 'broker'> = {}) {
    const started = await SimulatedBridge.start({
      broker,
      ...options,
      simulator: { command_latency: '0s', ...options.simulator },
    });
    await started.ready();
    return started;
  }

  const anElectricCar = (): string => {
    const car = unused.shift();
    if (car === undefined) throw new Error('there are no more electric cars');
    return car;
  };

  const stateOf = (car: string, of = bridge): StateDocument => {
    const newest = of.recorder.on(of.topic(`${car}/state`)).at(-1);
    return JSON.parse(newest?.payload ?? '') as StateDocument;
  };

  /** As Home Assistant and mosquitto_pub do, without an id. */
  const say = (car: string, name: string, word: string) =>
    broker.publish(bridge.commandTopic(car, name), word);

  async function endings(car: string, count: number, from: number): Promise<void> {
    const ended = () =>
      bridge.recorder.messages
        .slice(from)
        .filter(
          ({ topic, payload }) =>
            topic === bridge.topic(`${car}/result`) &&
            /"status":"(succeeded|failed|superseded|expired)"/.test(payload),
        );
    await bridge.recorder.waitFor(() => ended().length >= count, 20_000);
    for (const { payload } of ended()) expect(payload).not.toContain('"failed"');
  }

  /** What goes to a car goes one by one: a wake that is over proves that nothing is to come before it. */
  async function expectDone(car: string, actions: object[], of = bridge): Promise<void> {
    expect(await of.refresh(car, 'force')).toMatchObject({ status: 'succeeded' });
    expect(of.actions('started', car)).toMatchObject(actions);
    expect(of.actions('executed', car)).toMatchObject(actions);
  }

  describe("Home Assistant's two messages", () => {
    test.each([
      ['temperature and mode', ['climate_temperature', '22'], ['climate', 'auto']],
      ['mode and temperature', ['climate', 'auto'], ['climate_temperature', '22']],
    ] as const)('%s make one start', async (_, first, second) => {
      const car = anElectricCar();
      const from = bridge.recorder.messages.length;
      for (const [name, word] of [first, second]) await say(car, name, word);
      await endings(car, 2, from);
      await expectDone(car, [{ name: 'climate_start', temperature: 22, unit: 'C' }]);
      expect(stateOf(car).climate).toMatchObject({ mode: 'auto', target: 22 });
    });

    test('a mode alone starts with the temperature that was set last', async () => {
      const car = anElectricCar();
      const set = await bridge.ended(car, 'climate_temperature', { value: 19.5 });
      expect(set).toMatchObject({ status: 'succeeded', value: 19.5 });
      expect(bridge.actions('started', car)).toEqual([]);
      const from = bridge.recorder.messages.length;
      await say(car, 'climate', 'auto');
      await endings(car, 1, from);
      await expectDone(car, [{ name: 'climate_start', temperature: 19.5 }]);
    });

    test.each([
      ['AC', 'charge_limit_ac', 'charge_limit_dc', { ac: 70, dc: 90 }],
      ['DC', 'charge_limit_dc', 'charge_limit_ac', { ac: 90, dc: 70 }],
    ])('both charge limits, %s first, make one call', async (_, first, second, limits) => {
      const car = anElectricCar();
      const one = await bridge.command(car, first, { value: 70 });
      const other = await bridge.command(car, second, { value: 90 });
      const sharer = await bridge.recorder.waitForEnding(other, 20_000);
      expect(sharer).toMatchObject({ status: 'succeeded', shared_with: one });
      expect(await bridge.recorder.waitForEnding(one)).toMatchObject({ status: 'succeeded' });
      await expectDone(car, [{ name: 'charge_limits', ...limits }]);
      const { ac: limit_ac, dc: limit_dc } = limits;
      expect(stateOf(car).ev).toMatchObject({ limit_ac, limit_dc });
    });
  });

  describe('a temperature that is dragged', () => {
    const dragged = ['20', '20.5', '21', '21.5', '22.5'];

    test('while a start of the bridge is on starts an electric car once more, with the last', async () => {
      const car = anElectricCar();
      const start = await bridge.ended(car, 'climate', { value: 'start', temperature: 18 });
      expect(start).toMatchObject({ status: 'succeeded' });
      const from = bridge.recorder.messages.length;
      for (const value of dragged) await say(car, 'climate_temperature', value);
      await endings(car, dragged.length, from);
      await expectDone(car, [{ temperature: 18 }, { name: 'climate_start', temperature: 22.5 }]);
      // A stop comes before the start anew, which is not wanted any more.
      const behind = await bridge.command(car, 'climate_temperature', { value: 25 });
      await bridge.recorder.waitForStatus(behind, ['accepted']);
      expect(await bridge.ended(car, 'climate', { value: 'stop' })).toMatchObject({
        status: 'succeeded',
      });
      expect(await bridge.recorder.waitForEnding(behind)).toMatchObject({ status: 'succeeded' });
      await expectDone(car, [{ temperature: 18 }, { temperature: 22.5 }, { name: 'climate_stop' }]);
      expect(stateOf(car).climate).toMatchObject({ mode: 'off', target: 25 });
    });

    test('never starts a hybrid, however it may be started itself', async () => {
      const own = await aBridge({ cars: 2, config: mayStart });
      const start = await own.ended(hybrid, 'climate', { value: 'start', temperature: 18 });
      expect(start).toMatchObject({ status: 'succeeded' });
      for (const value of [20, 21, 22]) {
        const set = await own.ended(hybrid, 'climate_temperature', { value });
        expect(set).toMatchObject({ status: 'succeeded' });
        expect(own.statuses(set.id)).toEqual(['accepted', 'succeeded']);
      }
      await expectDone(hybrid, [{ name: 'climate_start', temperature: 18 }], own);
      expect(stateOf(hybrid, own).climate).toMatchObject({ mode: 'auto', target: 22 });
    });

    test('starts nothing that the bridge has not started', async () => {
      const car = anElectricCar();
      for (const value of dragged) {
        const set = await bridge.ended(car, 'climate_temperature', { value: Number(value) });
        expect(set).toMatchObject({ status: 'succeeded' });
      }
      await expectDone(car, []);
      expect(stateOf(car).climate).toMatchObject({ mode: 'off', target: 22.5 });
    });
  });

  test('set-points outlive a kill, and the next start takes them', async () => {
    const own = await aBridge();
    const points = [
      ['climate_temperature', 23.5],
      ['climate_duration', 15],
      ['climate_defrost', 'on'],
      ['climate_seat_front_left', 'heat_low'],
      ['climate_seat_rear_right', 'off'],
    ] as const;
    for (const [name, value] of points) {
      expect(await own.ended('car0', name, { value })).toMatchObject({
        status: 'succeeded',
        value,
      });
    }
    own.daemon.kill('SIGKILL');
    await own.daemon.exit;
    const from = own.recorder.messages.length;
    await own.startAgain();
    const seats = { front_left: 'heat_low', front_right: null, rear_left: null, rear_right: 'off' };
    const shown = { target: 23.5, duration_min: 15, start_defrost: true, seats };
    await own.recorder.waitFor(({ topic }) => topic === own.topic('car0/state'), 20_000, from);
    expect(stateOf('car0', own).climate).toMatchObject(shown);
    const start = await own.ended('car0', 'climate', {
      value: 'start',
      seats: { rear_right: 'heat_high' },
    });
    expect(start).toMatchObject({ status: 'succeeded' });
    const action = { name: 'climate_start', temperature: 23.5, duration_min: 15, defrost: true };
    await expectDone('car0', [{ ...action, seats: { ...seats, rear_right: 'heat_high' } }], own);
    // What one start was told besides is no set-point.
    expect(stateOf('car0', own).climate).toMatchObject(shown);
  });
});
