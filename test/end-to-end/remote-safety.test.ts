import { beforeAll, describe, expect, test } from 'vitest';
import type { LifeCycleEvent } from '../../src/vehicle/life-cycle.js';
import { hasMosquitto, startMosquitto, type Mosquitto } from '../support/mosquitto.js';
import { startRecorder } from '../support/recorder.js';
import { isEnding } from './published.js';
import { SimulatedBridge, type SimulatedBridgeOptions } from './simulated-bridge.js';
import type { Weather } from './simulated-cars.js';

const lock = { name: 'lock', value: 'lock' };
const unlock = { name: 'lock', value: 'unlock' };
const mayUnlock = {
  commands: { allow: ['refresh', 'lock', 'lock:unlock', 'climate', 'horn', 'cancel'] },
};
const v311 = ['-V', 'mqttv311'];

describe.skipIf(!hasMosquitto)('never twice, never late, never by accident', () => {
  let broker: Mosquitto;
  /** For whatever needs no settings of its own. */
  let bridge: SimulatedBridge;
  let unused: string[] = [];

  beforeAll(async () => {
    broker = await startMosquitto();
    bridge = await aBridge({ cars: 24 });
    unused = bridge.cars.map(({ alias }) => alias);
  });

  async function aBridge(options: Omit<SimulatedBridgeOptions, 'broker'> = {}) {
    const started = await SimulatedBridge.start({
      broker,
      config: mayUnlock,
      ...options,
      simulator: { command_latency: '0s', ...options.simulator },
    });
    await started.ready();
    return started;
  }

  /** A car of the shared bridge to which nothing has been sent. Every fourth is electric. */
  function aCar(isElectric = false): string {
    const found = unused.find((car) => (Number(car.slice('car'.length)) % 4 === 0) === isElectric);
    unused = unused.filter((car) => car !== found);
    return found ?? '';
  }

  const makeWeather = (car: string, weather: NonNullable<Weather['vehicles']>[string]) =>
    bridge.weather({ vehicles: { [car]: weather } });

  /** The car is busy for so long. */
  async function keepBusy(car: string, latency_ms: number): Promise<string> {
    await makeWeather(car, { force: { latency_ms } });
    const id = await bridge.send(car, 'force');
    await bridge.recorder.waitForStatus(id, ['running']);
    return id;
  }

  /** What goes to a car goes one by one: a wake that is over proves that nothing is to come before it. */
  async function expectDone(car: string, actions: object[], of = bridge): Promise<void> {
    await of.weather({});
    expect(await of.refresh(car, 'force')).toMatchObject({ status: 'succeeded' });
    expect(of.actions('started', car)).toMatchObject(actions);
    expect(of.actions('executed', car)).toMatchObject(actions);
  }

  const agoIso = (ago_s: number): string => new Date(Date.now() - ago_s * 1000).toISOString();

  describe('a retained command', () => {
    test.each([
      ['lock', []],
      ['lock', v311],
      ['unlock', []],
      ['{"id":"kept","value":"unlock"}', []],
    ])('%s is refused and cleared at once', async (payload, words) => {
      const car = aCar();
      const topic = bridge.commandTopic(car, 'lock');
      const refused = bridge.recorder.waitForNext(
        (said) => said.topic === bridge.topic(`${car}/result`),
      );
      await broker.publish(topic, payload, { retain: true, arguments: words });
      expect(JSON.parse((await refused).payload)).toMatchObject({
        ...{ status: 'rejected', code: 'retained', retryable: false },
        ...{ vehicle: car, command: 'lock', seq: 0 },
      });
      await bridge.recorder.waitForTopic(topic, '');
      await expectDone(car, []);
    });

    test('that the broker has kept is refused and cleared at the next start', async () => {
      const own = await aBridge();
      expect(await own.daemon.stop()).toMatchObject({ code: 0 });
      const names = ['car0', own.car(0).vin, own.car(0).vendorId];
      for (const name of names) {
        await broker.publish(own.commandTopic(name, 'lock'), 'unlock', { retain: true });
      }
      await own.startAgain();
      for (const name of names) {
        await own.recorder.waitForTopic(own.commandTopic(name, 'lock'), '');
      }
      await expectDone('car0', [], own);
      // Once as what its session held, and once as what is retained.
      const said = own.results.map(({ payload }) => JSON.parse(payload) as LifeCycleEvent);
      const locks = said.filter(({ command }) => command === 'lock');
      expect(locks.length).toBeGreaterThanOrEqual(names.length);
      for (const one of locks) expect(one).toMatchObject({ status: 'rejected', code: 'retained' });
      const late = await startRecorder(broker.url, { filter: `${own.base}/#` });
      await late.waitForTopic(own.topic('bridge/availability'), 'online');
      expect(late.messages.filter(({ topic }) => topic.includes('/commands/'))).toEqual([]);
    });

    test('runs once with MQTT 3.1.1, where it cannot be told apart, and never again', async () => {
      const own = await aBridge({ mqtt: { version: 4 } });
      const topic = own.commandTopic('car0', 'lock');
      const payload = JSON.stringify({ id: 'kept-311', value: 'lock' });
      await broker.publish(topic, payload, { retain: true });
      expect(await own.recorder.waitForEnding('kept-311')).toMatchObject({ status: 'succeeded' });
      await own.daemon.stop();
      await own.startAgain();
      await own.recorder.waitForTopic(topic, '');
      await expectDone('car0', [lock], own);
    });
  });

  describe('a late command', () => {
    test('issued longer ago than its expiry does nothing, and one that is not does', async () => {
      const car = aCar();
      const late = await bridge.ended(car, 'lock', { value: 'unlock', issued_at: agoIso(61) });
      expect(bridge.recorder.events(late.id)).toMatchObject([{ status: 'expired', seq: 0 }]);
      // A dry run is no way around it.
      const dry = { value: 'unlock', issued_at: agoIso(61), dry_run: true };
      expect(await bridge.ended(car, 'lock', dry)).toMatchObject({ status: 'expired' });
      await expectDone(car, []);
      const inTime = { value: 'unlock', issued_at: agoIso(30) };
      expect(await bridge.ended(car, 'lock', inTime)).toMatchObject({ status: 'succeeded' });
      const older = { value: 'lock', issued_at: agoIso(500) };
      expect(await bridge.ended(car, 'lock', older)).toMatchObject({ status: 'succeeded' });
      await expectDone(car, [unlock, lock]);
    });

    test.each([
      ['its own expiry', { expires_in: 1 }, []],
      ['the expiry of its message', {}, ['-D', 'publish', 'message-expiry-interval', '1']],
    ])('expires at %s while its car is busy', async (_, fields, words) => {
      const car = aCar();
      const wake = await keepBusy(car, 2500);
      const id = bridge.newId();
      const payload = JSON.stringify({ id, value: 'unlock', ...fields });
      await broker.publish(bridge.commandTopic(car, 'lock'), payload, { arguments: words });
      expect(await bridge.recorder.waitForEnding(id)).toMatchObject({ status: 'expired' });
      expect(bridge.statuses(id)).toEqual(['accepted', 'expired']);
      // At its time: before what it waited for.
      expect(bridge.statuses(wake)).toEqual(['accepted', 'running']);
      await bridge.recorder.waitForEnding(wake);
      await expectDone(car, []);
    });

    test('expires at its time while every thread hangs with other cars', async () => {
      const own = await aBridge({
        cars: 3,
        config: {
          ...mayUnlock,
          confirm: { read_back: [] },
          workers: { max: 2, deadline: { force: '2500ms', command: '2500ms' } },
        },
      });
      const stuck = { force: { hang: true }, command: { hang: true } };
      await own.weather({ vehicles: { car1: stuck, car2: stuck } });
      const hung = [
        await own.command('car1', 'horn', {}),
        await own.send('car2', 'force'),
        await own.command('car2', 'lock', { value: 'lock' }),
      ];
      const [first = ''] = hung;
      await own.recorder.waitForStatus(first, ['running']);
      const id = await own.command('car0', 'lock', { value: 'unlock', expires_in: 1 });
      expect(await own.recorder.waitForEnding(id)).toMatchObject({ status: 'expired' });
      expect(own.statuses(id)).toEqual(['accepted', 'expired']);
      expect(own.statuses(first)).toEqual(['accepted', 'running']);
      for (const one of hung) {
        const ending = await own.recorder.waitForEnding(one, 30_000);
        expect(ending).toMatchObject({ status: 'failed', code: 'timeout' });
      }
      await expectDone('car0', [], own);
    });

    test('that its thread takes up too late is not sent', async () => {
      const car = aCar();
      await makeWeather(car, { command: { starts_after_ms: 2000 } });
      const late = await bridge.ended(car, 'lock', { value: 'unlock', expires_in: 1 });
      expect(late).toMatchObject({ status: 'failed', code: 'timeout' });
      expect(late.outcome).toBeUndefined();
      await expectDone(car, []);
    });
  });

  describe('the same id', () => {
    test('twice does nothing more to the car, by whatever name', async () => {
      const car = aCar();
      await makeWeather(car, { command: { car_latency_ms: 500 } });
      const { vin = '', vendorId = '' } = bridge.cars.find(({ alias }) => alias === car) ?? {};
      const payload = JSON.stringify({ id: 'twice', value: 'unlock' });
      const send = (name: string, qos: 0 | 1 | 2) =>
        broker.publish(bridge.commandTopic(name, 'lock'), payload, { qos });
      await send(car, 1);
      await send(car, 2);
      await send(vin, 0);
      const ending = await bridge.recorder.waitForEnding('twice');
      expect(ending).toMatchObject({ status: 'succeeded', confirmed_by: 'action_status' });
      await send(vendorId, 1);
      await send(car, 1);
      const replays = () => bridge.recorder.events('twice').filter(({ replayed }) => replayed);
      await bridge.recorder.waitFor(() => replays().length === 4);
      await bridge.command(car, 'lock', { id: 'twice', value: 'lock' });
      const reused = await bridge.recorder.waitForStatus('twice', ['rejected']);
      expect(reused).toMatchObject({ code: 'id_reused', seq: 0 });
      await expectDone(car, [unlock]);
    });

    test('of a refused command is free, and a word without one runs each time', async () => {
      const car = aCar();
      const topic = bridge.commandTopic(car, 'lock');
      await broker.publish(topic, JSON.stringify({ id: 'again', value: 'off' }));
      await bridge.recorder.waitForStatus('again', ['rejected']);
      await broker.publish(topic, JSON.stringify({ id: 'again', value: 'lock' }));
      await bridge.recorder.waitForStatus('again', ['succeeded']);
      for (const words of [v311, []]) {
        const done = bridge.recorder.waitForNext(
          ({ topic: on, payload }) =>
            on === bridge.topic(`${car}/result`) && payload.includes('"succeeded"'),
        );
        await broker.publish(topic, 'lock', { arguments: words });
        await done;
      }
      await expectDone(car, [lock, lock, lock]);
    });
  });

  describe('a later command', () => {
    test('of the same name replaces one that waits: the car is only locked', async () => {
      const car = aCar();
      await keepBusy(car, 1000);
      const first = await bridge.command(car, 'lock', { value: 'unlock' });
      const second = await bridge.command(car, 'lock', { value: 'lock' });
      expect(await bridge.recorder.waitForEnding(first)).toMatchObject({
        status: 'superseded',
        superseded_by: second,
      });
      expect(await bridge.recorder.waitForEnding(second)).toMatchObject({ status: 'succeeded' });
      await expectDone(car, [lock]);
    });

    test('replaces a start of the climate, whose temperature is not sent', async () => {
      const car = aCar(true);
      await keepBusy(car, 1000);
      const start = (temperature: number) =>
        bridge.command(car, 'climate', { value: 'start', temperature });
      const first = await start(21);
      const second = await start(23);
      expect(await bridge.recorder.waitForEnding(first)).toMatchObject({ status: 'superseded' });
      expect(await bridge.recorder.waitForEnding(second)).toMatchObject({ status: 'succeeded' });
      await expectDone(car, [{ name: 'climate_start', temperature: 23 }]);
    });

    test('never replaces what has left: both are done, in their order', async () => {
      const car = aCar();
      await makeWeather(car, { command: { car_latency_ms: 700 } });
      const first = await bridge.command(car, 'lock', { value: 'unlock' });
      await bridge.recorder.waitForStatus(first, ['confirming']);
      const second = await bridge.command(car, 'lock', { value: 'lock' });
      for (const id of [first, second]) {
        expect(await bridge.recorder.waitForEnding(id)).toMatchObject({ status: 'succeeded' });
      }
      await expectDone(car, [unlock, lock]);
    });

    test('that is refused replaces nothing', async () => {
      const car = aCar();
      await keepBusy(car, 1000);
      const first = await bridge.command(car, 'lock', { value: 'lock' });
      const late = { value: 'unlock', issued_at: agoIso(61) };
      expect(await bridge.ended(car, 'lock', late)).toMatchObject({ status: 'expired' });
      const dry = await bridge.ended(car, 'lock', { value: 'unlock', dry_run: true });
      expect(dry).toMatchObject({ status: 'succeeded', dry_run: true });
      expect(await bridge.recorder.waitForEnding(first)).toMatchObject({ status: 'succeeded' });
      await expectDone(car, [lock]);
    });
  });

  describe('cancel', () => {
    const cancel = async (id: string): Promise<LifeCycleEvent> => {
      const from = bridge.recorder.messages.length;
      await broker.publish(bridge.commandTopic('bridge', 'cancel'), id);
      const eventOf = ({ payload }: { payload: string }) => JSON.parse(payload) as LifeCycleEvent;
      const answer = await bridge.recorder.waitFor(
        (said) => said.topic === bridge.topic('bridge/result') && isEnding(eventOf(said)),
        undefined,
        from,
      );
      return eventOf(answer);
    };

    test('that is sent right behind a command finds it', async () => {
      const car = aCar();
      await keepBusy(car, 1500);
      const id = bridge.newId();
      const { client } = bridge.recorder;
      // Both are with the bridge before either is on its disk.
      await Promise.all([
        client.publishAsync(
          bridge.commandTopic(car, 'lock'),
          JSON.stringify({ id, value: 'unlock' }),
          { qos: 1 },
        ),
        client.publishAsync(bridge.commandTopic('bridge', 'cancel'), id, { qos: 1 }),
      ]);
      expect(await bridge.recorder.waitForEnding(id)).toMatchObject({ status: 'cancelled' });
      await expectDone(car, []);
    });

    test('ends one that waits', async () => {
      const car = aCar();
      await keepBusy(car, 1500);
      const id = await bridge.command(car, 'lock', { value: 'unlock' });
      await bridge.recorder.waitForStatus(id, ['accepted']);
      expect(await cancel(id)).toMatchObject({ command: 'cancel', status: 'succeeded' });
      expect(await bridge.recorder.waitForEnding(id)).toMatchObject({ status: 'cancelled' });
      expect(await cancel(id)).toMatchObject({ status: 'rejected', code: 'unknown_id' });
      await expectDone(car, []);
    });

    test('ends one that waits for what may come with it', async () => {
      const car = aCar(true);
      const id = await bridge.command(car, 'climate', { value: 'auto' });
      await bridge.recorder.waitForStatus(id, ['accepted']);
      expect(await cancel(id)).toMatchObject({ status: 'succeeded' });
      expect(await bridge.recorder.waitForEnding(id)).toMatchObject({ status: 'cancelled' });
      await expectDone(car, []);
    });

    test('is too late for one that has left', async () => {
      const car = aCar();
      await makeWeather(car, { command: { car_latency_ms: 1500 } });
      const id = await bridge.command(car, 'lock', { value: 'unlock' });
      await bridge.recorder.waitForStatus(id, ['confirming']);
      expect(await cancel(id)).toMatchObject({ status: 'rejected', code: 'too_late' });
      expect(await bridge.recorder.waitForEnding(id)).toMatchObject({ status: 'succeeded' });
      await expectDone(car, [unlock]);
    });
  });
});
