import { describe, expect, test, vi } from 'vitest';
import type { Clock } from '../../src/daemon/clock.js';
import { holdsAutomatic } from '../../src/dispatch/wake-guard.js';
import { Wakes, type WakeRecord } from '../../src/dispatch/wakes.js';
import { createAccountStore } from '../../src/store/account-store.js';
import { aReport } from './a-remote-car.js';
import { anAccount } from './an-account.js';
import { settle, useFakeClock } from './fake-clock.js';
import { MemoryStore } from './memory-store.js';
import { aFailure } from './outcomes.js';

const steady = useFakeClock();
const minute = 60_000;
const day = 86_400_000;
const wait = (ms: number) => vi.advanceTimersByTimeAsync(ms);

/** The wakes of a bridge whose wall clock can be set. */
function theWakes(kept: ReadonlyMap<string, WakeRecord> = new Map(), shift_ms = 0) {
  let shift = shift_ms;
  const clock: Clock = { now: () => steady.now() + shift, monotonic: () => steady.monotonic() };
  const written: [string, WakeRecord][] = [];
  const wakes = new Wakes({
    ...{ clock, kept },
    keepLater: (vehicle, record) => written.push([vehicle, record]),
  });
  const says = (level: number | null, at: number | null): void => {
    const report = aReport(steady, (one) => {
      one.aux_battery.level = level;
    });
    report.reported_at = at === null ? null : new Date(at).toISOString();
    wakes.reported('car', report);
  };
  return {
    ...{ clock, wakes, written, says },
    set: (by_ms: number) => {
      shift += by_ms;
    },
  };
}

describe('the last wake', () => {
  test('is that of the car, and unknown where there was none', async () => {
    const { wakes, clock } = theWakes();
    expect([wakes.sinceWake_ms('car'), wakes.wokenAt('car')]).toEqual([undefined, null]);
    const at = clock.now();
    expect(wakes.leaves('car')).toEqual({ woken_at: at, aux: null });
    await wait(minute);
    expect([wakes.sinceWake_ms('car'), wakes.wokenAt('car')]).toEqual([minute, at]);
    expect(wakes.sinceWake_ms('other')).toBeUndefined();
  });

  test.each([-400 * day, -minute, minute, 400 * day])(
    'grows neither older nor younger where the clock is set by %d ms',
    async (by_ms) => {
      const { wakes, set } = theWakes();
      wakes.leaves('car');
      set(by_ms);
      await wait(minute);
      expect(wakes.sinceWake_ms('car')).toBe(minute);
    },
  );

  test('of before a restart counts by the wall clock, and is none of the future', () => {
    const woken = (ago_ms: number) =>
      new Map([['car', { woken_at: steady.now() - ago_ms, aux: null }]]);
    expect(theWakes(woken(5 * minute)).wakes.sinceWake_ms('car')).toBe(5 * minute);
    expect(theWakes(woken(5 * minute), -day).wakes.sinceWake_ms('car')).toBe(0);
    const never = new Map([['car', { woken_at: null, aux: null }]]);
    expect(theWakes(never).wakes.sinceWake_ms('car')).toBeUndefined();
  });

  test('that has not left is none: the one before it counts, and what the car said meanwhile stays', async () => {
    const { wakes, written, says, clock } = theWakes();
    wakes.leaves('car');
    wakes.hasNotLeft('car');
    expect([wakes.sinceWake_ms('car'), wakes.wokenAt('car')]).toEqual([undefined, null]);
    wakes.leaves('car');
    const first = clock.now();
    await wait(minute);
    wakes.leaves('car');
    says(80, clock.now());
    wakes.hasNotLeft('car');
    wakes.hasNotLeft('car');
    expect([wakes.sinceWake_ms('car'), wakes.wokenAt('car')]).toEqual([minute, first]);
    const aux = { level: 80, at: clock.now() };
    expect(written.at(-1)).toEqual(['car', { woken_at: first, aux }]);
  });
});

describe('the 12 V battery', () => {
  test('is what the car said last, by its own time', () => {
    const { wakes, written, says, clock } = theWakes();
    const now = clock.now();
    says(null, now);
    expect([wakes.aux('car'), written]).toEqual([undefined, []]);
    says(70, now - minute);
    says(70, now - minute);
    expect(written).toHaveLength(1);
    says(90, now - 2 * minute);
    says(null, now);
    expect(wakes.aux('car')).toEqual({ level: 70, at: now - minute });
    says(60, now);
    expect(wakes.aux('car')).toEqual({ level: 60, at: now });
    says(95, null);
    expect(wakes.aux('car')).toEqual({ level: 60, at: now });
  });

  test('of a car whose clock was years ahead is not believed, nor does it hide what comes after', () => {
    const { wakes, says, clock } = theWakes();
    const now = clock.now();
    says(80, now + 400 * day);
    const guards = {
      ...{ aux_battery_min: 65, aux_battery_hard_min: 50 },
      ...{ min_wake_gap_ms: null, min_force_gap_ms: null },
    };
    const held = () => {
      const free = { sinceWake_ms: undefined, budget: undefined, breaker: undefined };
      return holdsAutomatic(guards, { ...free, now, aux: wakes.aux('car') })?.decision;
    };
    expect(held()).toBe('guard_aux_battery');
    says(70, now);
    expect([wakes.aux('car')?.level, held()]).toEqual([70, undefined]);
  });
});

describe('through the lanes', () => {
  /** When the store says that the car was woken. */
  const kept = async (store: MemoryStore) =>
    (await createAccountStore(store, 'home').wakes()).get('car')?.woken_at;

  test.each(['force', 'lock'])('%s is on the disk before it leaves', async (what) => {
    const store = new MemoryStore();
    const atLeave: Promise<unknown>[] = [];
    const account = anAccount(steady, {
      ...{ store, cars: ['car'], onLeave: () => atLeave.push(kept(store)) },
    });
    if (what === 'force') await account.send('force');
    else await account.send('lock', { name: 'lock' });
    await settle();
    expect(await Promise.all(atLeave)).toEqual([steady.now()]);
  });

  test('a read is no wake', async () => {
    const account = anAccount(steady, { cars: ['car'] });
    await account.send('cached');
    await settle();
    expect(account.care.wakes.sinceWake_ms('car')).toBeUndefined();
  });

  test.each([
    ['is known not to have left', aFailure('unavailable', { sent: false }), undefined],
    ['may have left', aFailure('timeout'), 0],
    ['was taken by nobody knows whom', aFailure('unavailable'), 0],
  ])('what %s', async (_, outcome, since) => {
    const store = new MemoryStore();
    const account = anAccount(steady, { store, cars: ['car'] });
    await account.send('force');
    await settle();
    await account.left[0]?.end(outcome);
    expect(account.care.wakes.sinceWake_ms('car')).toBe(since);
    expect(await kept(store)).toBe(since === undefined ? null : steady.now());
  });

  test('what could not be stored has not left', async () => {
    const store = new MemoryStore();
    const account = anAccount(steady, { store, cars: ['car'] });
    await account.send('cached');
    await account.send('force');
    const before = account.left.length;
    expect(account.care.wakes.sinceWake_ms('car')).toBe(0);
    await account.left.at(-1)?.end(aFailure('unavailable', { sent: false }));
    await account.send('force');
    expect(before).toBe(2);
    store.mode = 'fails';
    await account.left.at(-1)?.end(aFailure('unavailable', { sent: false }));
    void account.quiet.poll('car', 'force');
    await wait(20_000);
    expect(account.left.filter(({ task }) => task.operation === 'force')).toEqual([]);
    expect(account.care.wakes.sinceWake_ms('car')).toBeUndefined();
  });
});
