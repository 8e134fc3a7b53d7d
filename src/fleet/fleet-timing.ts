export interface FleetTiming {
  /** How often an instance tells that it is alive. */
  readonly beat_ms: number;
  /** So long after its last beat an instance does nothing any more with what it owns. */
  readonly fence_ms: number;
  /** An instance that is not heard of for so long is dead for the others. Longer than `fence_ms`. */
  readonly ttl_ms: number;
  /** So long nothing is moved after instances or items have come. */
  readonly settle_ms: number;
  /** What nobody has taken for so long is taken by those that have their share already. */
  readonly overdue_ms: number;
  /** So long after that nothing is moved to even it out. */
  readonly rescued_ms: number;
}

/**
 * With these an outage of NATS of 3 s costs nobody anything, and what a dead instance had is owned again after 8 to
 * 12 s.
 */
export const fleetTiming: FleetTiming = {
  beat_ms: 1500,
  fence_ms: 6000,
  ttl_ms: 8000,
  settle_ms: 1000,
  overdue_ms: 10_000,
  rescued_ms: 300_000,
};

/** Throws where an owner might be taken for dead before it has stopped. */
export function checkTiming({ beat_ms, fence_ms, ttl_ms }: FleetTiming): void {
  if (fence_ms < 2 * beat_ms) {
    throw new RangeError(`fence_ms: expected at least two beats (${2 * beat_ms}), got ${fence_ms}`);
  }
  if (ttl_ms < fence_ms + beat_ms) {
    throw new RangeError(
      `ttl_ms: expected at least fence_ms and a beat (${fence_ms + beat_ms}), got ${ttl_ms}`,
    );
  }
}
