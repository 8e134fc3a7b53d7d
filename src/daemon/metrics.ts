import { Registry } from 'prom-client';
import { addAccountMetrics, type AccountFigures, type AccountWords } from './account-metrics.js';
import { addCommandMetrics, type CommandStep, type CommandWords } from './command-metrics.js';
import { LoopDelay, type Delays } from './loop-delay.js';
import { createMetricMakers, knownWord, type MetricMakers } from './metric-makers.js';
import { addProcessMetrics } from './process-metrics.js';

/** What can stand in labels: closed sets, so that no label grows without end. */
export interface MetricWords extends CommandWords, AccountWords {
  readonly accounts: readonly string[];
  readonly operations: readonly string[];
  readonly classes: readonly string[];
}

/** What is asked whenever somebody reads the metrics. Each answers at once. */
export interface MetricSources {
  readonly version: string;
  readonly words: MetricWords;
  readonly accounts: () => readonly AccountFigures[];
  readonly isHealthy: () => boolean;
  readonly isClockTrusted: () => boolean;
  readonly isConnected: () => boolean;
  /** Events that the broker has not acknowledged yet. */
  readonly undelivered: () => number;
}

/** Who made the bridge wake a car. */
export const wakeReasons = ['command', 'refresh', 'bridge'] as const;
export type WakeReason = (typeof wakeReasons)[number];

/** How a sign-in ended; `refused` is what only a person can change. */
export const signInResults = ['ok', 'otp_required', 'refused', 'failed'] as const;
export type SignInResult = (typeof signInResults)[number];

/** Every figure that the bridge keeps of itself, on a registry of its own. */
export function createMetrics(sources: MetricSources) {
  const { version, words } = sources;
  const registry = new Registry();
  const make = createMetricMakers(registry);
  const loop = new LoopDelay();
  const files = addProcessMetrics(make, loop, version);
  make.pull('healthy', '1 while the main loop and the threads turn', () =>
    Number(sources.isHealthy()),
  );
  make.pull('clock_trusted', '1 unless the clock is behind what is stored', () =>
    Number(sources.isClockTrusted()),
  );
  addAccountMetrics(make, words, sources.accounts);
  const commandStep = addCommandMetrics(make, words);

  return {
    registry,
    /** A step of a command, or its refusal; each is told once. */
    commandStep: (step: CommandStep): void => {
      commandStep(step);
    },
    ...callMetrics(make, words),
    ...accountCounters(make, words),
    ...brokerMetrics(make, sources),
    ...storeMetrics(make),
    ...outletMetrics(make),
    /** Milliseconds, without the sampling interval itself. */
    eventLoop: (): Pick<Delays, 'p99_ms' | 'max_ms'> => {
      const { p99_ms, max_ms } = loop.recent;
      return { p99_ms, max_ms };
    },
    stop: (): void => {
      loop.stop();
      files.stop();
      registry.clear();
    },
  };
}

export type Metrics = ReturnType<typeof createMetrics>;

function callMetrics(make: MetricMakers, { accounts, codes, operations }: MetricWords) {
  const duration = make.histogram(
    'call_duration_seconds',
    'Calls to the vehicle backend, from hand-over to return',
    {
      buckets: [0.01, 0.1, 0.5, 1, 2, 5, 10, 30, 60, 120, 180],
      labelNames: ['operation', 'result'],
    },
  );
  const inFlight = make.gauge('calls_in_flight', 'Calls that a thread has and has not returned', {
    operation: operations,
  });
  const failures = make.counter(
    'call_failures_total',
    'Calls to the vehicle backend that failed, by the code of the failure',
    { account: accounts, code: codes },
  );
  return {
    callLeft: (operation: string): void => {
      inFlight.inc({ operation });
    },
    /** `code`: of the failure; undefined where there was none. */
    callReturned: (
      account: string,
      operation: string,
      code: string | undefined,
      duration_ms: number,
    ): void => {
      inFlight.dec({ operation });
      const result = code === undefined ? 'ok' : 'failed';
      duration.observe({ operation, result }, duration_ms / 1000);
      if (code !== undefined) failures.inc({ account, code: knownWord(codes, code) });
    },
  };
}

function accountCounters(make: MetricMakers, words: MetricWords) {
  const { accounts, operations } = words;
  const requests = make.counter(
    'vendor_requests_total',
    'Requests sent to the vendor, by the operation that they were for',
    { account: accounts, operation: [...operations, 'unknown'] },
  );
  const breakers = make.counter(
    'breaker_changes_total',
    'Changes of a breaker, by the state it went to',
    { account: accounts, class: words.classes, state: words.breakerStates },
  );
  const signIns = make.counter('sign_ins_total', 'Sign-ins, by how they ended', {
    account: accounts,
    result: signInResults,
  });
  const wakes = make.counter(
    'wakes_total',
    'Calls that were sent to wake a car: for a remote command, for a refresh that a person asked for, or by the bridge itself',
    { account: accounts, reason: wakeReasons },
  );
  const polls = make.counter('polls_total', 'Polls, by what they did and how they ended', {
    account: accounts,
    operation: ['cached', 'force'],
    result: ['ok', 'failed'],
  });
  const threads = make.counter(
    'threads_terminated_total',
    'Threads ended as the last resort; each may leave one defunct process entry',
    { account: accounts },
  );
  const processes = make.counter(
    'processes_started_total',
    'Python processes that were started, again or for the first time',
    { account: accounts },
  );
  const killed = make.counter(
    'processes_killed_total',
    'Python processes that ended by a signal: killed by the bridge because a call did not keep its deadline, or by the system',
    { account: accounts },
  );
  return {
    vendorRequest: (account: string, operation = 'unknown'): void => {
      requests.inc({ account, operation });
    },
    breakerChanged: (account: string, name: string, state: string): void => {
      breakers.inc({ account, class: name, state });
    },
    signedIn: (account: string, result: SignInResult): void => {
      signIns.inc({ account, result });
    },
    woken: (account: string, reason: WakeReason): void => {
      wakes.inc({ account, reason });
    },
    polled: (account: string, operation: 'cached' | 'force', ok: boolean): void => {
      polls.inc({ account, operation, result: ok ? 'ok' : 'failed' });
    },
    threadTerminated: (account: string): void => {
      threads.inc({ account });
    },
    processStarted: (account: string): void => {
      processes.inc({ account });
    },
    processKilled: (account: string): void => {
      killed.inc({ account });
    },
  };
}

function brokerMetrics(make: MetricMakers, sources: MetricSources) {
  make.pull('mqtt_connected', '1 while there is a connection to the broker', () =>
    Number(sources.isConnected()),
  );
  make.pull('mqtt_undelivered_events', 'Events that the broker has not acknowledged yet', () =>
    sources.undelivered(),
  );
  const reconnects = make.counter(
    'mqtt_reconnects_total',
    'Connections to the broker after the first',
  );
  const received = make.counter(
    'mqtt_received_messages_total',
    'Messages that came from the broker',
  );
  const published = make.counter(
    'mqtt_published_messages_total',
    'Messages to the broker that it has acknowledged',
  );
  const dropped = make.counter(
    'mqtt_dropped_messages_total',
    'Messages that did not reach the broker, or that it refused; what has to arrive is sent again and counts anew',
  );
  return {
    reconnected: (): void => {
      reconnects.inc();
    },
    received: (): void => {
      received.inc();
    },
    published: (): void => {
      published.inc();
    },
    dropped: (): void => {
      dropped.inc();
    },
  };
}

function storeMetrics(make: MetricMakers) {
  const writes = make.histogram(
    'store_write_duration_seconds',
    'Batches of the store, until they were on the disk',
    { buckets: [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10] },
  );
  const failures = make.counter('store_write_failures_total', 'Batches that could not be written');
  const reopenings = make.counter(
    'store_reopenings_total',
    'How often the store was opened again after a failed batch',
  );
  return {
    /** What the store tells of its disk. */
    disk: {
      wrote: (duration_ms: number): void => {
        writes.observe(duration_ms / 1000);
      },
      failed: (): void => {
        failures.inc();
      },
      reopened: (): void => {
        reopenings.inc();
      },
    },
  };
}

function outletMetrics(make: MetricMakers) {
  const announcements = make.counter(
    'home_assistant_announcements_total',
    'Discovery messages for Home Assistant that were new or changed',
  );
  const requests = make.sparseCounter(
    'http_requests_total',
    'HTTP requests, by route and by the class of the status',
    ['route', 'status'],
  );
  return {
    announced: (messages: number): void => {
      announcements.inc(messages);
    },
    /** `route`: as it is declared (`/api/vehicles/:vehicle`), never the path that was asked for. */
    httpAnswered: (route: string, status: number): void => {
      requests.inc({ route, status: `${String(Math.floor(status / 100))}xx` });
    },
  };
}
