import type { Account } from './account.js';
import { utc, type Clock } from './daemon/clock.js';
import type { Logger } from './daemon/logger.js';
import type { PoolFigures } from './daemon/account-metrics.js';
import type { Metrics } from './daemon/metrics.js';
import type { JobDocument } from './dispatch/job-progress.js';
import type { Connection } from './mqtt/connection.js';
import type { PollSettings } from './schedule/next-poll.js';
import type { Failure } from './vehicle/outcome.js';

/** What the bridge's own state is made of; asked anew for each document. */
export interface StateSources {
  readonly version: string;
  readonly connection: Pick<Connection, 'state' | 'reconnects'>;
  readonly accounts: () => readonly Account[];
  readonly metrics: Metrics;
  readonly polling: () => PollSettings;
  readonly waiting: () => number;
  readonly jobs: () => readonly JobDocument[];
}

export interface BridgeStateOptions {
  readonly clock: Clock;
  readonly log: Logger;
  /** Without it the document is made only for those who ask: it costs the more, the more accounts there are. */
  readonly publish?: (document: unknown) => void;
}

const every_ms = 60_000;
/** Changes that come together are told together. */
const pause_ms = 250;

/** Publishes the bridge's own state: soon after it changes, and every minute. */
export class BridgeState {
  readonly #options: BridgeStateOptions;
  readonly #started_at: string;
  #sources: StateSources | undefined;
  #lastError: { code: string; message: string; at: string } | null = null;
  #soon: NodeJS.Timeout | undefined;
  #interval: NodeJS.Timeout | undefined;

  constructor(options: BridgeStateOptions) {
    this.#options = options;
    this.#started_at = utc(options.clock.now());
  }

  /** From now on there is something to tell. */
  start(sources: StateSources): void {
    this.#sources = sources;
    if (this.#options.publish === undefined) return;
    this.#interval = setInterval(() => {
      this.publish();
    }, every_ms);
  }

  changed(): void {
    if (this.#sources === undefined || this.#options.publish === undefined) return;
    this.#soon ??= setTimeout(() => {
      this.publish();
    }, pause_ms);
  }

  trouble({ code, message }: Failure): void {
    this.#lastError = { code, message, at: utc(this.#options.clock.now()) };
    this.changed();
  }

  /** As it is now; null before there is anything to tell. */
  get document() {
    return this.#sources === undefined ? null : this.#document(this.#sources);
  }

  publish(): void {
    clearTimeout(this.#soon);
    this.#soon = undefined;
    const { document } = this;
    if (document !== null) this.#options.publish?.(document);
  }

  stop(): void {
    this.#sources = undefined;
    clearTimeout(this.#soon);
    clearInterval(this.#interval);
  }

  #polling(
    { enabled, every_ms }: PollSettings,
    accounts: readonly ReturnType<Account['state']>['polls'][],
  ) {
    const times = accounts.flatMap(({ nextAt }) => nextAt ?? []);
    return {
      enabled,
      interval_min: Math.round(every_ms / 60_000),
      next_poll_at: times.length === 0 ? null : utc(Math.min(...times)),
      vehicles: Object.assign({}, ...accounts.map(({ vehicles }) => vehicles)) as Record<
        string,
        unknown
      >,
    };
  }

  #document({ version, connection, metrics, polling, waiting, jobs, ...sources }: StateSources) {
    const accounts = sources.accounts();
    const states = accounts.map((account) => [account.name, account.state()] as const);
    const of = <T>(pick: (state: ReturnType<Account['state']>) => T): Record<string, T> =>
      Object.fromEntries(states.map(([name, state]) => [name, pick(state)]));
    const oldest = states.flatMap(([, state]) => state.oldest ?? []);
    const { state } = connection;
    return {
      schema: 1,
      version,
      started_at: this.#started_at,
      mqtt: {
        version: state.is === 'connected' ? state.version : null,
        reconnects: connection.reconnects,
      },
      accounts: of((one) => one.account),
      breakers: of((one) => one.breakers),
      jobs: jobs(),
      polling: this.#polling(
        polling(),
        states.map(([, { polls }]) => polls),
      ),
      log_level: this.#options.log.level,
      queue: {
        depth: waiting(),
        running: states.reduce((sum, [, one]) => sum + one.running, 0),
        oldest_ms:
          oldest.length === 0
            ? null
            : Math.round(this.#options.clock.monotonic() - Math.min(...oldest)),
      },
      pool: poolFigures(accounts),
      budget: of((one) => one.budget),
      event_loop: metrics.eventLoop(),
      last_error: this.#lastError,
    };
  }
}

/** The pools of all accounts together. */
function poolFigures(accounts: readonly Account[]): PoolFigures {
  const all = accounts.map((account) => account.figures());
  const sum = (of: keyof PoolFigures) => all.reduce((total, figures) => total + figures[of], 0);
  return {
    threads: sum('threads'),
    busy: sum('busy'),
    waiting: sum('waiting'),
    processes: sum('processes'),
  };
}
