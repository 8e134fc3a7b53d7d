import { monitorEventLoopDelay, type IntervalHistogram } from 'node:perf_hooks';
import { Counter, Gauge, Histogram, Registry } from 'prom-client';

/** What the pool of an account looks like at this moment. */
export interface PoolFigures {
  readonly threads: number;
  readonly busy: number;
  readonly waiting: number;
  readonly processes: number;
}

/** Every figure that the bridge keeps of itself, on a registry of its own. Labels are closed sets. */
export function createMetrics(read: { pool: () => PoolFigures; queueDepth: () => number }) {
  const registry = new Registry();
  const registers = [registry];
  const loop = monitorEventLoopDelay({ resolution: sampling_ms });
  loop.enable();
  // Of the last minute or two: over days the quiet hours would hide everything.
  let before = delaysOf(loop);
  const window = setInterval(() => {
    before = delaysOf(loop);
    loop.reset();
  }, window_ms).unref();

  const commands = new Counter({
    name: 'bluelink2mqtt_commands_total',
    help: 'Commands by name and by how they ended',
    labelNames: ['command', 'status'],
    registers,
  });
  const calls = new Histogram({
    name: 'bluelink2mqtt_call_duration_seconds',
    help: 'Calls to the vehicle backend, from hand-over to return',
    labelNames: ['operation', 'result'],
    buckets: [0.01, 0.1, 0.5, 1, 2, 5, 10, 30, 60, 120, 180],
    registers,
  });
  const breakerChanges = new Counter({
    name: 'bluelink2mqtt_breaker_changes_total',
    help: 'Changes of a breaker, by the state it went to',
    labelNames: ['account', 'class', 'state'],
    registers,
  });
  const requests = new Counter({
    name: 'bluelink2mqtt_vendor_requests_total',
    help: 'Requests sent to the vendor',
    labelNames: ['account'],
    registers,
  });
  const terminatedThreads = new Counter({
    name: 'bluelink2mqtt_threads_terminated_total',
    help: 'Threads ended as the last resort; each may leave one defunct process entry',
    registers,
  });
  const reconnects = new Counter({
    name: 'bluelink2mqtt_mqtt_reconnects_total',
    help: 'Connections to the broker after the first',
    registers,
  });
  pull('bluelink2mqtt_queue_depth', 'Commands that wait', () => read.queueDepth());
  pull('bluelink2mqtt_pool_threads', 'Worker threads', () => read.pool().threads);
  pull('bluelink2mqtt_pool_busy', 'Worker threads at work', () => read.pool().busy);
  pull('bluelink2mqtt_pool_waiting', 'Calls that wait for a thread', () => read.pool().waiting);
  pull('bluelink2mqtt_pool_processes', 'Python processes', () => read.pool().processes);
  pull(
    'bluelink2mqtt_event_loop_delay_p99_seconds',
    'Delay of the main loop, p99',
    () => delaysOf(loop).p99_ms / 1000,
  );

  function pull(name: string, help: string, value: () => number): void {
    new Gauge({
      name,
      help,
      registers,
      collect() {
        this.set(value());
      },
    });
  }

  return {
    registry,
    commandEnded: (command: string, status: string): void => {
      commands.inc({ command, status });
    },
    callReturned: (operation: string, ok: boolean, duration_ms: number): void => {
      calls.observe({ operation, result: ok ? 'ok' : 'failed' }, duration_ms / 1000);
    },
    breakerChanged: (account: string, lane: string, state: string): void => {
      breakerChanges.inc({ account, class: lane, state });
    },
    vendorRequest: (account: string): void => {
      requests.inc({ account });
    },
    threadTerminated: (): void => {
      terminatedThreads.inc();
    },
    reconnected: (): void => {
      reconnects.inc();
    },
    /** Milliseconds, without the sampling interval itself. */
    eventLoop: (): Delays => {
      const now = delaysOf(loop);
      return {
        p99_ms: Math.max(before.p99_ms, now.p99_ms),
        max_ms: Math.max(before.max_ms, now.max_ms),
      };
    },
    stop: (): void => {
      clearInterval(window);
      loop.disable();
      registry.clear();
    },
  };
}

export type Metrics = ReturnType<typeof createMetrics>;

const sampling_ms = 10;
const window_ms = 60_000;

interface Delays {
  readonly p99_ms: number;
  readonly max_ms: number;
}

function delaysOf(loop: IntervalHistogram): Delays {
  if (loop.count === 0) return { p99_ms: 0, max_ms: 0 };
  return { p99_ms: rounded(loop.percentile(99)), max_ms: rounded(loop.max) };
}

function rounded(delay_ns: number): number {
  return Math.round(Math.max(0, delay_ns / 1e6 - sampling_ms) * 10) / 10;
}
