import { describe, expect, test } from 'vitest';
import { useFakeClock } from '../dispatch/fake-clock.js';
import { AnnouncedWorld, seconds, stateTopic, type WorldOptions } from './announced-world.js';

const clock = useFakeClock();

/** A bridge with one car, announced a while ago. */
async function aWorld(options: Omit<WorldOptions, 'clock'> = {}): Promise<AnnouncedWorld> {
  const world = await AnnouncedWorld.create({ clock, ...options });
  world.setDevice('bridge', 'connected');
  world.setDevice('car', 'soc', 'range');
  world.connect();
  await seconds(20);
  return world;
}

test('what there is is announced once, the bridge first, and each device is listened to', async () => {
  const world = await aWorld();
  expect(world.heard.map(({ topic }) => topic)).toEqual([
    'homeassistant/device/bridge/config',
    'homeassistant/device/car/config',
  ]);
  expect([...world.subscribed]).toEqual([
    'homeassistant/status',
    'homeassistant/device/bridge/config',
    'homeassistant/device/car/config',
  ]);
  world.announcer.changed();
  await seconds(20);
  expect(world.heard).toHaveLength(2);
});

test('nothing is told before the first connection, and changes that come together are told together', async () => {
  const world = await AnnouncedWorld.create({ clock });
  world.setDevice('car', 'soc');
  await seconds(60);
  expect([world.heard, world.announced]).toEqual([[], 0]);
  world.connect();
  world.setDevice('car', 'soc', 'range');
  world.setDevice('car', 'range', 'odometer');
  await seconds(20);
  expect(world.messagesOf('car')).toHaveLength(1);
  expect(world.componentsOf('car')).toEqual(['odometer', 'range']);
});

test('two different messages of a device have 10 s between them, those of others none', async () => {
  const world = await aWorld();
  const before = clock.monotonic();
  world.setDevice('car', 'a', 'soc', 'range');
  await seconds(2);
  world.setDevice('car', 'b', 'soc', 'range', 'a');
  world.setDevice('other', 'soc');
  await seconds(3);
  expect(world.componentsOf('car')).toEqual(['a', 'range', 'soc']);
  expect(world.componentsOf('other')).toEqual(['soc']);
  await seconds(20);
  expect(world.componentsOf('car')).toEqual(['a', 'b', 'range', 'soc']);
  const [first, second] = world.messagesOf('car').filter(({ at }) => at > before);
  expect((second?.at ?? 0) - (first?.at ?? 0)).toBeGreaterThanOrEqual(10_000);
});

describe('a component that is no more', () => {
  test('is named first and left out 10 s later', async () => {
    const world = await aWorld();
    world.setDevice('car', 'soc');
    await seconds(5);
    expect(world.componentsOf('car')).toEqual(['range', 'soc']);
    expect(world.known.get('car')).toEqual(new Set(['soc']));
    await seconds(20);
    expect(world.componentsOf('car')).toEqual(['soc']);
    expect(world.messagesOf('car')).toHaveLength(3);
  });

  test.each([
    ['before it was named', 0.5],
    ['after it was named', 5],
    ['after it was left out', 30],
  ])('is forgotten too where the bridge is killed %s', async (_when, time_s) => {
    const world = await aWorld();
    world.setDevice('car', 'soc');
    await seconds(time_s);
    await world.startBridge();
    world.connect();
    await seconds(30);
    expect([world.known.get('car'), world.componentsOf('car')]).toEqual([
      new Set(['soc']),
      ['soc'],
    ]);
  });

  test('is not left out before Home Assistant has heard of it, however long the broker is away', async () => {
    const world = await aWorld();
    world.setDevice('car', 'soc');
    world.disconnect();
    await seconds(100);
    world.connect();
    await seconds(30);
    expect([world.known.get('car'), world.componentsOf('car')]).toEqual([
      new Set(['soc']),
      ['soc'],
    ]);
  });

  test('is known to the next start although the store failed when it was announced', async () => {
    const world = await aWorld();
    world.store.mode = 'fails';
    world.setDevice('car', 'soc', 'range', 'new');
    await seconds(20);
    expect(world.componentsOf('car')).toEqual(['new', 'range', 'soc']);
    world.store.mode = 'works';
    world.setDevice('car', 'soc', 'range');
    await seconds(2);
    await world.startBridge();
    world.connect();
    await seconds(30);
    expect(world.known.get('car')).toEqual(new Set(['soc', 'range']));
  });

  test('is announced before its record is on a disk that hangs, but not at once', async () => {
    const world = await aWorld();
    world.store.mode = 'hangs';
    world.setDevice('car', 'soc', 'range', 'new');
    await seconds(3);
    expect(world.componentsOf('car')).toEqual(['range', 'soc']);
    await seconds(10);
    expect(world.componentsOf('car')).toEqual(['new', 'range', 'soc']);
    world.store.goOn();
  });
});

test('a device that is gone is withdrawn, and comes back as it was', async () => {
  const world = await aWorld();
  world.removeDevice('car');
  await seconds(5);
  expect([world.componentsOf('car'), world.known.has('car')]).toEqual([undefined, false]);
  world.setDevice('car', 'soc', 'range');
  await seconds(20);
  expect(world.componentsOf('car')).toEqual(['range', 'soc']);
  expect(world.messagesOf('car').map(({ payload }) => payload !== '')).toEqual([true, false, true]);
});

test('one that cannot be described keeps no other from being announced', async () => {
  const world = await aWorld();
  world.setDevice('broken', 'broken');
  world.setDevice('other', 'soc');
  await seconds(5);
  expect(world.componentsOf('other')).toEqual(['soc']);
  expect(world.warnings).toEqual(['a device cannot be announced']);
});

describe('when Home Assistant starts', () => {
  test('it is told again what there is, after 2 to 10 s, and 2 s later how it is', async () => {
    const world = await aWorld();
    world.publisher.retain(stateTopic, '{}');
    await seconds(1);
    const before = world.heard.length;
    world.birth();
    world.birth();
    await seconds(1.9);
    expect(world.heard).toHaveLength(before);
    await seconds(20);
    const again = world.heard.slice(before);
    expect(again.map(({ topic }) => topic)).toEqual([
      'homeassistant/device/bridge/config',
      'homeassistant/device/car/config',
      stateTopic,
    ]);
    expect((again[2]?.at ?? 0) - (again[1]?.at ?? 0)).toBeGreaterThanOrEqual(2000);
  });

  test('a retained word of before, and any other word, is no start', async () => {
    const world = await aWorld();
    world.birth({ isRetained: true });
    world.announcer.receive('homeassistant/status', 'offline', false);
    await seconds(30);
    expect(world.heard).toHaveLength(2);
  });
});

describe.each([
  { form: 'device', hasEcho: false },
  { form: 'device', hasEcho: true },
  { form: 'component', hasEcho: false },
  { form: 'component', hasEcho: true },
] as const)('what a person deletes ($form, echo: $hasEcho)', (options) => {
  test('is said in one line, and stays away over changes and lost connections', async () => {
    const world = await aWorld(options);
    world.deleteInHomeAssistant('car');
    await seconds(5);
    expect(world.warnings).toEqual([expect.stringContaining('deleted in Home Assistant')]);
    world.setDevice('car', 'soc', 'range');
    world.disconnect();
    await seconds(5);
    world.connect();
    await seconds(30);
    expect(world.known.has('car')).toBe(false);
    expect(world.warnings).toHaveLength(1);
  });

  test.each(['Home Assistant starts', 'a person asks for it', 'the bridge starts'])(
    'is back as soon as %s',
    async (when) => {
      const world = await aWorld(options);
      world.deleteInHomeAssistant('car');
      world.setDevice('car', 'soc', 'new');
      await seconds(30);
      expect(world.known.has('car')).toBe(false);
      if (when === 'Home Assistant starts') world.birth();
      else if (when === 'a person asks for it') world.announce();
      else {
        await world.startBridge();
        world.connect();
      }
      await seconds(30);
      expect(world.known.get('car')).toEqual(new Set(['soc', 'new']));
    },
  );

  test('nothing of our own is taken for a deletion', async () => {
    const world = await aWorld(options);
    world.setDevice('car', 'soc');
    world.removeDevice('bridge');
    await seconds(30);
    world.setDevice('car', 'soc', 'range');
    world.setDevice('bridge', 'connected');
    await seconds(30);
    expect(world.known).toEqual(
      new Map([
        ['car', new Set(['soc', 'range'])],
        ['bridge', new Set(['connected'])],
      ]),
    );
    expect(world.warnings).toEqual([]);
  });
});

test('messages of another form are gone for 10 s before the first ones come', async () => {
  const old = 'homeassistant/sensor/car/soc/config';
  const world = await AnnouncedWorld.create({ clock });
  world.publisher.retain(old, '{}');
  await seconds(1);
  await world.startBridge();
  world.setDevice('car', 'soc');
  await seconds(60);
  world.connect();
  await seconds(9);
  world.disconnect();
  world.connect();
  await seconds(9);
  expect(world.heard).toMatchObject([{ topic: old, payload: '' }]);
  await seconds(3);
  expect(world.componentsOf('car')).toEqual(['soc']);
});

test('what earlier runs announced stays until all cars are known', async () => {
  const world = await aWorld();
  world.devices.delete('car');
  world.areAllKnown = false;
  await world.startBridge();
  world.connect();
  await seconds(20);
  expect(world.known.has('car')).toBe(true);
  world.areAllKnown = true;
  world.announcer.changed();
  await seconds(20);
  expect(world.known.has('car')).toBe(false);
});

test('stopped in the midst of a fleet, it tells nothing more', async () => {
  const world = await AnnouncedWorld.create({ clock });
  for (let nth = 0; nth < 20; nth += 1) world.devices.set(`car${String(nth)}`, new Set(['soc']));
  world.announcer.changed();
  world.connect();
  const stopAt = (): void => {
    if (world.heard.length >= 3) world.announcer.stop();
    else queueMicrotask(() => setImmediate(stopAt));
  };
  stopAt();
  await seconds(60);
  world.announcer.changed();
  world.announce();
  await seconds(60);
  expect(world.heard.length).toBeLessThan(20);
  expect(world.announced).toBe(0);
});
