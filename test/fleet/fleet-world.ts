import { performance } from 'node:perf_hooks';
import { connectNats } from '../../src/nats/connect.js';
import { type Clock, systemClock } from '../../src/daemon/clock.js';
import { createLogger, type Logger } from '../../src/daemon/logger.js';
import type { FleetTiming } from '../../src/fleet/fleet-timing.js';
import {
  type DropReason,
  type Lease,
  type Ownership,
  type OwnershipOptions,
  startOwnership,
} from '../../src/fleet/ownership.js';
import type { NatsServer } from '../support/nats.js';
import { onTeardown } from '../support/teardown.js';
import { waitUntil } from '../support/wait.js';

/** For tests in which somebody dies: quick, though not too quick for a machine that does much else. */
export const quickTiming: FleetTiming = {
  beat_ms: 200,
  fence_ms: 1200,
  ttl_ms: 1800,
  settle_ms: 200,
  overdue_ms: 3000,
  rescued_ms: 60_000,
};

/** With it nobody is taken for dead, however busy the machine is. */
export const patientTiming: FleetTiming = {
  ...quickTiming,
  beat_ms: 500,
  fence_ms: 10_000,
  ttl_ms: 12_000,
};

export interface Taken {
  readonly item: string;
  readonly instance: string;
  readonly lease: Lease;
  readonly from: number;
  /** When its end was told. */
  until: number | undefined;
  why: DropReason | undefined;
}

/** A clock that can be put forward, as a process sees one that was suspended. */
export class LeapingClock implements Clock {
  #leapt_ms = 0;
  leap(by_ms: number): void {
    this.#leapt_ms += by_ms;
  }
  now = (): number => systemClock.now() + this.#leapt_ms;
  monotonic = (): number => systemClock.monotonic() + this.#leapt_ms;
}

/** Several instances of one fleet in this process, and all that any of them has ever taken. */
export class FleetWorld {
  readonly taken: Taken[] = [];
  readonly lines: string[] = [];
  readonly #name = 'fleet';
  readonly #nats: NatsServer;

  constructor(nats: NatsServer) {
    this.#nats = nats;
  }

  async join(
    instance: string,
    changes: Partial<OwnershipOptions> & { url?: string } = {},
  ): Promise<Ownership> {
    const { url = this.#nats.url, ...options } = changes;
    const log = this.#logger(instance);
    const connection = await connectNats({ servers: [url], name: instance, tls: {} }, log);
    onTeardown(() => connection.close());
    const ownership = await startOwnership({
      connection,
      name: this.#name,
      replicas: 1,
      instance,
      version: '1.2.3',
      clock: systemClock,
      log,
      timing: patientTiming,
      retry: { initial_ms: 50, factor: 2, max_ms: 200, jitter: 0 },
      take: (item, lease) => this.#take(instance, item, lease),
      drop: (item, why) => this.#drop(instance, item, why),
      ...options,
    });
    onTeardown(() => ownership.stop());
    return ownership;
  }

  /** Those that hold it by their own account, right now. */
  holders(item: string): string[] {
    return this.taken
      .filter((one) => one.item === item && one.until === undefined && one.lease.isHeld())
      .map(({ instance }) => instance);
  }

  /** The first two that had an item at the same time, if there are any. */
  overlap(): [Taken, Taken] | undefined {
    const last = new Map<string, Taken>();
    for (const one of this.taken) {
      const before = last.get(one.item);
      if (before !== undefined && (before.until === undefined || before.until > one.from)) {
        return [before, one];
      }
      last.set(one.item, one);
    }
    return undefined;
  }

  /** Resolves when every item has exactly one holder, and the counts of these instances differ by one at most. */
  async spread(
    items: readonly string[],
    instances: readonly Ownership[],
    timeout_ms = 10_000,
  ): Promise<void> {
    const counts = (): number[] => instances.map(({ held }) => held.length);
    await waitUntil(
      () => {
        const sizes = counts();
        return (
          sizes.reduce((sum, size) => sum + size, 0) === items.length &&
          Math.max(...sizes) - Math.min(...sizes) <= 1 &&
          items.every((item) => this.holders(item).length === 1)
        );
      },
      timeout_ms,
      () => `an even spread of ${String(items.length)}: ${counts().join(', ')}`,
    );
  }

  #take(instance: string, item: string, lease: Lease): Promise<void> {
    const from = performance.now();
    this.taken.push({ item, instance, lease, from, until: undefined, why: undefined });
    return Promise.resolve();
  }

  #drop(instance: string, item: string, why: DropReason): Promise<void> {
    const one = this.taken.findLast((taken) => taken.item === item && taken.instance === instance);
    if (one?.until !== undefined || one === undefined) throw new Error(`${item} was not taken`);
    one.until = performance.now();
    one.why = why;
    return Promise.resolve();
  }

  #logger(instance: string): Logger {
    return createLogger(
      { level: 'debug', format: 'json' },
      { write: (line) => void this.lines.push(`${instance}: ${line.trim()}`) },
    );
  }
}

export function itemsOf(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `account.a${String(index)}`);
}

export interface Gate {
  readonly passed: Promise<void>;
  open(): void;
}

export function closedGate(): Gate {
  let open = (): void => undefined;
  const passed = new Promise<void>((resolve) => {
    open = resolve;
  });
  return {
    passed,
    open: () => {
      open();
    },
  };
}
