import type { CloudOperation, CloudRequest, Route } from './wire.js';

/** One request as the cloud saw it. Times are epoch ms of the wall clock, with fractions. */
export interface LoggedRequest extends CloudRequest {
  readonly at: number;
  readonly operation: Route['operation'];
  readonly account: string | null;
  /** The VIN of the car, where the request names one. */
  readonly vehicle: string | null;
  /** The account had used up its requests of the day. */
  readonly over_quota: boolean;
  /** When the answer left; null as long as there is none. */
  ended_at: number | null;
  /** The HTTP status; null without an answer, or when the connection was broken. */
  status: number | null;
}

/** Everything that was asked, in the order in which it came. */
export class RequestLog {
  readonly #entries: LoggedRequest[] = [];
  readonly #waiting = new Set<{ fits: () => boolean; resolve: () => void }>();

  get all(): readonly LoggedRequest[] {
    return this.#entries;
  }

  /** Requests to hosts or paths that no maker knows. */
  get unknown(): readonly LoggedRequest[] {
    return this.#entries.filter(({ operation }) => operation === 'unknown');
  }

  of(operation: CloudOperation, vehicle?: string): readonly LoggedRequest[] {
    return this.#entries.filter(
      (one) => one.operation === operation && (vehicle === undefined || one.vehicle === vehicle),
    );
  }

  /** Requests that came when the account had used up those of its day. */
  get overQuota(): readonly LoggedRequest[] {
    return this.#entries.filter(({ over_quota }) => over_quota);
  }

  /** Pairs of requests that were under way at the same time, of those that fit. */
  overlaps(fits: (one: LoggedRequest) => boolean = () => true): [LoggedRequest, LoggedRequest][] {
    const fitting = this.#entries.filter(fits);
    return fitting.flatMap((one, place) =>
      fitting
        .slice(place + 1)
        .filter((later) => one.ended_at === null || later.at < one.ended_at)
        .map((later): [LoggedRequest, LoggedRequest] => [one, later]),
    );
  }

  /** Requests that repeat, word for word, one before them that got no answer: what a client sends again by itself. */
  repeats(): readonly LoggedRequest[] {
    return this.#entries.filter((one, place) =>
      this.#entries
        .slice(0, place)
        .some((before) => unanswered(before) && wordsOf(before) === wordsOf(one)),
    );
  }

  /** Resolves when so many requests of an operation have arrived; the caller bounds the wait. */
  arrived(operation: CloudOperation, count = 1): Promise<void> {
    const fits = (): boolean => this.of(operation).length >= count;
    if (fits()) return Promise.resolve();
    return new Promise((resolve) => {
      this.#waiting.add({ fits, resolve });
    });
  }

  clear(): void {
    this.#entries.length = 0;
  }

  end(entry: LoggedRequest, status: number | null): void {
    entry.ended_at = wallClock();
    entry.status = status;
  }

  begin(request: CloudRequest, route: Route, over_quota = false): LoggedRequest {
    const { operation, account, vehicle } = route;
    const entry: LoggedRequest = {
      ...request,
      at: wallClock(),
      operation,
      account,
      vehicle,
      over_quota,
      ended_at: null,
      status: null,
    };
    this.#entries.push(entry);
    for (const waiter of this.#waiting) {
      if (!waiter.fits()) continue;
      this.#waiting.delete(waiter);
      waiter.resolve();
    }
    return entry;
  }
}

const unanswered = ({ ended_at, status }: LoggedRequest): boolean =>
  ended_at !== null && status === null;

function wordsOf({ method, host, path, query, headers, body }: LoggedRequest): string {
  return JSON.stringify([method, host, path, query.toString(), headers, body]);
}

function wallClock(): number {
  return performance.timeOrigin + performance.now();
}
