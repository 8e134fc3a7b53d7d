import { beforeAll, describe, expect, test } from 'vitest';
import { europeHyundai } from '../end-to-end/commands-in-regions/europe-home.js';
import { Fleet, type FleetCar, nextSecond } from '../end-to-end/commands-in-regions/fleet.js';
import { hasLibraryWorld, startLibraryWorld } from '../support/library-world.js';
import type { CarCommand } from '../../src/vehicle/simulated-command.js';
import type { SimulatedCar } from '../../src/vehicle/simulated-car.js';
import { DeviceOnlooker } from './device-onlooker.js';
import { HomeAssistant, versions } from './home-assistant.js';

/** What a person does with an entity, and what comes of it. */
interface Deed {
  readonly service: string;
  /** The entity's key. */
  readonly key: string;
  readonly data?: object;
  /** What the car is before. */
  readonly before?: Parameters<SimulatedCar['change']>[0];
  /** The command that is sent. */
  readonly sends: string;
  readonly does: Partial<CarCommand>;
  /** The state of the entity in the end. */
  readonly shows: string;
}

const plugged = { plug: 'ac', port_open: true, soc: 40, charging: false } as const;

const deeds: readonly Deed[] = [
  {
    ...{ service: 'climate.set_temperature', key: 'climate' },
    data: { temperature: 24, hvac_mode: 'auto' },
    sends: 'climate',
    does: { name: 'climate', value: 'start', target_c: 24 },
    shows: 'auto',
  },
  {
    ...{ service: 'climate.turn_off', key: 'climate' },
    sends: 'climate',
    does: { name: 'climate', value: 'stop' },
    shows: 'off',
  },
  {
    ...{ service: 'climate.set_hvac_mode', key: 'climate' },
    data: { hvac_mode: 'auto' },
    // As it was set above.
    sends: 'climate',
    does: { name: 'climate', value: 'start', target_c: 24 },
    shows: 'auto',
  },
  {
    ...{ service: 'number.set_value', key: 'limit_ac', data: { value: 70 } },
    sends: 'charge_limit_ac',
    does: { name: 'charge_limits', ac: 70 },
    shows: '70',
  },
  {
    ...{ service: 'switch.turn_on', key: 'charge', before: plugged },
    sends: 'charge',
    does: { name: 'charge', value: 'start' },
    shows: 'on',
  },
  {
    ...{ service: 'switch.turn_off', key: 'charge' },
    sends: 'charge',
    does: { name: 'charge', value: 'stop' },
    shows: 'off',
  },
  {
    ...{ service: 'select.select_option', key: 'charge_current', data: { option: '60' } },
    sends: 'charging_current',
    does: { name: 'charging_current', percent: 60 },
    shows: '60',
  },
  {
    ...{ service: 'cover.open_cover', key: 'charge_port' },
    before: { plug: 'none', charging: false, port_open: false },
    sends: 'charge_port',
    does: { name: 'charge_port', value: 'open' },
    shows: 'open',
  },
];

describe.skipIf(!hasLibraryWorld)('a car commanded from Home Assistant', () => {
  let fleet: Fleet;
  let car: FleetCar;
  let ha: HomeAssistant;
  let onlooker: DeviceOnlooker;

  beforeAll(async () => {
    const world = await startLibraryWorld();
    [fleet, ha] = await Promise.all([
      Fleet.start(world, [europeHyundai]),
      HomeAssistant.start(versions.newest, 'behaviour-commands', world.broker.port),
    ]);
    car = fleet.cars[0] ?? expect.unreachable('no car');
    const read = await fleet.bridge.refresh(car.topicId, 'cached');
    expect(read).toMatchObject({ status: 'succeeded' });
    onlooker = await DeviceOnlooker.of(ha, world.recorder, car.topicId);
    await ha.wait(onlooker.idOf('doors_lock'), 'locked', 30);
    // On its way for a moment, as in life.
    car.owner.commands.delay_ms = 300;
  }, 120_000);

  const doneByCar = (): CarCommand[] => car.owner.commands.carriedOut.map(({ command }) => command);

  test.each([
    ['lock.unlock', 'unlocking', 'unlocked'],
    ['lock.lock', 'locking', 'locked'],
  ])('%s shows %s, then %s', { timeout: 60_000 }, async (service, meanwhile, end) => {
    await nextSecond(car.simulated);
    const from = onlooker.now;
    await ha.call(service, onlooker.idOf('doors_lock'));
    await onlooker.waitForState('doors_lock', end, from);
    await onlooker.waitForState('command_state', 'succeeded', from);
    expect(onlooker.statesOf('doors_lock', from)).toEqual([meanwhile, end]);
    const [name, value] = service.split('.');
    expect(doneByCar().at(-1)).toEqual({ name, value });
    expect(car.simulated.live().locked).toBe(end === 'locked');
    expect(onlooker.eventTypes(from)).toEqual(['accepted', 'running', 'confirming', 'succeeded']);
    expect(onlooker.newest('command')).toMatchObject({
      attributes: { command: 'lock', value, confirmed_by: 'action_status' },
    });
    expect(onlooker.newest('command_state')).toMatchObject({
      attributes: { id: onlooker.newest('command').attributes['id'], code: null },
    });
  });

  /** Somebody at the car changes it, and a person with Home Assistant wakes it. */
  async function wakeWith(change: Parameters<SimulatedCar['change']>[0]): Promise<void> {
    car.simulated.change(change);
    const from = onlooker.now;
    await ha.call('button.press', onlooker.idOf('wake'));
    await onlooker.waitForEnding('refresh', from);
    await nextSecond(car.simulated);
  }

  test('button.press wakes the car, which tells what it has become', async () => {
    const woken = car.simulated.count('wake', 'wake');
    const from = onlooker.now;
    await nextSecond(car.simulated);
    await wakeWith({ soc: 41, doors: { ...car.simulated.live().doors, trunk: true } });
    await onlooker.waitForState('soc', '41', from);
    await onlooker.waitForState('trunk', 'on', from);
    expect(car.simulated.count('wake', 'wake')).toBe(woken + 1);
    expect(onlooker.newest('command')).toMatchObject({
      attributes: { event_type: 'succeeded', command: 'refresh', value: 'force' },
    });
  }, 60_000);

  test('a temperature by itself is kept for the next start', async () => {
    const done = doneByCar().length;
    const from = onlooker.now;
    await ha.call('climate.set_temperature', onlooker.idOf('climate'), { temperature: 25.5 });
    await onlooker.waitFor('climate', ({ attributes }) => attributes['temperature'] === 25.5, from);
    await onlooker.waitForState('command_state', 'succeeded', from);
    expect(onlooker.newest('climate').state).toBe('off');
    expect(doneByCar()).toHaveLength(done);
  }, 60_000);

  test.each(deeds)('$service for $key', { timeout: 60_000 }, async (deed) => {
    await nextSecond(car.simulated);
    if (deed.before !== undefined) await wakeWith(deed.before);
    const done = doneByCar().length;
    const from = onlooker.now;
    await ha.call(deed.service, onlooker.idOf(deed.key), deed.data);
    await onlooker.waitForEnding(deed.sends, from);
    await onlooker.waitForState(deed.key, deed.shows, from);
    expect(onlooker.eventTypes(from).at(-1)).toBe('succeeded');
    expect(doneByCar().slice(done)).toMatchObject([deed.does]);
  });

  async function failsToUnlock(): Promise<(string | null)[]> {
    await nextSecond(car.simulated);
    const from = onlooker.now;
    await ha.call('lock.unlock', onlooker.idOf('doors_lock'));
    await onlooker.waitForEnding('lock', from);
    await onlooker.waitForState('command_state', 'failed', from);
    await onlooker.waitFor('doors_lock', ({ state }) => state !== 'unlocking', from);
    expect(onlooker.eventTypes(from)).toEqual(['accepted', 'running', 'confirming', 'failed']);
    expect(car.simulated.live().locked).toBe(true);
    return onlooker.statesOf('doors_lock', from);
  }

  test('a car that refuses is shown as it is again, and the event says why', async () => {
    car.owner.commands.conduct = () => 'refuses';
    expect(await failsToUnlock()).toEqual(['unlocking', 'locked']);
    const code = 'vehicle_refused';
    expect(onlooker.newest('command').attributes).toMatchObject({
      ...{ event_type: 'failed', code, message: 'the car refused it', retryable: false },
    });
    expect(onlooker.newest('command_state').attributes).toMatchObject({ code });
  }, 60_000);

  test('of a car that says nothing it is unknown what it did, until it reports', async () => {
    car.owner.commands.conduct = () => 'is_silent';
    expect(await failsToUnlock()).toEqual(['unlocking', 'unknown']);
    expect(onlooker.newest('command').attributes).toMatchObject({
      ...{ event_type: 'failed', code: 'vehicle_timeout', outcome: 'unknown' },
    });
    const from = onlooker.now;
    await wakeWith({});
    await onlooker.waitForState('doors_lock', 'locked', from);
  }, 60_000);

  test('nothing was worth a warning to Home Assistant', async () => {
    expect(await ha.log()).toEqual([]);
  });
});
