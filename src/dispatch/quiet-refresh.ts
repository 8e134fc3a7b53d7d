import type { Clock } from '../daemon/clock.js';
import type { RefreshMode } from '../vehicle/command.js';
import { failure } from '../vehicle/outcome.js';
import type { Outcome } from '../vehicle/task.js';
import type { LaneOperation, Place, Waiter } from './lane.js';

export interface QuietRefreshOptions {
  readonly clock: Clock;
  readonly defaultMaxAge_s: number;
  readonly lanes: { take(vehicle: string, operation: LaneOperation, waiter: Waiter): Place };
  /** The car's own time of its newest report, epoch milliseconds. */
  readonly reportedAt: (vehicle: string) => number | undefined;
}

/** Refreshes that the bridge starts itself: behind those of people, without events of their own. Nothing rejects. */
export function createQuietRefresh({
  clock,
  defaultMaxAge_s,
  lanes,
  reportedAt,
}: QuietRefreshOptions) {
  const ask = (
    vehicle: string,
    operation: 'cached' | 'force',
    signal?: AbortSignal,
  ): Promise<Outcome> =>
    new Promise((resolve) => {
      const place = lanes.take(vehicle, operation, {
        priority: 'bridge',
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

  const isFresh = (vehicle: string, maxAge_s: number): boolean => {
    const reported = reportedAt(vehicle);
    return reported !== undefined && clock.now() - reported <= maxAge_s * 1000;
  };

  return {
    /** Reads what the cloud knows, unless the signal comes before it could begin. */
    read: (vehicle: string, signal?: AbortSignal) => ask(vehicle, 'cached', signal),

    async refresh(
      vehicle: string,
      mode: RefreshMode,
      maxAge_s = defaultMaxAge_s,
    ): Promise<Outcome> {
      if (mode !== 'smart') return ask(vehicle, mode);
      const cached = await ask(vehicle, 'cached');
      return !cached.ok || isFresh(vehicle, maxAge_s) ? cached : ask(vehicle, 'force');
    },
  };
}

const givenUp: Outcome = {
  ok: false,
  failure: failure('interrupted', 'it was not waited for', { sent: false }),
  requests: 0,
};
