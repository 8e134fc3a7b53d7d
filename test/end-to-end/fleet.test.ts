import { beforeAll, describe, expect, test } from 'vitest';
import { Claims } from '../fleet-chaos/claims.js';
import { base, Fleet, type FleetCar, fleetName } from '../fleet-chaos/fleet.js';
import { type Mosquitto, hasMosquitto, startMosquitto } from '../support/mosquitto.js';
import { hasNats, startNats } from '../support/nats.js';
import { type Recorder, startRecorder } from '../support/recorder.js';
import { waitUntil } from '../support/wait.js';
import { expectLawfulLives } from './published.js';

/** Three processes of a fleet on a machine that does much else. */
const patience_ms = 60_000;
const instances = ['north', 'south', 'west'] as const;
const accounts = 6;

interface InstanceDocument {
  readonly accounts: Readonly<
    Record<string, { readonly state: string; readonly vehicles: string[] }>
  >;
  readonly log_level: string;
  readonly polling: { readonly enabled: boolean };
}

interface FleetDocument extends InstanceDocument {
  readonly instances: Readonly<Record<string, { readonly accounts: number }>>;
}

/** What a person with mosquitto_pub and mosquitto_sub has of a fleet. */
describe.skipIf(!hasMosquitto || !hasNats)('a fleet', { timeout: 180_000 }, () => {
  let broker: Mosquitto;
  let fleet: Fleet;
  let claims: Claims;
  let recorder: Recorder;
  let ids = 0;

  beforeAll(async () => {
    broker = await startMosquitto();
    const nats = await startNats();
    claims = await Claims.witness(nats, fleetName);
    recorder = await startRecorder(broker.url);
    fleet = await Fleet.prepare({
      ...{ broker, nats, instances, accounts, carsPerAccount: 1 },
      // Long enough to send something behind it.
      simulator: { force_latency: '3s' },
      config: { retry: { initial: '100ms', max: '1s' } },
    });
    await fleet.launchAll();
    for (const { alias } of fleet.cars) {
      await recorder.waitForTopic(`${base}/${alias}/availability`, 'online', patience_ms);
    }
    await everyInstanceHasItsShare();
  }, 180_000);

  const newId = (): string => `id-${String((ids += 1))}`;

  async function command(target: string, name: string, fields: object): Promise<string> {
    const id = newId();
    await broker.publish(`${base}/${target}/commands/${name}`, JSON.stringify({ id, ...fields }));
    return id;
  }

  const ended = (id: string) => recorder.waitForEnding(id, patience_ms);

  /** The newest of a topic. */
  const document = (topic: string): unknown =>
    JSON.parse(recorder.on(topic).at(-1)?.payload ?? 'null');
  const bridgeState = () => document(`${base}/bridge/state`) as FleetDocument | null;
  const instanceState = (instance: string) => {
    const payload = recorder.on(`${base}/bridge/instances/${instance}`).at(-1)?.payload;
    return payload === undefined || payload === ''
      ? undefined
      : (JSON.parse(payload) as InstanceDocument);
  };

  function until(condition: () => boolean | Promise<boolean>, what: () => string): Promise<void> {
    return waitUntil(condition, patience_ms, what);
  }

  async function ownerOf(account: string): Promise<string> {
    return (await claims.ownerOf(`account.${account}`)) ?? '';
  }

  /** A car of each instance. */
  async function carsOfAll(): Promise<Map<string, FleetCar>> {
    const owned = await Promise.all(
      fleet.cars.map(async (car) => [await ownerOf(car.account), car] as const),
    );
    return new Map(owned);
  }

  /** The accounts of all instances and the bridge itself, spread evenly, as the fleet's own document tells. */
  async function everyInstanceHasItsShare(): Promise<void> {
    const isSpread = async (): Promise<boolean> => {
      const speaker = await claims.ownerOf('bridge');
      const told = Object.entries(bridgeState()?.instances ?? {});
      const counts = told.map(([name, one]) => one.accounts + (name === speaker ? 1 : 0));
      return (
        counts.length === instances.length &&
        counts.reduce((sum, count) => sum + count, 0) === accounts + 1 &&
        Math.max(...counts) - Math.min(...counts) <= 1
      );
    };
    await until(isSpread, () => `shares; told: ${JSON.stringify(bridgeState()?.instances)}`);
  }

  test('says of itself what its instances say, added up', async () => {
    const isToldOf = (account: string) =>
      instances.filter((one) => Object.hasOwn(instanceState(one)?.accounts ?? {}, account));
    await until(
      () => fleet.accounts.every((account) => isToldOf(account).length === 1),
      () => 'each account to be told by one instance',
    );
    await until(
      () => Object.values(bridgeState()?.accounts ?? {}).every(({ state }) => state === 'ready'),
      () => `every account ready: ${JSON.stringify(bridgeState()?.accounts)}`,
    );
    for (const { account, alias } of fleet.cars) {
      expect(bridgeState()?.accounts[account]?.vehicles).toEqual([alias]);
      expect(isToldOf(account)).toEqual([await ownerOf(account)]);
    }
    // Whoever comes later is told the same.
    const later = await startRecorder(broker.url, { filter: `${base}/bridge/#` });
    for (const name of instances) {
      const { retain } = await later.waitForTopic(`${base}/bridge/instances/${name}`);
      expect(retain).toBe(true);
    }
    await later.waitForTopic(`${base}/bridge/availability`, 'online');
  });

  test('a command to a car is carried out by its owner, and by nobody else', async () => {
    const cars = await carsOfAll();
    expect([...cars.keys()].sort()).toEqual([...instances]);
    const sent = [...cars].map(async ([instance, car]) => {
      const id = await command(car.alias, 'lock', { value: 'lock' });
      expect(await ended(id)).toMatchObject({ status: 'succeeded', vehicle: car.alias });
      return { instance, car, id };
    });
    for (const { instance, car, id } of await Promise.all(sent)) {
      const done = (await fleet.effects([car.account])).filter(
        ({ command_id, phase }) => command_id === id && phase === 'executed',
      );
      expect(done.map((one) => one.instance)).toEqual([instance]);
    }
  });

  test('a car is found by its VIN, however that is written', async () => {
    const [car] = [...(await carsOfAll()).values()];
    if (car === undefined) throw new Error('no cars');
    const mixed = car.vin.slice(0, 4).toLowerCase() + car.vin.slice(4).toUpperCase();
    for (const name of [car.vin.toUpperCase(), car.vin.toLowerCase(), mixed]) {
      const id = await command(name, 'refresh', { value: 'cached' });
      expect(await ended(id), name).toMatchObject({ status: 'succeeded', vehicle: car.alias });
      expect(recorder.events(id).filter(({ status }) => status === 'accepted')).toHaveLength(1);
    }
  });

  test('what is for no car is refused once', async () => {
    const id = await command('nobody', 'refresh', { value: 'cached' });
    expect(await ended(id)).toMatchObject({ status: 'rejected', code: 'unknown_vehicle' });
    // Whoever else had an answer has given it before the next one.
    const next = [...(await carsOfAll()).values()].map(async ({ alias }) =>
      ended(await command(alias, 'refresh', { value: 'cached' })),
    );
    await Promise.all(next);
    expect(recorder.events(id)).toHaveLength(1);
  });

  test('a retained command is refused once, and cleared at the broker', async () => {
    const [car] = [...(await carsOfAll()).values()];
    const topic = `${base}/${car?.alias ?? ''}/commands/lock`;
    const id = newId();
    await broker.publish(topic, JSON.stringify({ id, value: 'unlock' }), { retain: true });
    expect(await ended(id)).toMatchObject({ status: 'rejected', code: 'retained' });
    await until(
      () => recorder.on(topic).some(({ payload }) => payload === ''),
      () => 'the retained command to be cleared',
    );
    await ended(await command(car?.alias ?? '', 'lock', { value: 'lock' }));
    expect(recorder.events(id)).toHaveLength(1);
  });

  test('refresh_all reads the cars of every instance', async () => {
    const id = await command('bridge', 'refresh_all', { value: 'cached' });
    expect(await ended(id)).toMatchObject({ status: 'succeeded', done: accounts, total: accounts });
    const asked = recorder.events(id)[0]?.at ?? '';
    const read = (await fleet.effects()).filter(
      ({ at, operation, phase }) => at >= asked && operation === 'cached' && phase === 'started',
    );
    expect(new Set(read.map(({ account }) => account))).toEqual(new Set(fleet.accounts));
    expect(new Set(read.map(({ instance }) => instance))).toEqual(new Set(instances));
  });

  test('what waits is cancelled wherever it is', async () => {
    const cars = [...(await carsOfAll()).values()];
    const waiting = await Promise.all(cars.map(behindAWake));
    for (const target of waiting) {
      const id = await command('bridge', 'cancel', { target });
      expect(await ended(id)).toMatchObject({ status: 'succeeded' });
      expect(await ended(target)).toMatchObject({ status: 'cancelled' });
    }
    const unknown = await command('bridge', 'cancel', { target: 'nothing-of-ours' });
    expect(await ended(unknown)).toMatchObject({ code: 'unknown_id' });
  });

  test('clear_queue ends what waits everywhere', async () => {
    const cars = [...(await carsOfAll()).values()];
    const waiting = await Promise.all(cars.map(behindAWake));
    const id = await command('bridge', 'clear_queue', {});
    expect(await ended(id)).toMatchObject({ status: 'succeeded' });
    for (const target of waiting) {
      expect(await ended(target)).toMatchObject({ status: 'cancelled' });
    }
  });

  /** A command that waits until its car has been woken, which takes seconds. Resolves when that has begun. */
  async function behindAWake({ alias }: FleetCar): Promise<string> {
    const wake = await command(alias, 'refresh', { value: 'force' });
    await recorder.waitForStatus(wake, ['running'], patience_ms);
    const id = await command(alias, 'charge_limits', { ac: 80, dc: 90 });
    await recorder.waitForStatus(id, ['accepted'], patience_ms);
    return id;
  }

  test.each(['debug', 'info'])('log_level %s reaches every instance', async (level) => {
    const id = await command('bridge', 'log_level', { value: level });
    expect(await ended(id)).toMatchObject({ status: 'succeeded' });
    await until(
      () =>
        bridgeState()?.log_level === level &&
        instances.every((one) => instanceState(one)?.log_level === level),
      () => `${level} everywhere`,
    );
  });

  test.each([
    ['on', true],
    ['off', false],
  ])('polling %s reaches every instance', async (value, enabled) => {
    const id = await command('bridge', 'polling', { value });
    expect(await ended(id)).toMatchObject({ status: 'succeeded' });
    await until(
      () =>
        bridgeState()?.polling.enabled === enabled &&
        instances.every((one) => instanceState(one)?.polling.enabled === enabled),
      () => `polling ${value} everywhere`,
    );
  });

  describe('when the instance that speaks is killed', () => {
    let killed: string;
    let sent: readonly { readonly id: string; readonly car: FleetCar }[];

    beforeAll(async () => {
      killed = (await claims.ownerOf('bridge')) ?? '';
      const cars: FleetCar[] = [];
      for (const car of fleet.cars) if ((await ownerOf(car.account)) === killed) cars.push(car);
      await fleet.kill(killed);
      sent = await Promise.all(
        cars.map(async (car) => ({ car, id: await command(car.alias, 'lock', { value: 'lock' }) })),
      );
    }, 60_000);

    test('what was sent meanwhile is carried out by the new owners', async () => {
      expect(sent.length).toBeGreaterThan(0);
      for (const { id, car } of sent) {
        expect(await ended(id)).toMatchObject({ status: 'succeeded' });
        const owner = await ownerOf(car.account);
        expect(owner).not.toBe(killed);
        const done = (await fleet.effects([car.account])).filter(
          ({ command_id, phase }) => command_id === id && phase === 'executed',
        );
        expect(done.map(({ instance }) => instance)).toEqual([owner]);
      }
    });

    test('another one speaks', async () => {
      await until(
        () => !Object.hasOwn(bridgeState()?.instances ?? {}, killed),
        () => `${killed} to be gone from the fleet's state`,
      );
      // What nobody says any more is not left at the broker.
      await until(
        () => recorder.on(`${base}/bridge/instances/${killed}`).at(-1)?.payload === '',
        () => `what ${killed} said of itself to be cleared`,
      );
      const id = await command('nobody', 'refresh', { value: 'cached' });
      expect(await ended(id)).toMatchObject({ status: 'rejected', code: 'unknown_vehicle' });
      expect(recorder.on(`${base}/bridge/availability`).at(-1)?.payload).toBe('online');
      expect(await claims.ownerOf('bridge')).not.toBe(killed);
    });

    describe('and comes back', () => {
      beforeAll(async () => {
        await fleet.launch(killed);
        await everyInstanceHasItsShare();
      }, 120_000);

      test('it has its share again, and nobody has signed in anew', async () => {
        for (const account of fleet.accounts) {
          const signIns = (await fleet.effects([account])).filter(
            ({ operation, phase }) => operation === 'sign_in' && phase === 'started',
          );
          expect(signIns.map((one) => one.account)).toEqual([account]);
        }
        for (const [instance, car] of await carsOfAll()) {
          const id = await command(car.alias, 'refresh', { value: 'cached' });
          expect(await ended(id), instance).toMatchObject({ status: 'succeeded' });
        }
      });

      test('one that is stopped gives its accounts to the others in order', async () => {
        const [stopped] = instances;
        expect(await fleet.daemon(stopped).stop(60_000)).toEqual({ code: 0, signal: null });
        for (const { account, alias } of fleet.cars) {
          expect(await ownerOf(account)).not.toBe(stopped);
          const id = await command(alias, 'refresh', { value: 'cached' });
          expect(await ended(id)).toMatchObject({ status: 'succeeded' });
        }
        await until(
          () => Object.keys(bridgeState()?.instances ?? {}).length === instances.length - 1,
          () => `${stopped} to be gone; told: ${JSON.stringify(bridgeState()?.instances)}`,
        );
        expect(recorder.on(`${base}/bridge/availability`).at(-1)?.payload).toBe('online');
        expectLawfulLives(recorder.messages);
      });
    });
  });
});
