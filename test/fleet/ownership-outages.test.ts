import { describe, expect, test } from 'vitest';
import { Cuttable } from '../support/cuttable.js';
import { hasNats, startNats } from '../support/nats.js';
import { waitUntil } from '../support/wait.js';
import { FleetWorld, itemsOf, LeapingClock, quickTiming } from './fleet-world.js';

describe.skipIf(!hasNats)('ownership in a fleet with outages', () => {
  test('one that is cut off gives up before another takes over, and comes back', async () => {
    const nats = await startNats();
    const world = new FleetWorld(nats);
    const line = await Cuttable.before(nats.port);
    const items = itemsOf(40);
    const far = await world.join('far', {
      url: `nats://127.0.0.1:${String(line.port)}`,
      timing: quickTiming,
    });
    const near = await world.join('near', { timing: quickTiming });
    for (const ownership of [far, near]) ownership.setItems(items);
    await world.spread(items, [far, near]);
    await line.down();
    await waitUntil(
      () => near.held.length === 40,
      10_000,
      () => `the other one to have all: ${String(near.held.length)}`,
    );
    expect(far.held).toEqual([]);
    expect(world.overlap()).toBeUndefined();
    expect(world.taken.filter(({ why }) => why === 'lost')).toHaveLength(20);
    expect(world.taken.every(({ lease, why }) => lease.signal.aborted === (why === 'lost'))).toBe(
      true,
    );
    await line.up();
    await world.spread(items, [far, near]);
    expect(world.overlap()).toBeUndefined();
  });

  test('one that was suspended does nothing with what it had', async () => {
    const world = new FleetWorld(await startNats());
    const clock = new LeapingClock();
    const one = await world.join('one', { clock, timing: quickTiming });
    const two = await world.join('two', { timing: quickTiming });
    const items = itemsOf(10);
    for (const ownership of [one, two]) ownership.setItems(items);
    await world.spread(items, [one, two]);
    const before = world.taken.filter(({ instance }) => instance === 'one');
    clock.leap(60_000);
    expect(before.some(({ lease }) => lease.isHeld())).toBe(false);
    expect(before.every(({ lease }) => lease.signal.aborted && lease.remaining_ms === 0)).toBe(
      true,
    );
    await waitUntil(
      () => before.every(({ why }) => why === 'lost'),
      5000,
      () => 'everything to be dropped',
    );
    await world.spread(items, [one, two]);
    expect(world.overlap()).toBeUndefined();
    expect(before.some(({ lease }) => lease.isHeld())).toBe(false);
  });

  test.each(['restart', 'kill'] as const)(
    'a short %s of NATS costs nobody anything',
    async (how) => {
      const nats = await startNats();
      const world = new FleetWorld(nats);
      const both = [await world.join('one'), await world.join('two')] as const;
      for (const ownership of both) ownership.setItems(itemsOf(10));
      await world.spread(itemsOf(10), both);
      if (how === 'kill') {
        await nats.kill();
        await nats.start();
      } else await nats.restart();
      for (const ownership of both) ownership.setItems(itemsOf(12));
      await world.spread(itemsOf(12), both);
      expect(world.taken).toHaveLength(12);
    },
  );

  test.each(['stopped', 'hung'] as const)(
    'NATS %s for long fences everybody; afterwards all is owned again',
    async (how) => {
      const nats = await startNats();
      const world = new FleetWorld(nats);
      const items = itemsOf(30);
      const both = [
        await world.join('one', { timing: quickTiming }),
        await world.join('two', { timing: quickTiming }),
      ] as const;
      for (const ownership of both) ownership.setItems(items);
      await world.spread(items, both);
      if (how === 'hung') nats.pause();
      else await nats.stop();
      await waitUntil(
        () => world.taken.every(({ why }) => why === 'lost'),
        10_000,
        () => 'everything to be given up',
      );
      if (how === 'hung') nats.resume();
      else await nats.start();
      await world.spread(items, both, 15_000);
      expect(world.overlap()).toBeUndefined();
    },
  );

  test('what a dead one of three had is owned by the others', async () => {
    const nats = await startNats();
    const world = new FleetWorld(nats);
    const line = await Cuttable.before(nats.port);
    const items = itemsOf(300);
    const dead = await world.join('dead', {
      url: `nats://127.0.0.1:${String(line.port)}`,
      timing: quickTiming,
    });
    const others = [
      await world.join('one', { timing: quickTiming }),
      await world.join('two', { timing: quickTiming }),
    ] as const;
    for (const ownership of [dead, ...others]) ownership.setItems(items);
    await world.spread(items, [dead, ...others]);
    await line.down();
    await world.spread(items, others);
    expect(others[0].instances.map(({ name }) => name)).toEqual(['one', 'two']);
    expect(world.overlap()).toBeUndefined();
  });
});

describe.skipIf(!hasNats)('two processes of one name', () => {
  test('the earlier one keeps what it has; the later one says so, and follows', async () => {
    const world = new FleetWorld(await startNats());
    const clock = new LeapingClock();
    const earlier = await world.join('same');
    earlier.setItems(itemsOf(4));
    await world.spread(itemsOf(4), [earlier]);
    const later = await world.join('same', { clock });
    later.setItems(itemsOf(4));
    const tells = (text: string): boolean => world.lines.some((line) => line.includes(text));
    await waitUntil(
      () => tells('waiting for an instance of the same name'),
      5000,
      () => 'the later one to wait',
    );
    clock.leap(60_000);
    await waitUntil(
      () => tells('another process is this instance'),
      5000,
      () => 'the later one to say why',
    );
    expect(earlier.held).toHaveLength(4);
    expect(later.held).toEqual([]);
    await earlier.stop();
    await world.spread(itemsOf(4), [later]);
    expect(world.overlap()).toBeUndefined();
  });

  test('one that is killed and started again takes its name over when that has been silent', async () => {
    const nats = await startNats();
    const world = new FleetWorld(nats);
    const line = await Cuttable.before(nats.port);
    const killed = await world.join('same', {
      url: `nats://127.0.0.1:${String(line.port)}`,
      timing: quickTiming,
    });
    killed.setItems(itemsOf(4));
    await world.spread(itemsOf(4), [killed]);
    await line.down();
    const again = await world.join('same', { timing: quickTiming });
    again.setItems(itemsOf(4));
    await world.spread(itemsOf(4), [again]);
    expect(world.overlap()).toBeUndefined();
    expect(world.lines.filter((line) => line.includes('"level":"error"'))).toEqual([]);
  });
});
