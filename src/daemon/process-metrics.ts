import { readdir } from 'node:fs/promises';
import { performance } from 'node:perf_hooks';
import type { LoopDelay } from './loop-delay.js';
import type { MetricMakers } from './metric-makers.js';

const look_ms = 10_000;

/**
 * What the process itself uses. Not prom-client's own set: that reads /proc synchronously at each request, watches
 * every collection of garbage, and has a second monitor of the loop.
 */
export function addProcessMetrics(make: MetricMakers, loop: LoopDelay, version: string) {
  make.pullEach(
    'build_info',
    'Always 1; its labels say which release runs, and on which Node',
    ['version', 'node'],
    () => [[{ version, node: process.version }, 1]],
  );
  make.pull(
    'start_time_seconds',
    'When the process started, in seconds since 1970',
    () => performance.timeOrigin / 1000,
  );
  make.pullCounter('process_cpu_seconds_total', 'Processor time of the bridge, all threads', () => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1e6;
  });
  make.pull(
    'process_resident_memory_bytes',
    'Memory of the bridge without its Python processes',
    () => process.memoryUsage.rss(),
  );
  make.pull(
    'process_heap_used_bytes',
    'JavaScript objects on the main thread',
    () => process.memoryUsage().heapUsed,
  );
  make.pull(
    'event_loop_delay_p50_seconds',
    'Delay of the main loop in the last minutes, median',
    () => seconds(loop.recent.p50_ms),
  );
  make.pull('event_loop_delay_p99_seconds', 'Delay of the main loop in the last minutes, p99', () =>
    seconds(loop.recent.p99_ms),
  );
  make.pull(
    'event_loop_delay_max_seconds',
    'Delay of the main loop in the last minutes, the longest',
    () => seconds(loop.recent.max_ms),
  );
  make.pullCounter(
    'event_loop_active_seconds_total',
    'Time in which the main loop had work; its rate is how busy it is',
    () => seconds(performance.eventLoopUtilization().active),
  );
  return addOpenFiles(make);
}

function seconds(time_ms: number): number {
  return time_ms / 1000;
}

/** Looked at beside the requests: a disk that hangs takes up the threads that would read the folder. */
function addOpenFiles(make: MetricMakers): { stop(): void } {
  let open: number | undefined;
  let isLooking = false;
  const look = (): void => {
    if (isLooking) return;
    isLooking = true;
    readdir('/proc/self/fd')
      .then(
        (found) => {
          // One of them is that of the folder itself.
          open = found.length - 1;
        },
        // There is no such folder but on Linux.
        () => undefined,
      )
      .finally(() => {
        isLooking = false;
      });
  };
  look();
  const timer = setInterval(look, look_ms).unref();
  make.pullEach('process_open_fds', 'Open files and sockets of the bridge', [], () => [[{}, open]]);
  return {
    stop: () => {
      clearInterval(timer);
    },
  };
}
