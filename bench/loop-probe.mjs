// Loaded into the daemon under measure (`--import`). On SIGUSR2 writes to $PROBE_FILE, as a line of JSON, how
// late its main loop was since the last time, and its memory after a collection; then starts anew.
import { appendFileSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { isMainThread } from 'node:worker_threads';

const resolution_ms = 1;

if (isMainThread) {
  const delay = monitorEventLoopDelay({ resolution: resolution_ms });
  const late_ms = (value_ns) => Math.max(0, value_ns / 1e6 - resolution_ms);
  delay.enable();
  process.on('SIGUSR2', () => {
    const [p50_ms, p99_ms, max_ms] = [delay.percentile(50), delay.percentile(99), delay.max].map(
      late_ms,
    );
    globalThis.gc?.();
    const { heapUsed, external } = process.memoryUsage();
    const line = { p50_ms, p99_ms, max_ms, heap_bytes: heapUsed + external };
    appendFileSync(process.env.PROBE_FILE, `${JSON.stringify(line)}\n`);
    delay.reset();
  });
}
