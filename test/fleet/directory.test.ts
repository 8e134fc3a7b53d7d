import { join } from 'node:path';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { CarNames, type DirectoryCar } from '../../src/fleet/car-names.js';
import { Directory } from '../../src/fleet/directory.js';
import { isCalled } from '../../src/vehicle/known-vehicle.js';
import { hasNats, NatsServer, startNats } from '../support/nats.js';
import { onTeardown } from '../support/teardown.js';
import { tempDir } from '../support/temp-dir.js';
import { waitUntil } from '../support/wait.js';
import { aLog, cipher } from './a-fleet.js';

const ioniq: DirectoryCar = {
  id: 'Vendor-1',
  vin: 'KMHXX00XXXX000001',
  topic_id: 'ioniq5',
  is_gone: false,
};
const niro: DirectoryCar = { id: 'v-2', vin: null, topic_id: 'v-2', is_gone: false };

describe('what cars are called', () => {
  test.each([
    ['ioniq5', true],
    ['Vendor-1', true],
    ['KMHXX00XXXX000001', true],
    ['kmhxx00xxxx000001', true],
    ['KmhXX00xxxx000001', false],
  ])('%s is the car; its owner subscribes to it: %s', (name, exact) => {
    const names = new CarNames();
    names.set('home', [niro, ioniq]);
    expect(names.find(name)).toEqual({ account: 'home', topic_id: 'ioniq5', exact });
  });

  test.each(['IONIQ5', 'vendor-1', '', 'KMHXX00XXXX00000'])('%j is no car', (name) => {
    const names = new CarNames();
    names.set('home', [ioniq]);
    expect(names.find(name)).toBeUndefined();
  });

  test('cars are found as an account finds its own, whatever has changed before', () => {
    const word = fc.constantFrom('a', 'A', 'b', 'B', 'ab', 'aB', 'Ab', 'AB');
    const car = fc.record({
      id: word,
      vin: fc.option(word),
      topic_id: word,
      is_gone: fc.boolean(),
    });
    const change = fc.tuple(
      fc.constantFrom('one', 'two', 'three'),
      fc.array(car, { maxLength: 3 }),
    );
    fc.assert(
      fc.property(fc.array(change, { maxLength: 8 }), word, (changes, name) => {
        const names = new CarNames();
        const cars = new Map<string, readonly DirectoryCar[]>();
        for (const [account, now] of changes) {
          names.set(account, now);
          cars.set(account, now);
        }
        const found = [...cars].flatMap(([account, own]) =>
          own
            .filter((one) => isCalled({ topic_id: one.topic_id, listed: one }, name))
            .map(({ topic_id }) => ({ account, topic_id })),
        );
        const [account] = found.map((one) => one.account).sort();
        const expected = found.find((one) => one.account === account);
        const told = names.find(name);
        expect(told && { account: told.account, topic_id: told.topic_id }).toEqual(expected);
        for (const [one, own] of cars) expect(names.carsOf(one)).toEqual(own);
      }),
    );
  });
});

describe.runIf(hasNats)('the directory of the fleet', () => {
  let nats: NatsServer;
  let count = 0;

  beforeAll(async () => {
    nats = await startNats();
  });

  async function aDirectory(name: string, server = nats): Promise<Directory> {
    const connection = await server.connect();
    const retry = { initial_ms: 20, factor: 2, max_ms: 200, jitter: 0 };
    const { log } = aLog();
    const options = { connection, name, replicas: 1, cipher, log, retry, readAnew_ms: 1000 };
    const directory = await Directory.open(options);
    onTeardown(() => {
      directory.stop();
    });
    return directory;
  }

  function aName(): string {
    count += 1;
    return `fleet${String(count)}`;
  }

  const isHeld = (): boolean => true;

  function knows(directory: Directory, name: string, account: string): Promise<void> {
    return waitUntil(
      () => directory.find(name)?.account === account,
      15_000,
      () => `${name} to be of ${account}`,
    );
  }

  test('what one instance tells all others know, also those that come later', async () => {
    const name = aName();
    const [one, other] = await Promise.all([aDirectory(name), aDirectory(name)]);
    expect(other.unlisted(['home', 'work'])).toEqual(['home', 'work']);
    one.put('home', { has_listed: true, cars: [ioniq] }, isHeld);
    one.put('work', { has_listed: false, cars: [] }, isHeld);
    await knows(other, 'ioniq5', 'home');
    const late = await aDirectory(name);
    expect(late.find('kmhxx00xxxx000001')).toMatchObject({ account: 'home', exact: true });
    expect(late.carsOf('home')).toEqual([ioniq]);
    expect(late.unlisted(['home', 'work'])).toEqual(['work']);
  });

  test('a car that moves to another account is found there, and one that is forgotten nowhere', async () => {
    const name = aName();
    const [one, other] = await Promise.all([aDirectory(name), aDirectory(name)]);
    one.put('home', { has_listed: true, cars: [ioniq, niro] }, isHeld);
    await knows(other, 'v-2', 'home');
    one.put('home', { has_listed: true, cars: [ioniq] }, isHeld);
    other.put('work', { has_listed: true, cars: [niro] }, isHeld);
    await knows(one, 'v-2', 'work');
    await waitUntil(
      () => other.carsOf('home').length === 1,
      10_000,
      () => 'the car to leave home',
    );
    one.forget('work', isHeld);
    for (const directory of [one, other]) {
      await waitUntil(
        () => directory.find('v-2') === undefined,
        10_000,
        () => 'work to be forgotten',
      );
      expect(directory.unlisted(['home', 'work'])).toEqual(['work']);
    }
  });

  test('what is told again is not written again, and nothing by who is not the owner any more', async () => {
    const name = aName();
    const connection = await nats.connect();
    const written: string[] = [];
    connection.subscribe(`$KV.${name}_cars.>`, {
      callback: (_, { subject }) => {
        written.push(subject);
      },
    });
    await connection.flush();
    const [one, other] = await Promise.all([aDirectory(name), aDirectory(name)]);
    const listing = { has_listed: true, cars: [ioniq] };
    for (let times = 0; times < 5; times += 1) one.put('home', listing, isHeld);
    await knows(other, 'ioniq5', 'home');
    one.put('home', listing, isHeld);
    other.put('home', listing, isHeld);
    one.put('home', { has_listed: true, cars: [niro] }, () => false);
    // What was to be written after all would be before this.
    one.put('work', { has_listed: true, cars: [] }, isHeld);
    await waitUntil(
      () => written.length > 1,
      10_000,
      () => 'work to be written',
    );
    expect(written).toEqual([`$KV.${name}_cars.home`, `$KV.${name}_cars.work`]);
  });

  test('of two that tell at the same time the owner has the last word', async () => {
    const name = aName();
    const [former, owner, reader] = await Promise.all([
      aDirectory(name),
      aDirectory(name),
      aDirectory(name),
    ]);
    let isFormerHeld = true;
    for (let round = 0; round < 20; round += 1) {
      isFormerHeld = true;
      former.put('home', { has_listed: true, cars: [niro] }, () => isFormerHeld);
      owner.put('home', { has_listed: true, cars: [{ ...ioniq, topic_id: `c${round}` }] }, isHeld);
      isFormerHeld = false;
      await knows(reader, `c${String(round)}`, 'home');
      await waitUntil(
        () => reader.carsOf('home')[0]?.topic_id === `c${String(round)}`,
        10_000,
        () => 'the word of the owner',
      );
    }
  });

  test('no VIN can be read in what NATS stores', async () => {
    const name = aName();
    const connection = await nats.connect();
    const stored: string[] = [];
    connection.subscribe(`$KV.${name}_cars.>`, {
      callback: (_, { data }) => {
        stored.push(Buffer.from(data).toString('latin1'));
      },
    });
    await connection.flush();
    const one = await aDirectory(name);
    one.put('home', { has_listed: true, cars: [ioniq] }, isHeld);
    await waitUntil(
      () => stored.length > 0,
      10_000,
      () => 'it to be stored',
    );
    expect(stored.join('')).not.toMatch(/kmhxx|vendor|ioniq/i);
  });

  test('what is told while NATS is away is known after it, even where it has lost everything', async () => {
    const own = await startNats();
    const [one, other] = await Promise.all([aDirectory('fleet', own), aDirectory('fleet', own)]);
    one.put('home', { has_listed: true, cars: [ioniq] }, isHeld);
    await knows(other, 'ioniq5', 'home');
    await own.kill();
    one.put('home', { has_listed: true, cars: [niro] }, isHeld);
    await own.start();
    await knows(other, 'v-2', 'home');
    expect(other.find('ioniq5')).toBeUndefined();
    await own.kill();
    const empty = new NatsServer(own.port, join(await tempDir(), 'jetstream'));
    onTeardown(() => empty.stop());
    await empty.start();
    // What was told before is told again by itself: who comes now knows nothing else.
    const late = await aDirectory('fleet', empty);
    await knows(late, 'v-2', 'home');
    one.put('home', { has_listed: true, cars: [ioniq, niro] }, isHeld);
    await knows(other, 'ioniq5', 'home');
  });
});
