import { jetstreamManager } from '@nats-io/jetstream';
import { describe, expect, test } from 'vitest';
import type { Ownership } from '../../src/fleet/ownership.js';
import { hasNats, startNats } from '../support/nats.js';
import { waitUntil } from '../support/wait.js';
import { closedGate, FleetWorld, itemsOf, patientTiming } from './fleet-world.js';

const namesOf = ({ instances }: Ownership): string[] => instances.map(({ name }) => name);

describe.skipIf(!hasNats)('ownership in a fleet', () => {
  test('two that come at once share a hundred items, each owned by one', async () => {
    const world = new FleetWorld(await startNats());
    const items = itemsOf(100);
    const both = await Promise.all([world.join('one'), world.join('two')]);
    for (const ownership of both) ownership.setItems(items);
    await world.spread(items, both);
    expect(world.overlap()).toBeUndefined();
    const [one, two] = both;
    await waitUntil(
      () => [one, two].every((it) => items.every((item) => it.ownerOf(item) !== undefined)),
      5000,
      () => 'both to know all owners',
    );
    for (const view of both) {
      expect(items.filter((item) => view.ownerOf(item) === 'one').toSorted()).toEqual(
        one.held.toSorted(),
      );
    }
    const since = expect.stringMatching(/^20.*Z$/) as string;
    expect(two.instances).toEqual([
      { name: 'one', since, version: '1.2.3', items: 50, isOwn: false },
      { name: 'two', since, version: '1.2.3', items: 50, isOwn: true },
    ]);
  });

  test('one that comes gets its share, and what it leaves is taken at once', async () => {
    const world = new FleetWorld(await startNats());
    const items = itemsOf(20);
    const one = await world.join('one');
    const two = await world.join('two');
    for (const ownership of [one, two]) ownership.setItems(items);
    await world.spread(items, [one, two]);
    const three = await world.join('three');
    three.setItems(items);
    await world.spread(items, [one, two, three]);
    await three.stop();
    expect(three.held).toEqual([]);
    await world.spread(items, [one, two]);
    await waitUntil(
      () => namesOf(one).length === 2,
      5000,
      () => 'the one that left to be gone',
    );
    expect(world.overlap()).toBeUndefined();
    // Six went to the third, and came back: nothing else has moved.
    expect(world.taken.filter(({ why }) => why === 'released')).toHaveLength(12);
    expect(world.taken.filter(({ why }) => why === 'lost')).toEqual([]);
  });

  test('items come and go at run time', async () => {
    const world = new FleetWorld(await startNats());
    const both = [await world.join('one'), await world.join('two')] as const;
    for (const ownership of both) ownership.setItems(['bridge', 'account.home']);
    await world.spread(['bridge', 'account.home'], both);
    for (const ownership of both) ownership.setItems(['account.home', ...itemsOf(5)]);
    await world.spread(['account.home', ...itemsOf(5)], both);
    await waitUntil(
      () => both[0].ownerOf('bridge') === undefined,
      5000,
      () => 'what is no item any more to have no owner',
    );
    expect(world.taken.filter(({ item }) => item === 'bridge').map(({ why }) => why)).toEqual([
      'released',
    ]);
    for (const ownership of both) ownership.setItems([]);
    await waitUntil(
      () => both.every(({ held }) => held.length === 0),
      5000,
      () => 'nothing to be held',
    );
    expect(world.overlap()).toBeUndefined();
  });

  test('what cannot be started is tried again, and others take over what is left', async () => {
    const world = new FleetWorld(await startNats());
    const items = itemsOf(6);
    let attempts = 0;
    const sick = await world.join('sick', {
      retry: { initial_ms: 100, factor: 3, max_ms: 60_000, jitter: 0 },
      take: () => {
        attempts += 1;
        return Promise.reject(new Error('no room'));
      },
    });
    const sound = await world.join('sound', { timing: { ...patientTiming, overdue_ms: 500 } });
    for (const ownership of [sick, sound]) ownership.setItems(items);
    await waitUntil(
      () => sound.held.length === 6,
      15_000,
      () => `the sound one to have all: ${String(sound.held.length)}`,
    );
    expect(attempts).toBeGreaterThanOrEqual(3);
    expect(sick.held).toEqual([]);
  });

  test('an item whose owner was changed by hand is lost, and owned again', async () => {
    const nats = await startNats();
    const world = new FleetWorld(nats);
    const one = await world.join('one');
    one.setItems(['bridge']);
    await world.spread(['bridge'], [one]);
    const jsm = await jetstreamManager(await nats.connect());
    await jsm.streams.purge('KV_fleet_fleet', { filter: '$KV.fleet_fleet.owner.bridge' });
    await jsm.jetstream().publish('$KV.fleet_fleet.owner.bridge', '{"what":"ever"}');
    await waitUntil(
      () => world.taken[0]?.why === 'lost',
      5000,
      () => 'the item to be lost',
    );
    await world.spread(['bridge'], [one]);
    expect(world.overlap()).toBeUndefined();
  });

  test('a bucket that is gone is made anew', async () => {
    const nats = await startNats();
    const world = new FleetWorld(nats);
    const items = itemsOf(10);
    const both = [await world.join('one'), await world.join('two')] as const;
    for (const ownership of both) ownership.setItems(items);
    await world.spread(items, both);
    const jsm = await jetstreamManager(await nats.connect());
    await jsm.streams.delete('KV_fleet_fleet');
    await waitUntil(
      () => world.taken.filter(({ why }) => why === 'lost').length === 10,
      10_000,
      () => 'everything to be lost',
    );
    await world.spread(items, both);
  });

  test('it stops in order while something is being started', async () => {
    const world = new FleetWorld(await startNats());
    const gate = closedGate();
    const dropped: string[] = [];
    const one = await world.join('one', {
      take: () => gate.passed,
      drop: (_, why) => {
        dropped.push(why);
        return Promise.resolve();
      },
    });
    one.setItems(['bridge']);
    await waitUntil(
      () => one.ownerOf('bridge') === 'one',
      5000,
      () => 'the item to be claimed',
    );
    const stopped = one.stop();
    expect(one.stop()).toBe(stopped);
    gate.open();
    await stopped;
    expect(dropped).toEqual(['released']);
    expect(one.held).toEqual([]);
  });

  test('it stops while NATS is away', async () => {
    const nats = await startNats();
    const world = new FleetWorld(nats);
    const one = await world.join('one');
    one.setItems(itemsOf(3));
    await world.spread(itemsOf(3), [one]);
    await nats.stop();
    await one.stop();
    expect(world.taken.every(({ until }) => until !== undefined)).toBe(true);
  });
});
