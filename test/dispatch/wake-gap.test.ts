import fc from 'fast-check';
import { expect, test, vi } from 'vitest';
import type { Clock } from '../../src/daemon/clock.js';
import { createAccountStore } from '../../src/store/account-store.js';
import type { Task } from '../../src/vehicle/task.js';
import { aReport, everything, reading, taken } from './a-remote-car.js';
import { anAccount, type AnAccount } from './an-account.js';
import { useFakeClock } from './fake-clock.js';
import { MemoryStore } from './memory-store.js';
import { aFailure } from './outcomes.js';

// Before time stands still: a turn of the loop is what all promises need.
const realTurn = setImmediate;
const steady = useFakeClock();
const minute = 60_000;
const gap_ms = 10 * minute;
const cars = ['one', 'two'] as const;

const asked = ['smart', 'force', 'override', 'lock', 'refresh_all', 'poll'] as const;
const ends = ['answered', 'timeout', 'not sent', 'duplicate'] as const;

type Move =
  | { readonly is: 'ask'; readonly what: (typeof asked)[number]; readonly car: string }
  | { readonly is: 'end'; readonly which: number; readonly how: (typeof ends)[number] }
  | { readonly is: 'wait'; readonly ms: number }
  | { readonly is: 'clock set back'; readonly by_ms: number }
  | { readonly is: 'kill' };

const move: fc.Arbitrary<Move> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      is: fc.constant('ask' as const),
      what: fc.constantFrom(...asked),
      car: fc.constantFrom(...cars),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      is: fc.constant('end' as const),
      which: fc.nat(4),
      how: fc.constantFrom('answered' as const, ...ends),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      is: fc.constant('wait' as const),
      ms: fc.constantFrom(1000, minute, gap_ms - 1, gap_ms, 2 * gap_ms),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      is: fc.constant('clock set back' as const),
      by_ms: fc.constantFrom(1000, minute, 60 * minute),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ is: 'kill' as const }) },
);

interface Wake {
  readonly attempt: string;
  readonly car: string;
  /** Monotonic, in the order in which they left. */
  readonly at: number;
  readonly isAutomatic: boolean;
}

/** Two cars, what is asked of them, and every wake that left for them, over all lives of the bridge. */
class Story {
  readonly wakes: Wake[] = [];
  readonly #store = new MemoryStore();
  readonly #stops: (() => void)[] = [];
  readonly #forces = new Set<string>();
  #shift = 0;
  #boot = 0;
  #ids = 0;
  #account: AnAccount | undefined;
  readonly #clock: Clock = {
    now: () => steady.now() + this.#shift,
    monotonic: () => steady.monotonic(),
  };

  async does(one: Move): Promise<void> {
    const account = (this.#account ??= await this.#start());
    switch (one.is) {
      case 'ask':
        this.#ask(account, one.what, one.car);
        break;
      case 'end':
        this.#end(account, one.which, one.how);
        break;
      case 'wait':
        await vi.advanceTimersByTimeAsync(one.ms);
        break;
      case 'clock set back':
        this.#shift -= one.by_ms;
        break;
      case 'kill':
        this.stop();
        this.#account = undefined;
    }
    await turns();
  }

  stop(): void {
    for (const stop of this.#stops.splice(0)) stop();
  }

  async #start(): Promise<AnAccount> {
    const wakes = await createAccountStore(this.#store, 'home').wakes();
    const report = aReport(this.#clock);
    const held = { report, polled_at: report.reported_at ?? '', source: 'cached' } as const;
    this.#boot += 1;
    const account: AnAccount = anAccount(this.#clock, {
      ...{ store: this.#store, boot: this.#boot, cars: [...cars], allow: [everything] },
      readings: new Map(cars.map((car) => [car, held])),
      guards: {
        aux_battery_min: 65,
        aux_battery_hard_min: null,
        min_wake_gap_ms: gap_ms,
        min_force_gap_ms: null,
      },
      kept: { usage: undefined, wakes },
      polling: {
        enabled: true,
        every_ms: 30 * minute,
        while_charging_ms: 30 * minute,
        force_every_ms: minute,
        quiet_hours: null,
      },
      onLeave: (task) => {
        this.#leaves(account, task);
      },
      atEnd: (stop) => this.#stops.push(stop),
    });
    const { open, remembered } = await account.journal.recover(this.#clock.now(), 3_600_000);
    account.admissions.restore(open, remembered);
    account.schedule.start();
    return account;
  }

  #ask(account: AnAccount, what: (typeof asked)[number], id: string): void {
    const car = account.vehicles.byVendorId(id);
    if (car === undefined) throw new Error(`there is no car ${id}`);
    const name = `c${String((this.#ids += 1))}`;
    if (what === 'refresh_all') void account.quiet.refresh(id, 'force');
    else if (what === 'poll') void account.quiet.poll(id, 'force');
    else if (what === 'smart') {
      void account.send({ value: 'smart', max_age: 1, id: name }, { car });
    } else if (what === 'lock') {
      void account.send({ value: 'lock', id: name }, { car, name: 'lock' });
    } else {
      this.#forces.add(name);
      void account.send({ value: 'force', override: what === 'override', id: name }, { car });
    }
  }

  /** A person's are the wakes in which a `force` has a share: that it runs is said before it leaves. */
  #leaves(account: AnAccount, { operation, attempt, vehicle = '' }: Task): void {
    if (operation !== 'force' && operation !== 'command') return;
    const last = new Map(account.said.map((event) => [event.id, event]));
    const shares = [...last.values()].some(
      ({ id, status, vehicle: of }) =>
        status === 'running' && of === vehicle && this.#forces.has(id),
    );
    const isAutomatic = operation === 'force' && !shares;
    this.wakes.push({ attempt, car: vehicle, at: steady.monotonic(), isAutomatic });
  }

  #end(account: AnAccount, which: number, how: (typeof ends)[number]): void {
    const call = account.left[which % Math.max(1, account.left.length)];
    if (call === undefined) return;
    const { operation, attempt } = call.task;
    if (how === 'not sent') {
      const index = this.wakes.findIndex((wake) => wake.attempt === attempt);
      if (index >= 0) this.wakes.splice(index, 1);
      void call.end(aFailure('unavailable', { sent: false }));
    } else if (how === 'timeout') void call.end(aFailure('timeout'));
    else if (how === 'duplicate') void call.end(aFailure('duplicate_request', { sent: true }));
    else if (operation === 'command') void call.end(taken(null));
    else {
      // An old report, of a battery that is well: every smart wants a wake.
      const report = aReport(this.#clock, (one) => {
        one.aux_battery.level = 80;
      });
      void call.end(reading(this.#clock, report));
    }
  }
}

async function turns(): Promise<void> {
  vi.advanceTimersByTime(0);
  for (let turn = 0; turn < 4; turn += 1) {
    await new Promise<void>((resolve) => {
      realTurn(resolve);
    });
  }
}

test('two wakes that the bridge makes by itself, or one behind that of a person, are never nearer than the gap', async () => {
  const seen = { automatic: 0, others: 0 };
  await fc.assert(
    fc.asyncProperty(fc.array(move, { minLength: 10, maxLength: 60 }), async (moves) => {
      const story = new Story();
      try {
        for (const one of moves) await story.does(one);
      } finally {
        story.stop();
      }
      story.wakes.forEach((wake, index) => {
        if (!wake.isAutomatic) return;
        const before = story.wakes.slice(0, index).filter(({ car }) => car === wake.car);
        const since = before.map(({ at }) => wake.at - at);
        expect(Math.min(Infinity, ...since)).toBeGreaterThanOrEqual(gap_ms);
      });
      seen.automatic += story.wakes.filter(({ isAutomatic }) => isAutomatic).length;
      seen.others += story.wakes.filter(({ isAutomatic }) => !isAutomatic).length;
    }),
    { numRuns: 60, interruptAfterTimeLimit: 60_000 },
  );
  expect(seen.automatic).toBeGreaterThan(5);
  expect(seen.others).toBeGreaterThan(5);
}, 120_000);
