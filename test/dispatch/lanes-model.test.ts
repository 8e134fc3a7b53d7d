import fc from 'fast-check';
import { expect, test, vi } from 'vitest';
import type { LifeCycleEvent } from '../../src/vehicle/life-cycle.js';
import type { Outcome } from '../../src/vehicle/task.js';
import { aReport, everything, reading, said, taken } from './a-remote-car.js';
import { aCar, anAccount, type AnAccount, type LeftCall } from './an-account.js';
import { useFakeClock } from './fake-clock.js';
import {
  answers,
  asked,
  LanesModel,
  nameOf,
  type Answer,
  type Asked,
  type Step,
} from './lanes-model.js';
import { aFailure } from './outcomes.js';

// Before time stands still: a turn of the loop is what all promises need.
const realTurn = setImmediate;
const clock = useFakeClock();
const cars = ['one', 'two'] as const;
const bound = 3;

type Move =
  | { readonly is: 'send'; readonly car: string; readonly what: Asked; readonly expires_s: number }
  | { readonly is: 'answer'; readonly which: number; readonly answer: Answer }
  | { readonly is: 'cancel'; readonly which: number }
  | { readonly is: 'threads'; readonly has: boolean }
  | { readonly is: 'wait'; readonly s: number };

const send = fc.record({
  is: fc.constant('send' as const),
  car: fc.constantFrom(...cars),
  what: fc.constantFrom(...asked),
  expires_s: fc.constantFrom(7, 61, 599),
});
const answer = fc.record({
  is: fc.constant('answer' as const),
  which: fc.nat(5),
  answer: fc.constantFrom(...answers),
});
const move = fc.oneof(
  { weight: 6, arbitrary: send },
  { weight: 5, arbitrary: answer },
  { weight: 1, arbitrary: fc.record({ is: fc.constant('cancel' as const), which: fc.nat(8) }) },
  { weight: 1, arbitrary: fc.record({ is: fc.constant('threads' as const), has: fc.boolean() }) },
  {
    weight: 3,
    arbitrary: fc.record({ is: fc.constant('wait' as const), s: fc.constantFrom(1, 5, 8, 20, 70) }),
  },
);

/** Each step is at a fraction of a second of its own: what two of them have set off never falls together. */
const fraction_ms = 37;

async function settle(): Promise<void> {
  vi.advanceTimersByTime(0);
  for (let turns = 0; turns < 3; turns += 1) {
    await new Promise<void>((resolve) => {
      realTurn(resolve);
    });
  }
}

/** The bridge and the model, and everything that both are told. */
class Pair {
  readonly account: AnAccount;
  readonly model = new LanesModel(cars, bound);
  readonly left: string[] = [];
  #time = 0;
  #ids = 0;

  constructor(stops: (() => void)[]) {
    this.account = anAccount(clock, {
      ...{ cars: [...cars], allow: [everything], queuePerVehicle: bound },
      atEnd: (stop) => stops.push(stop),
    });
  }

  async make(one: Move): Promise<void> {
    switch (one.is) {
      case 'send':
        return this.#send(one.car, one.what, one.expires_s);
      case 'answer':
        this.#answer(one.which, one.answer);
        return;
      case 'cancel': {
        const id = `c${String(one.which)}`;
        expect(this.account.admissions.cancel(id)).toBe(this.model.cancel(id));
        return;
      }
      case 'threads':
        this.model.threads(one.has);
        this.account.setSlots(one.has ? Infinity : 0);
        return;
      case 'wait':
        return this.wait(one.s * 1000);
    }
  }

  /** Lets time pass, from one thing that happens by itself to the next. */
  async wait(ms: number): Promise<void> {
    const until = this.#time + ms;
    while (this.#time < until) {
      const next = Math.min(until, this.model.nextTime ?? until);
      if (next < until && next - 1 > this.#time) {
        // Nothing comes before its time.
        vi.advanceTimersByTime(next - 1 - this.#time);
        this.#time = next - 1;
        await this.check();
      }
      vi.advanceTimersByTime(next - this.#time);
      this.#time = next;
      this.model.at(next);
      if (next < until) await settle();
    }
  }

  async check(): Promise<void> {
    await settle();
    expect(stepsOf(this.account.said)).toEqual(byId(this.model.steps));
    expect(this.account.left.map(callOf).sort()).toEqual(
      this.model.calls
        .map(({ car, operation, commandId }) => `${car} ${operation} ${commandId ?? 'bridge'}`)
        .sort(),
    );
    expect(cars.map((car) => this.account.waiting.of(car))).toEqual(
      cars.map((car) => this.model.waiting(car)),
    );
    expect(this.account.overlaps).toEqual([]);
  }

  /** Everything is answered until nothing is left to be done. */
  async finish(): Promise<void> {
    await this.make({ is: 'threads', has: true });
    await this.check();
    for (let rounds = 0; !this.model.isIdle; rounds += 1) {
      expect(rounds).toBeLessThan(100);
      if (this.account.left.length > 0) this.#answer(0, 'done');
      else await this.wait(10_000);
      await this.check();
    }
    const { account } = this;
    expect([account.waiting.total, account.dispatcher.depth, account.dispatcher.running]).toEqual([
      ...[0, 0, 0],
    ]);
    expect([account.slotsTaken(), account.left.length, account.book.open.size]).toEqual([0, 0, 0]);
    expect(this.sentTwice()).toEqual([]);
  }

  /** Commands that reached the car more than once: what was tried again had not. */
  sentTwice(): string[] {
    return this.left.filter((id, index) => this.left.indexOf(id) !== index);
  }

  async #send(car: string, what: Asked, expires_s: number): Promise<void> {
    const id = `c${String((this.#ids += 1))}`;
    this.model.send(id, car, what, expires_s * 1000);
    const payload = { value: valueOf(what), id, expires_in: expires_s, dry_run: what === 'dry' };
    await this.account.send(payload, { car: aCar(car), name: nameOf(what) });
  }

  #answer(which: number, answered: Answer): void {
    const calls = [...this.account.left].sort((one, other) =>
      callOf(one).localeCompare(callOf(other)),
    );
    const call = calls[which % Math.max(1, calls.length)];
    if (call === undefined) return;
    const { operation, vehicle: car = '', command_id: commandId } = call.task;
    const isRepeated = answered === 'again' && ['command', 'force'].includes(operation);
    if (operation === 'command' && !isRepeated) this.left.push(commandId ?? '');
    this.model.answer({ car, operation, commandId }, answered);
    // Its end is waited for with everything else.
    void call.end(outcomeOf(call, answered));
  }
}

function valueOf(what: Asked): string {
  if (what === 'dry') return 'lock';
  if (what === 'charge') return 'start';
  return what === 'horn' ? 'PRESS' : what;
}

function outcomeOf({ task }: LeftCall, answered: Answer): Outcome {
  const { operation, action } = task;
  if (operation === 'action_status') return said(answered === 'done' ? 'succeeded' : 'failed');
  if (operation === 'cached' && answered !== 'done') return aFailure('rate_limited');
  if (answered === 'again') return aFailure('duplicate_request');
  if (answered === 'refused') return aFailure('vehicle_refused', { sent: true });
  if (operation === 'command') return taken(action?.name === 'horn' ? null : {});
  return reading(clock, report());
}

let oneReport: ReturnType<typeof aReport> | undefined;

function report(): ReturnType<typeof aReport> {
  return (oneReport ??= aReport(clock));
}

function callOf({ task }: LeftCall): string {
  return `${task.vehicle ?? ''} ${task.operation} ${task.command_id ?? 'bridge'}`;
}

/** What was said of each id, in order. */
function stepsOf(events: readonly LifeCycleEvent[]): Record<string, Step[]> {
  return byId(
    events.map(({ id, status, code, attempt, shared_with, superseded_by }) => ({
      id,
      status,
      ...(code === undefined ? {} : { code }),
      ...(attempt === undefined ? {} : { attempt }),
      ...(shared_with === undefined || status === 'confirming' ? {} : { shared_with }),
      ...(superseded_by === undefined ? {} : { superseded_by }),
    })),
  );
}

function byId(steps: readonly Step[]): Record<string, Step[]> {
  const found: Record<string, Step[]> = {};
  for (const step of steps) (found[step.id] ??= []).push(step);
  return found;
}

/** Others in each run; `LANES_RUNS` makes a long search of it. */
const runs = Number(process.env['LANES_RUNS'] ?? 500);

// In four parts, so that the runner shows how far it is.
test.each([1, 2, 3, 4])(
  'the lanes do what the contract says, whatever comes in whatever order (%i of 4)',
  { timeout: 600_000 },
  async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(move, { minLength: 3, maxLength: 12 }), async (moves) => {
        const stops: (() => void)[] = [];
        const pair = new Pair(stops);
        try {
          for (const one of moves) {
            await pair.make(one);
            await pair.check();
            await pair.wait(fraction_ms);
          }
          await pair.check();
          await pair.finish();
        } finally {
          for (const stop of stops) stop();
        }
      }),
      { numRuns: runs },
    );
  },
);
