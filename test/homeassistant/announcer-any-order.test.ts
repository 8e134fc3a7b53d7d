import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { useFakeClock } from '../dispatch/fake-clock.js';
import { AnnouncedWorld, seconds, type Heard } from './announced-world.js';

const clock = useFakeClock();

const cars = ['car', 'other'] as const;
const ids = ['bridge', ...cars] as const;

type Step = (world: AnnouncedWorld) => Promise<void> | void;

/** By what it does, so that a counterexample can be read. */
function named(name: string, step: Step): Step {
  return Object.defineProperty(step, fc.toStringMethod, { value: () => name });
}

const keys = fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd'), { minLength: 1 });

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.tuple(fc.constantFrom(...ids), keys).map(([id, of]) =>
    named(`${id} has ${of.join()}`, (world) => {
      world.setDevice(id, ...of);
    }),
  ),
  fc.constantFrom(...cars).map((id) =>
    named(`${id} goes`, (world) => {
      world.removeDevice(id);
    }),
  ),
  fc.constantFrom(...ids).map((id) =>
    named(`${id} is deleted`, (world) => {
      world.deleteInHomeAssistant(id);
    }),
  ),
  fc
    .constantFrom(0.1, 1, 1.5, 3, 9, 10, 11, 15)
    .map((time_s) => named(`${String(time_s)} s`, () => seconds(time_s))),
  fc.constantFrom(
    named('birth', (world) => {
      world.birth();
    }),
    named('announce', (world) => {
      world.announce();
    }),
    named('disconnect', (world) => {
      world.disconnect();
    }),
    named('connect', (world) => {
      world.connect();
    }),
  ),
);

const kill = named('kill', (world) => world.startBridge());

const storeFails = named('the store fails', (world) => {
  world.store.mode = 'fails';
});

const storeWorks = named('the store works', (world) => {
  world.store.mode = 'works';
});

function expectSpaced(messages: readonly Heard[]): void {
  for (const [nth, { payload, at }] of messages.entries()) {
    const before = messages[nth - 1];
    if (before === undefined || before.payload === payload) continue;
    expect(at - before.at).toBeGreaterThanOrEqual(10_000);
  }
}

async function expectAnnounced(world: AnnouncedWorld, steps: readonly Step[]): Promise<void> {
  world.setDevice('bridge', 'a');
  world.setDevice('car', 'a', 'b');
  world.connect();
  /** What a process that was killed told last, and when, is not known to the next one. */
  const lives = [0];
  for (const one of steps) {
    await one(world);
    if (one === kill) lives.push(world.heard.length);
  }
  world.store.mode = 'works';
  world.connect();
  world.announce();
  await seconds(60);
  world.announcer.stop();
  expect(world.known).toEqual(world.devices);
  expect(world.carsBeforeBridge).toEqual([]);
  if (world.form === 'component') return;
  expect([...world.retained.keys()].length).toBe(world.devices.size);
  for (const [id, wanted] of world.devices)
    expect(world.componentsOf(id)).toEqual([...wanted].sort());
  for (const [nth, from] of lives.entries())
    for (const id of ids) expectSpaced(world.messagesOf(id, from, lives[nth + 1]));
}

describe.each([
  { form: 'device', hasEcho: false },
  { form: 'device', hasEcho: true },
  { form: 'component', hasEcho: false },
  { form: 'component', hasEcho: true },
] as const)('Home Assistant ends with what there is ($form, echo: $hasEcho)', (options) => {
  test.each([
    ['whenever the bridge is killed', fc.constant(kill)],
    // What a disk has not taken no later process finds.
    ['whenever the store fails', fc.constantFrom(storeFails, storeWorks)],
  ])('%s', async (_when, trouble) => {
    const steps = fc.array(
      fc.oneof({ weight: 6, arbitrary: step }, { weight: 1, arbitrary: trouble }),
      {
        maxLength: 25,
      },
    );
    await fc.assert(
      fc.asyncProperty(steps, async (some) => {
        await expectAnnounced(await AnnouncedWorld.create({ clock, ...options }), some);
      }),
      { numRuns: 200 },
    );
  });
});
