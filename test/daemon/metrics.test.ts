import { expect, onTestFinished, test } from 'vitest';
import { createMetrics } from '../../src/daemon/metrics.js';

function someMetrics() {
  const figures = { threads: 3, busy: 2, waiting: 5, processes: 1 };
  const metrics = createMetrics({ pool: () => figures, queueDepth: () => 7 });
  onTestFinished(() => {
    metrics.stop();
  });
  const value = async (line: string): Promise<number> => {
    const text = await metrics.registry.metrics();
    const found = text.split('\n').find((one) => one.startsWith(`${line} `));
    return Number(found?.split(' ').at(-1) ?? NaN);
  };
  return { metrics, value, figures };
}

test('the queue and the pool are as they are when they are asked for', async () => {
  const { value, figures } = someMetrics();
  expect(await value('bluelink2mqtt_queue_depth')).toBe(7);
  expect(await value('bluelink2mqtt_pool_threads')).toBe(3);
  expect(await value('bluelink2mqtt_pool_busy')).toBe(2);
  expect(await value('bluelink2mqtt_pool_waiting')).toBe(5);
  expect(await value('bluelink2mqtt_pool_processes')).toBe(1);
  figures.waiting = 0;
  expect(await value('bluelink2mqtt_pool_waiting')).toBe(0);
});

test('operations are measured from hand-over to return, by operation and result', async () => {
  const { metrics, value } = someMetrics();
  metrics.callReturned('cached', true, 300);
  metrics.callReturned('force', false, 60_000);
  const name = 'bluelink2mqtt_call_duration_seconds';
  expect(await value(`${name}_sum{operation="cached",result="ok"}`)).toBeCloseTo(0.3);
  expect(await value(`${name}_count{operation="force",result="failed"}`)).toBe(1);
  expect(await value(`${name}_bucket{le="0.5",operation="cached",result="ok"}`)).toBe(1);
});

test('changes of a breaker are counted by what it went to', async () => {
  const { metrics, value } = someMetrics();
  for (const state of ['open', 'half_open', 'open']) metrics.breakerChanged('home', 'wake', state);
  const name = 'bluelink2mqtt_breaker_changes_total';
  expect(await value(`${name}{account="home",class="wake",state="open"}`)).toBe(2);
  expect(await value(`${name}{account="home",class="wake",state="half_open"}`)).toBe(1);
});

test('commands, requests, reconnects and terminated threads are counted', async () => {
  const { metrics, value } = someMetrics();
  metrics.commandEnded('refresh', 'succeeded');
  metrics.vendorRequest('home');
  metrics.reconnected();
  metrics.threadTerminated();
  expect(
    await Promise.all([
      value('bluelink2mqtt_commands_total{command="refresh",status="succeeded"}'),
      value('bluelink2mqtt_vendor_requests_total{account="home"}'),
      value('bluelink2mqtt_mqtt_reconnects_total'),
      value('bluelink2mqtt_threads_terminated_total'),
    ]),
  ).toEqual([1, 1, 1, 1]);
});

test('a loop that is held up shows it', async () => {
  const { metrics, value } = someMetrics();
  await new Promise((resolve) => setTimeout(resolve, 50));
  const until = performance.now() + 120;
  while (performance.now() < until);
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(metrics.eventLoop().max_ms).toBeGreaterThan(50);
  expect(await value('bluelink2mqtt_event_loop_delay_p99_seconds')).toBeGreaterThan(0.05);
});

test('no label but those that are named', async () => {
  const { metrics } = someMetrics();
  metrics.commandEnded('refresh', 'succeeded');
  metrics.callReturned('cached', true, 1);
  metrics.breakerChanged('home', 'read', 'open');
  metrics.vendorRequest('home');
  const text = await metrics.registry.metrics();
  const labels = [...text.matchAll(/[{,](\w+)="/g)].map(([, label]) => label);
  expect([...new Set(labels)].sort()).toEqual(
    ['account', 'class', 'command', 'le', 'operation', 'result', 'state', 'status'].sort(),
  );
});

test('two of them do not disturb each other', async () => {
  const [one, other] = [someMetrics(), someMetrics()];
  one.metrics.reconnected();
  expect(await other.value('bluelink2mqtt_mqtt_reconnects_total')).toBe(0);
});
