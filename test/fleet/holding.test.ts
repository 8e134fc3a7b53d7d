import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createLogger } from '../../src/daemon/logger.js';
import { type DropReason, Holding, type HoldingEnd } from '../../src/fleet/holding.js';
import type { Lease } from '../../src/fleet/lease.js';

const log = createLogger({ level: 'error', format: 'json' }, { write: () => undefined });

/** A holding whose claim, start, end and release wait to be told how they go. */
class Scene {
  readonly events: string[] = [];
  readonly holding: Holding;
  readonly ended: Promise<HoldingEnd>;
  lease: Lease | undefined;
  hasStarted = false;
  #membership_ms = 1000;
  #answer: ((goes: boolean) => void) | undefined;

  constructor() {
    this.holding = new Holding({
      item: 'account.home',
      log,
      claim: async () => ((await this.#asked('claim')) ? 7 : undefined),
      take: async (_, lease) => {
        this.lease = lease;
        if (!(await this.#asked('take'))) throw new Error('no');
        this.hasStarted = true;
      },
      drop: async (_, why: DropReason) => {
        this.events.push(`${why}, held: ${String(this.lease?.isHeld())}`);
        if (!(await this.#asked('drop'))) throw new Error('no');
      },
      free: async (revision) => {
        this.events.push(`revision ${String(revision)}, held: ${String(this.lease?.isHeld())}`);
        await this.#asked('free');
      },
      membership_ms: () => this.#membership_ms,
      onPhase: () => undefined,
    });
    this.ended = this.holding.live();
  }

  get holds(): boolean {
    return this.lease?.isHeld() ?? false;
  }

  async do(step: Step): Promise<void> {
    if (step === 'release') this.holding.release();
    else if (step === 'lose') {
      this.#membership_ms = 0;
      this.holding.lose();
    } else this.answer(step === 'succeed');
    await settled();
  }

  answer(goes: boolean): void {
    const answer = this.#answer;
    this.#answer = undefined;
    answer?.(goes);
  }

  #asked(what: string): Promise<boolean> {
    this.events.push(what);
    return new Promise((resolve) => {
      this.#answer = resolve;
    });
  }
}

type Step = 'release' | 'lose' | 'succeed' | 'fail';

function settled(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

test('an item that is released keeps its lease until it has ended, then others may have it', async () => {
  const scene = new Scene();
  for (const step of ['succeed', 'succeed', 'release', 'succeed', 'succeed'] as const) {
    await scene.do(step);
  }
  expect(await scene.ended).toBe('released');
  expect(scene.events).toEqual([
    ...['claim', 'take', 'released, held: true', 'drop'],
    ...['revision 7, held: false', 'free'],
  ]);
});

test('an item that is lost while it starts is dropped when it has started, and not freed', async () => {
  const scene = new Scene();
  for (const step of ['succeed', 'lose', 'succeed', 'succeed'] as const) await scene.do(step);
  expect(await scene.ended).toBe('lost');
  expect(scene.events).toEqual(['claim', 'take', 'lost, held: false', 'drop']);
});

test('an item that cannot be started is freed without an end', async () => {
  const scene = new Scene();
  for (const step of ['succeed', 'fail', 'succeed'] as const) await scene.do(step);
  expect(await scene.ended).toBe('refused');
  expect(scene.events).toEqual(['claim', 'take', 'revision 7, held: false', 'free']);
});

test('whatever happens, what was taken is dropped once, and nothing holds afterwards', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.constantFrom<Step>('release', 'lose', 'succeed', 'succeed', 'fail'), {
        maxLength: 12,
      }),
      async (steps) => {
        const scene = new Scene();
        for (const step of steps) {
          await scene.do(step);
          expect(scene.holds).toBe(scene.lease?.signal.aborted === false);
          if (step === 'lose') expect(scene.holds).toBe(false);
        }
        for (const step of ['release', 'succeed', 'succeed', 'succeed', 'succeed'] as const) {
          await scene.do(step);
        }
        await scene.ended;
        expect(scene.holds).toBe(false);
        const counts = Object.fromEntries(
          ['take', 'drop', 'free'].map((what) => [what, scene.events.filter((it) => it === what)]),
        );
        expect(counts['drop']).toHaveLength(scene.hasStarted ? 1 : 0);
        expect(counts['take']?.length).toBeLessThanOrEqual(1);
        expect(scene.events.slice(0, -1)).not.toContain('free');
      },
    ),
    { numRuns: 300 },
  );
});
