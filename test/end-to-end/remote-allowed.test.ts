import { beforeAll, describe, expect, test } from 'vitest';
import { lifeCycleEventSchema, type LifeCycleEvent } from '../../src/vehicle/life-cycle.js';
import { hasMosquitto, startMosquitto, type Mosquitto } from '../support/mosquitto.js';
import { SimulatedBridge, type SimulatedBridgeOptions } from './simulated-bridge.js';

/** The cars of an account, in their order. */
const [ev, phev, hev, ice] = ['car0', 'car1', 'car2', 'car3'] as const;

/** What opens a car or starts an engine, in every form in which it can be said: car, command, payload, what allows it. */
const guarded = [
  [ev, 'lock', 'unlock', 'lock:unlock'],
  [ev, 'lock', ' UNLOCK\n', 'lock:unlock'],
  [ev, 'lock', '{"value":"Unlock"}', 'lock:unlock'],
  [ev, 'lock', '{"value":"unlock","dry_run":true}', 'lock:unlock'],
  [ev, 'windows', 'open', 'windows:open'],
  [ev, 'windows', '{"value":"open"}', 'windows:open'],
  [ev, 'windows', '{"front_left":"open"}', 'windows:open'],
  [ev, 'windows', '{"front_left":"vent","rear_left":"close","rear_right":"OPEN"}', 'windows:open'],
  [ev, 'valet_mode', 'stop', 'valet_mode:stop'],
  [phev, 'climate', 'start', 'climate:start'],
  [hev, 'climate', 'on', 'climate:start'],
  [hev, 'climate', '1', 'climate:start'],
  [ice, 'climate', 'auto', 'climate:start'],
  [ice, 'climate', '{"value":"start","temperature":21,"duration":5}', 'climate:start'],
] as const;

/** The same commands where they open and start nothing. */
const harmless = [
  [ev, 'lock', 'lock'],
  [ev, 'windows', 'vent'],
  [ev, 'windows', '{"front_left":"close"}'],
  [ev, 'valet_mode', 'start'],
  [ev, 'climate', 'start'],
  [hev, 'climate', 'stop'],
  [ice, 'climate', 'off'],
] as const;

const plainNames = ['refresh', 'lock', 'windows', 'valet_mode', 'climate'];
const withValues = ['refresh', 'lock:unlock', 'windows:open', 'valet_mode:stop', 'climate:start'];

/** Each command that changes a car, with a payload that is right. */
const everyCommand = [
  ['lock', 'lock'],
  ['climate', 'start'],
  ['climate', '{"value":"start","temperature":22,"seats":{"front_left":"heat_high"}}'],
  ['climate', 'stop'],
  ['climate_temperature', '22.5'],
  ['climate_duration', '15'],
  ['climate_defrost', 'on'],
  ['climate_seat_front_left', 'heat_low'],
  ['climate_seat_front_right', 'heat_low'],
  ['climate_seat_rear_left', 'heat_low'],
  ['climate_seat_rear_right', 'heat_low'],
  ['charge', 'start'],
  ['charge_limit_ac', '80'],
  ['charge_limit_dc', '90'],
  ['charge_limits', '{"ac":80,"dc":90}'],
  ['charging_current', '60'],
  ['charge_port', 'open'],
  ['windows', 'vent'],
  ['lights', 'PRESS'],
  ['horn', '{}'],
  ['valet_mode', 'start'],
  ['v2l_limit', '40'],
  ['schedule', '{"enabled":true,"offpeak_start":"22:00"}'],
  [
    'navigation',
    '{"pois":[{"name":"Museum","latitude":48.1,"longitude":11.6,"address":"Street 1"}]}',
  ],
] as const;

describe.skipIf(!hasMosquitto)('what is allowed', () => {
  let broker: Mosquitto;

  beforeAll(async () => {
    broker = await startMosquitto();
  });

  async function aBridge(options: Omit<SimulatedBridgeOptions, 'broker'>) {
    const bridge = await SimulatedBridge.start({
      broker,
      cars: 4,
      ...options,
      simulator: { command_latency: '0s', ...options.simulator },
    });
    await bridge.ready();
    return bridge;
  }

  /** Publishes as a person does, and answers what is said of it first. */
  async function answered(
    bridge: SimulatedBridge,
    car: string,
    name: string,
    payload: string,
  ): Promise<LifeCycleEvent> {
    const next = bridge.recorder.waitForNext(
      ({ topic }) => topic === bridge.topic(`${car}/result`),
    );
    await bridge.recorder.publish(bridge.commandTopic(car, name), payload);
    return lifeCycleEventSchema.parse(JSON.parse((await next).payload));
  }

  async function ended(bridge: SimulatedBridge, car: string, name: string, payload: string) {
    const { id } = await answered(bridge, car, name, payload);
    return bridge.recorder.waitForEnding(id, 30_000);
  }

  describe.each<[string, Omit<SimulatedBridgeOptions, 'broker'>, (needed: string) => string]>([
    ['with the default settings', {}, (needed) => needed],
    [
      'by a list of plain names',
      { config: { commands: { allow: plainNames } } },
      (needed) => needed,
    ],
    [
      'by name:value in one list where another has the plain name',
      { config: { commands: { allow: withValues } }, car: { commands: { allow: plainNames } } },
      (needed) => needed,
    ],
    [
      'where the bridge only reads',
      { config: { commands: { read_only: true, allow: withValues } } },
      () => 'commands.read_only',
    ],
  ])('%s', (_, options, reason) => {
    let bridge: SimulatedBridge;

    beforeAll(async () => {
      bridge = await aBridge(options);
    });

    test.each(guarded)('%s: %s %j is refused', async (car, name, payload, needed) => {
      const refused = await answered(bridge, car, name, payload);
      expect(refused).toMatchObject({ status: 'rejected', code: 'not_allowed', seq: 0 });
      expect(refused).toMatchObject({ vehicle: car, command: name, retryable: false });
      expect(refused.message).toContain(reason(needed));
      // What goes to a car goes one by one: a wake that is over proves that nothing went before it.
      expect(await bridge.refresh(car, 'force')).toMatchObject({ status: 'succeeded' });
      expect(bridge.actions('started', car)).toEqual([]);
    });

    test.each(['off', 'on', 'false', 'true', '0', '1', 'press'])(
      'the word %j is none of lock',
      async (word) => {
        const refused = await answered(bridge, ev, 'lock', word);
        expect(refused).toMatchObject({ status: 'rejected', code: 'invalid_payload' });
        expect(await bridge.refresh(ev, 'force')).toMatchObject({ status: 'succeeded' });
        expect(bridge.actions('started', ev)).toEqual([]);
      },
    );
  });

  test.each([
    ['the default settings', {}],
    ['plain names', { config: { commands: { allow: plainNames } } }],
  ])('what is not guarded runs with %s', async (_, options) => {
    const bridge = await aBridge(options);
    for (const [car, name, payload] of harmless) {
      const ending = await ended(bridge, car, name, payload);
      expect(ending, `${name} ${payload}`).toMatchObject({ status: 'succeeded' });
    }
    expect(bridge.actions('executed', ev)).toMatchObject([
      { name: 'lock', value: 'lock' },
      { name: 'windows', front_left: 'vent', rear_right: 'vent' },
      { name: 'windows', front_left: 'close', front_right: null },
      { name: 'valet_mode', value: 'start' },
      { name: 'climate_start' },
    ]);
    for (const car of [hev, ice]) {
      expect(bridge.actions('executed', car)).toEqual([{ name: 'climate_stop' }]);
    }
  });

  test('guarded values run where they are written as name:value, each once', async () => {
    const bridge = await aBridge({
      config: { commands: { allow: [...plainNames, ...withValues] } },
    });
    for (const [car, name, payload] of guarded) {
      const ending = await ended(bridge, car, name, payload);
      expect(ending, `${name} ${payload}`).toMatchObject({ status: 'succeeded' });
    }
    const unlock = { name: 'lock', value: 'unlock' };
    expect(bridge.actions('executed', ev)).toMatchObject([
      ...[unlock, unlock, unlock],
      { front_left: 'open', front_right: 'open', rear_left: 'open', rear_right: 'open' },
      { front_left: 'open', front_right: 'open', rear_left: 'open', rear_right: 'open' },
      { front_left: 'open', front_right: null, rear_left: null, rear_right: null },
      { front_left: 'vent', front_right: null, rear_left: 'close', rear_right: 'open' },
      { name: 'valet_mode', value: 'stop' },
    ]);
    const start = { name: 'climate_start' };
    expect(bridge.actions('executed', phev)).toMatchObject([start]);
    expect(bridge.actions('executed', hev)).toMatchObject([start, start]);
    expect(bridge.actions('executed', ice)).toMatchObject([start, { temperature: 21 }]);
    expect(bridge.actions('started', ev)).toEqual(bridge.actions('executed', ev));
  });

  test('what a car shows of its commands says which values are allowed', async () => {
    const bridge = await aBridge({ car: { commands: { allow: ['lock', 'climate:start'] } } });
    const commands = ({ payload }: { payload: string }) =>
      (JSON.parse(payload) as { commands: Record<string, unknown> }).commands;
    const info = commands(await bridge.recorder.waitForTopic(bridge.topic(`${ev}/info`)));
    expect(info).toMatchObject({ windows: { allowed: false }, valet_mode: { allowed: false } });
    expect(await answered(bridge, ev, 'lock', 'unlock')).toMatchObject({ code: 'not_allowed' });
    expect(info['lock']).toMatchObject({ values: ['lock'], allowed: true });
    expect(info['climate']).toMatchObject({ values: ['start'], allowed: true });
  });

  test('a bridge that only reads refuses each command, and reads', async () => {
    const bridge = await aBridge({ config: { commands: { read_only: true } } });
    for (const [name, payload] of everyCommand) {
      const refused = await answered(bridge, ev, name, payload);
      expect(refused, name).toMatchObject({ status: 'rejected', code: 'not_allowed' });
    }
    for (const mode of ['cached', 'force', 'smart']) {
      expect(await bridge.refresh(ev, mode)).toMatchObject({ status: 'succeeded' });
    }
    expect(bridge.calls('command')).toEqual([]);
  });

  test('a dry run of each command says what would be sent, and nothing changes', async () => {
    const bridge = await aBridge({ config: { commands: { rate: '1/1d' } } });
    const setPoints = (): unknown => {
      const state = bridge.recorder.on(bridge.topic(`${ev}/state`)).at(-1);
      return (JSON.parse(state?.payload ?? '') as { climate: unknown }).climate;
    };
    const before = setPoints();
    for (const [name, payload] of everyCommand) {
      const fields = payload.startsWith('{')
        ? (JSON.parse(payload) as object)
        : { value: Number.isNaN(Number(payload)) ? payload : Number(payload) };
      const ending = await bridge.ended(ev, name, { ...fields, dry_run: true });
      expect(ending, name).toMatchObject({ status: 'succeeded', dry_run: true, command: name });
      expect(bridge.statuses(ending.id), name).toEqual(['accepted', 'succeeded']);
      expect(ending.message, name).toMatch(/would be/);
    }
    // Neither did they count as commands, nor change what a start takes.
    expect(await ended(bridge, ev, 'climate', 'start')).toMatchObject({ status: 'succeeded' });
    expect(bridge.actions('started', ev)).toMatchObject([
      { name: 'climate_start', duration_min: 10, defrost: false, seats: { front_left: null } },
    ]);
    expect(before).toMatchObject({ duration_min: 10, start_defrost: false });
    expect(setPoints()).toMatchObject({ duration_min: 10, start_defrost: false });
  });

  test('more commands than the rate are refused, car by car, also behind a restart', async () => {
    const bridge = await aBridge({ config: { commands: { rate: '3/1h' } } });
    for (const [name, word] of [
      ['lock', 'lock'],
      ['horn', 'PRESS'],
      ['charge', 'stop'],
    ] as const) {
      expect(await ended(bridge, ev, name, word)).toMatchObject({ status: 'succeeded' });
    }
    const expectLimited = async (): Promise<void> => {
      const refused = await answered(bridge, ev, 'lights', 'PRESS');
      expect(refused).toMatchObject({ status: 'rejected', code: 'rate_limited', retryable: true });
      expect(refused.retry_after_s).toBeGreaterThan(3000);
      expect(refused.retry_after_s).toBeLessThanOrEqual(3600);
    };
    await expectLimited();
    expect(await ended(bridge, phev, 'lights', 'PRESS')).toMatchObject({ status: 'succeeded' });
    // Neither set-points nor reads are sent as commands.
    expect(await ended(bridge, ev, 'climate_duration', '5')).toMatchObject({ status: 'succeeded' });
    expect(await bridge.refresh(ev, 'force')).toMatchObject({ status: 'succeeded' });
    expect(await bridge.daemon.stop()).toMatchObject({ code: 0 });
    const from = bridge.recorder.messages.length;
    await bridge.startAgain();
    const online = bridge.topic('bridge/availability');
    await bridge.recorder.waitFor(
      ({ topic, payload }) => topic === online && payload === 'online',
      20_000,
      from,
    );
    await expectLimited();
    expect(bridge.actions('started', ev)).toHaveLength(3);
  });

  test('the payloads of the Python service are guarded alike', async () => {
    const bridge = await aBridge({ mqtt: { legacy_topics: true } });
    const { vendorId } = bridge.car(0);
    const forms = [
      [vendorId, ev, 'lock', '{"action":"unlock"}'],
      [ev, ev, 'lock', '{"action":"unlock"}'],
      [vendorId, ev, 'windows', '{"front_left":1,"back_right":0}'],
      [bridge.car(3).vendorId, ice, 'climate', '{"action":"start_climate","set_temp":21}'],
    ] as const;
    for (const [target, car, name, payload] of forms) {
      const id = bridge.newId();
      const withId = JSON.stringify({ id, ...(JSON.parse(payload) as object) });
      await broker.publish(bridge.commandTopic(target, name), withId);
      const refused = await bridge.recorder.waitForEnding(id);
      expect(refused, payload).toMatchObject({ status: 'rejected', code: 'not_allowed' });
      expect(refused).toMatchObject({ vehicle: car, command: name });
    }
    const locked = await bridge.ended(vendorId, 'lock', { action: 'lock' });
    expect(locked).toMatchObject({ status: 'succeeded', value: 'lock' });
    expect(await bridge.refresh(ice, 'force')).toMatchObject({ status: 'succeeded' });
    expect(bridge.actions('started', ev)).toEqual([{ name: 'lock', value: 'lock' }]);
    expect(bridge.actions('started', ice)).toEqual([]);
  });
});
