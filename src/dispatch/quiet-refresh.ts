import type { Clock } from '../daemon/clock.js';
import type { RefreshMode } from '../vehicle/command.js';
import { failure } from '../vehicle/outcome.js';
import type { Outcome } from '../vehicle/task.js';
import type { LaneOperation, Place, Priority, Waiter } from './lane.js';
import type { HeldWake } from './wake-guard.js';

export interface QuietRefreshOptions {
  readonly clock: Clock;
  readonly defaultMaxAge_s: number;
  readonly lanes: {
    take(vehicle: string, operation: LaneOperation, waiter: Waiter): Place;
    joins(vehicle: string, operation: LaneOperation): boolean;
  };
  /** The car's own time of its newest report, epoch milliseconds. */
  readonly reportedAt: (vehicle: string) => number | undefined;
  /** Why the bridge does not wake a car by itself now. */
  readonly holdsAutomatic: (vehicle: string) => HeldWake | undefined;
}

/** Refreshes that the bridge starts itself: behind those of people, without events of their own. Nothing rejects. */
export function createQuietRefresh({
  clock,
  defaultMaxAge_s,
  lanes,
  reportedAt,
  holdsAutomatic,
}: QuietRefreshOptions) {
  const ask = (
    vehicle: string,
    operation: 'cached' | 'force',
    { signal, priority = 'bridge' }: { signal?: AbortSignal; priority?: Priority } = {},
  ): Promise<Outcome> =>
    new Promise((resolve) => {
      const place = lanes.take(vehicle, operation, {
        priority,
        ...(operation === 'force' ? { guard: () => holdsAutomatic(vehicle)?.failure } : {}),
        started: () => undefined,
        waitsAgain: () => undefined,
        ended: (outcome) => {
          // The signal may live as long as the bridge.
          signal?.removeEventListener('abort', giveUp);
          resolve(outcome);
        },
      });
      function giveUp(): void {
        if (place.leave()) resolve(givenUp);
      }
      signal?.addEventListener('abort', giveUp, { once: true });
      if (signal?.aborted === true) giveUp();
    });

  /** What is held now does not wait for a better time; a wake that comes in any case is none more. */
  const wake = (vehicle: string): Promise<Outcome> => {
    const held = lanes.joins(vehicle, 'force') ? undefined : holdsAutomatic(vehicle);
    if (held === undefined) return ask(vehicle, 'force');
    return Promise.resolve({ ok: false, failure: held.failure, requests: 0 });
  };

  const isFresh = (vehicle: string, maxAge_s: number): boolean => {
    const reported = reportedAt(vehicle);
    return reported !== undefined && clock.now() - reported <= maxAge_s * 1000;
  };

  return {
    /** Reads what the cloud knows, unless the signal comes before it could begin. */
    read: (vehicle: string, signal?: AbortSignal) =>
      ask(vehicle, 'cached', signal === undefined ? {} : { signal }),

    /** As the schedule wants it: behind everything else. */
    poll: (vehicle: string, operation: 'cached' | 'force') =>
      ask(vehicle, operation, { priority: 'poll' }),

    /** Of `force`, a failure says why the car was not woken; `smart` is content with the cloud's values then. */
    async refresh(
      vehicle: string,
      mode: RefreshMode,
      maxAge_s = defaultMaxAge_s,
    ): Promise<Outcome> {
      if (mode === 'force') return wake(vehicle);
      if (mode === 'cached') return ask(vehicle, mode);
      const cached = await ask(vehicle, 'cached');
      if (!cached.ok || isFresh(vehicle, maxAge_s)) return cached;
      if (holdsAutomatic(vehicle) !== undefined) return cached;
      const woken = await ask(vehicle, 'force');
      return isGuarded(woken) ? cached : woken;
    },
  };
}

function isGuarded(outcome: Outcome): boolean {
  if (outcome.ok || outcome.failure.sent !== false) return false;
  return ['battery_guard', 'rate_limited'].includes(outcome.failure.code);
}

const givenUp: Outcome = {
  ok: false,
  failure: failure('interrupted', 'it was not waited for', { sent: false }),
  requests: 0,
};
