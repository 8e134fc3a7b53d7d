import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { metricWords } from '../../src/bridge-metrics.js';
import type { AccountFigures } from '../../src/daemon/account-metrics.js';
import type { CommandStep } from '../../src/daemon/command-metrics.js';
import type { MetricSources } from '../../src/daemon/metrics.js';
import { hasPromtool, promtool } from '../support/promtool.js';
import { quietAccount, someMetrics } from './some-metrics.js';

function measured(sources: Partial<MetricSources> = {}, accounts?: readonly string[]) {
  const metrics = someMetrics(accounts, sources);
  onTestFinished(() => {
    metrics.stop();
  });
  const value = async (series: string): Promise<number> => {
    const text = await metrics.registry.metrics();
    const found = text.split('\n').find((one) => one.startsWith(`bluelink2mqtt_${series} `));
    return Number(found?.split(' ').at(-1) ?? NaN);
  };
  return { metrics, value };
}

/** Metrics of one account that the test changes. */
function ofAccount(change: Partial<AccountFigures>) {
  let account: AccountFigures = { ...quietAccount('home'), ...change };
  const { value } = measured({ accounts: () => [account] });
  return {
    value,
    becomes: (more: Partial<AccountFigures>) => {
      account = { ...account, ...more };
    },
  };
}

function step(status: string, more: Partial<CommandStep> = {}): CommandStep {
  return { id: 'one', seq: 1, vehicle: 'ioniq5', command: 'lock', status, ...more };
}

/** Something has happened of everything that is counted. */
function muchHappens({ metrics }: ReturnType<typeof measured>): void {
  metrics.commandStep(step('accepted'));
  metrics.commandStep(step('running', { queued_ms: 20 }));
  metrics.commandStep(step('succeeded'));
  metrics.commandStep(step('rejected', { seq: 0, code: 'busy' }));
  metrics.callLeft('cached');
  metrics.callReturned('home', 'cached', undefined, 12);
  metrics.disk.wrote(3);
  metrics.httpAnswered('/api/state', 200);
}

const busy: AccountFigures = {
  ...quietAccount('home'),
  session_expires_at: '2026-11-23T00:00:00.000Z',
  budget: {
    ...{ state: 'blocked', used: 3, left: 0, limit: 200 },
    ...{ resets_at: '2026-11-23T00:00:00.000Z', blocked_until: '2026-11-23T00:00:00.000Z' },
  },
  read_at: ['2026-11-22T12:00:00.000Z', null],
  held: ['guard_gap'],
};

test('pools and queues are as they are when they are asked for', async () => {
  const pool = { threads: 3, busy: 2, waiting: 5, processes: 1 };
  const { value, becomes } = ofAccount({ pool, waiting: 7, oldestWaiting_ms: 1500 });
  expect(await value('queue_depth{account="home"}')).toBe(7);
  expect(await value('queue_oldest_seconds{account="home"}')).toBe(1.5);
  expect(await value('pool_threads{account="home"}')).toBe(3);
  expect(await value('pool_busy{account="home"}')).toBe(2);
  expect(await value('pool_waiting{account="home"}')).toBe(5);
  expect(await value('pool_processes{account="home"}')).toBe(1);
  becomes({ waiting: 0, pool: { ...pool, waiting: 0 } });
  expect(await value('queue_depth{account="home"}')).toBe(0);
  expect(await value('pool_waiting{account="home"}')).toBe(0);
});

test('of all states that there are exactly the present one is 1', async () => {
  const { value, becomes } = ofAccount({ state: 'signing_in' });
  const accountAt = (state: string) => value(`account_state{account="home",state="${state}"}`);
  const breakerAt = (name: string, state: string) =>
    value(`breaker_state{account="home",class="${name}",state="${state}"}`);
  expect([await accountAt('signing_in'), await accountAt('ready')]).toEqual([1, 0]);
  becomes({ state: 'ready', breakers: { read: 'closed', wake: 'open' } });
  expect([await accountAt('signing_in'), await accountAt('ready')]).toEqual([0, 1]);
  expect([await breakerAt('wake', 'open'), await breakerAt('wake', 'closed')]).toEqual([1, 0]);
  expect([await breakerAt('read', 'open'), await breakerAt('read', 'closed')]).toEqual([0, 1]);
});

test('what is not known is not shown, and is gone once it is not known any more', async () => {
  const { value, becomes } = ofAccount({});
  const names = [
    'session_expiry_timestamp_seconds',
    'budget_left',
    'budget_limit',
    'budget_blocked_until_timestamp_seconds',
    'oldest_read_timestamp_seconds',
  ];
  const all = () => Promise.all(names.map((name) => value(`${name}{account="home"}`)));
  expect(await all()).toEqual([NaN, NaN, NaN, NaN, NaN]);
  becomes(busy);
  const midnight_s = Date.parse('2026-11-23T00:00:00.000Z') / 1000;
  expect(await all()).toEqual([midnight_s, 0, 200, midnight_s, midnight_s - 12 * 3600]);
  becomes(quietAccount('home'));
  expect(await all()).toEqual([NaN, NaN, NaN, NaN, NaN]);
});

test('held polls are counted by why, and a word that nobody knows makes no label of its own', async () => {
  const { value } = ofAccount({ held: ['guard_gap', 'guard_gap', 'the moon'] });
  expect(await value('polls_held{account="home",reason="guard_gap"}')).toBe(2);
  expect(await value('polls_held{account="home",reason="budget"}')).toBe(0);
  expect(await value('polls_held{account="home",reason="unknown"}')).toBe(1);
});

test('all accounts are asked once for each reading', async () => {
  let asked = 0;
  const accounts = (): AccountFigures[] => {
    asked += 1;
    return [quietAccount('home')];
  };
  const { metrics } = measured({ accounts });
  await metrics.registry.metrics();
  expect(asked).toBe(1);
  await metrics.registry.metrics();
  expect(asked).toBe(2);
});

test('a command is counted by its ending, and timed from its acceptance', async () => {
  const { metrics, value } = measured();
  metrics.commandStep(step('accepted'));
  metrics.commandStep(step('running', { queued_ms: 40 }));
  expect(await value('commands_total{command="lock",status="succeeded"}')).toBeNaN();
  // A car that was busy: it waits again, and starts a second time.
  metrics.commandStep(step('running', { queued_ms: 9000 }));
  metrics.commandStep(step('succeeded'));
  expect(await value('commands_total{command="lock",status="succeeded"}')).toBe(1);
  expect(await value('command_duration_seconds_count{command="lock"}')).toBe(1);
  expect(await value('command_wait_seconds_count')).toBe(1);
  expect(await value('command_wait_seconds_sum')).toBeCloseTo(0.04);
});

test('what was accepted by an earlier start is counted and not timed', async () => {
  const { metrics, value } = measured();
  metrics.commandStep(step('running', { queued_ms: 86_400_000 }));
  metrics.commandStep(step('failed', { code: 'interrupted' }));
  expect(await value('commands_total{command="lock",status="failed"}')).toBe(1);
  expect(await value('command_failures_total{code="interrupted"}')).toBe(1);
  expect(await value('command_wait_seconds_count')).toBe(0);
  expect(await value('command_duration_seconds_count{command="lock"}')).toBeNaN();
});

test('a refusal with the id of a command that is open leaves that one alone', async () => {
  const { metrics, value } = measured();
  metrics.commandStep(step('accepted'));
  metrics.commandStep(step('rejected', { seq: 0, code: 'id_reused' }));
  expect(await value('command_refusals_total{code="id_reused"}')).toBe(1);
  expect(await value('command_duration_seconds_count{command="lock"}')).toBeNaN();
  metrics.commandStep(step('succeeded'));
  expect(await value('command_duration_seconds_count{command="lock"}')).toBe(1);
});

test('what a topic happens to name becomes no label', async () => {
  const { metrics, value } = measured();
  const command = 'KMHXX00XXXX000000';
  metrics.commandStep(step('rejected', { seq: 0, command, code: 'unknown_command' }));
  expect(await value('commands_total{command="unknown",status="rejected"}')).toBe(1);
  expect(await metrics.registry.metrics()).not.toContain(command);
});

test('why smart woke the car or did not is counted', async () => {
  const { metrics, value } = measured();
  metrics.commandStep(step('succeeded', { command: 'refresh', decision: 'guard_gap' }));
  expect(await value('refresh_decisions_total{decision="guard_gap"}')).toBe(1);
  expect(await value('refresh_decisions_total{decision="forced"}')).toBe(0);
});

test('operations are measured from hand-over to return, by operation and result', async () => {
  const { metrics, value } = measured();
  metrics.callLeft('cached');
  metrics.callLeft('force');
  expect(await value('calls_in_flight{operation="force"}')).toBe(1);
  metrics.callReturned('home', 'cached', undefined, 300);
  metrics.callReturned('home', 'force', 'timeout', 60_000);
  expect(await value('calls_in_flight{operation="force"}')).toBe(0);
  const name = 'call_duration_seconds';
  expect(await value(`${name}_sum{operation="cached",result="ok"}`)).toBeCloseTo(0.3);
  expect(await value(`${name}_count{operation="force",result="failed"}`)).toBe(1);
  expect(await value(`${name}_bucket{le="0.5",operation="cached",result="ok"}`)).toBe(1);
  expect(await value('call_failures_total{account="home",code="timeout"}')).toBe(1);
  expect(await value('call_failures_total{account="home",code="unavailable"}')).toBe(0);
});

test('what happens to an account is counted', async () => {
  const { metrics, value } = measured();
  for (const state of ['open', 'half_open', 'open']) metrics.breakerChanged('home', 'wake', state);
  metrics.vendorRequest('home', 'cached');
  metrics.vendorRequest('home');
  metrics.signedIn('home', 'refused');
  metrics.woken('home', 'command');
  metrics.polled('home', 'cached', false);
  metrics.threadTerminated('home');
  metrics.processStarted('home');
  const changes = 'breaker_changes_total{account="home",class="wake"';
  expect(await value(`${changes},state="open"}`)).toBe(2);
  expect(await value(`${changes},state="half_open"}`)).toBe(1);
  expect(await value('vendor_requests_total{account="home",operation="cached"}')).toBe(1);
  expect(await value('vendor_requests_total{account="home",operation="unknown"}')).toBe(1);
  expect(await value('sign_ins_total{account="home",result="refused"}')).toBe(1);
  expect(await value('wakes_total{account="home",reason="command"}')).toBe(1);
  expect(await value('polls_total{account="home",operation="cached",result="failed"}')).toBe(1);
  expect(await value('threads_terminated_total{account="home"}')).toBe(1);
  expect(await value('processes_started_total{account="home"}')).toBe(1);
});

test('broker, disk, Home Assistant and HTTP are counted', async () => {
  const { metrics, value } = measured({ isConnected: () => false, undelivered: () => 4 });
  metrics.reconnected();
  metrics.received();
  metrics.published();
  metrics.dropped();
  metrics.disk.wrote(20);
  metrics.disk.failed();
  metrics.disk.reopened();
  metrics.announced(3);
  metrics.httpAnswered('/api/vehicles/:vehicle', 404);
  expect(await value('mqtt_connected')).toBe(0);
  expect(await value('mqtt_undelivered_events')).toBe(4);
  for (const name of ['reconnects', 'received_messages', 'published_messages', 'dropped_messages'])
    expect(await value(`mqtt_${name}_total`), name).toBe(1);
  expect(await value('store_write_duration_seconds_sum')).toBeCloseTo(0.02);
  expect(await value('store_write_failures_total')).toBe(1);
  expect(await value('store_reopenings_total')).toBe(1);
  expect(await value('home_assistant_announcements_total')).toBe(3);
  expect(await value('http_requests_total{route="/api/vehicles/:vehicle",status="4xx"}')).toBe(1);
});

test('health and the clock are told as 1 and 0', async () => {
  const { value } = measured({ isHealthy: () => false });
  expect(await value('healthy')).toBe(0);
  expect(await value('clock_trusted')).toBe(1);
});

test('the process tells what it is and what it uses', async () => {
  const { value } = measured();
  expect(await value(`build_info{version="1.2.3",node="${process.version}"}`)).toBe(1);
  const started = await value('start_time_seconds');
  expect(Math.abs(started - (Date.now() / 1000 - process.uptime()))).toBeLessThan(60);
  expect(await value('process_resident_memory_bytes')).toBeGreaterThan(10_000_000);
  expect(await value('process_cpu_seconds_total')).toBeGreaterThan(0);
  expect(await value('event_loop_active_seconds_total')).toBeGreaterThanOrEqual(0);
});

test.runIf(process.platform === 'linux')('open files are counted', async () => {
  const { value } = measured();
  await expect.poll(() => value('process_open_fds')).toBeGreaterThan(3);
});

test('a loop that is held up shows it', async () => {
  const { metrics, value } = measured();
  await sleep(50);
  const until = performance.now() + 120;
  while (performance.now() < until);
  await sleep(50);
  expect(metrics.eventLoop().max_ms).toBeGreaterThan(50);
  expect(await value('event_loop_delay_p99_seconds')).toBeGreaterThan(0.05);
  expect(await value('event_loop_delay_max_seconds')).toBeGreaterThan(0.05);
});

test('every label is a word of a closed set', async () => {
  const accounts = ['home', 'work'];
  const all = measured({ accounts: () => [busy, quietAccount('work')] }, accounts);
  muchHappens(all);
  const words = metricWords(accounts);
  const closed: Readonly<Record<string, readonly string[]>> = {
    account: accounts,
    class: words.classes,
    code: words.codes,
    command: words.commands,
    decision: words.decisions,
    operation: [...words.operations, 'unknown'],
    reason: [...words.holds, 'unknown', 'command', 'refresh', 'bridge'],
    result: ['ok', 'failed', 'otp_required', 'refused'],
    state: [...words.accountStates, ...words.breakerStates, ...words.budgetStates],
    status: [...words.endings, '2xx'],
    route: ['/api/state'],
    version: ['1.2.3'],
    node: [process.version],
  };
  const text = await all.metrics.registry.metrics();
  const labels = [...text.matchAll(/[{,](\w+)="([^"]*)"/g)].filter(([, name]) => name !== 'le');
  expect(labels.length).toBeGreaterThan(100);
  for (const [, name = '', word] of labels) expect(closed[name], name).toContain(word);
  const names = labels.map(([, name]) => name);
  expect([...new Set(names)].sort()).toEqual(Object.keys(closed).sort());
});

test('every metric has our prefix, a help, and its unit at the end where it has one', async () => {
  const { metrics } = measured();
  const all = await metrics.registry.getMetricsAsJSON();
  expect(all.length).toBeGreaterThan(40);
  for (const { name, help, type } of all) {
    expect(name).toMatch(/^bluelink2mqtt_[a-z0-9_]+$/);
    expect(help.length, name).toBeGreaterThan(3);
    expect(name.endsWith('_total'), name).toBe(String(type) === 'counter');
    if (/duration|delay|time|wait_|oldest|expiry|cpu/.test(name))
      expect(name).toMatch(/_seconds(_total)?$/);
    if (/memory|heap/.test(name)) expect(name).toMatch(/_bytes$/);
    expect(name, 'a unit that is none of the base units').not.toMatch(
      /_(ms|minutes|kb|mb|percent)\b/,
    );
  }
});

test.skipIf(!hasPromtool)('promtool has nothing to say', async () => {
  const all = measured({ accounts: () => [busy] });
  muchHappens(all);
  const text = await all.metrics.registry.metrics();
  expect(await promtool(['check', 'metrics'], text)).toEqual({ code: 0, said: '' });
});

test('two of them do not disturb each other', async () => {
  const [one, other] = [measured(), measured()];
  one.metrics.reconnected();
  expect(await other.value('mqtt_reconnects_total')).toBe(0);
});
