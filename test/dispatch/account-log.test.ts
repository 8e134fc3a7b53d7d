import { expect, onTestFinished, test } from 'vitest';
import { createAccountLog } from '../../src/dispatch/account-log.js';
import { failure, type FailureCode } from '../../src/vehicle/outcome.js';
import type { Operation, Outcome, Task } from '../../src/vehicle/task.js';
import { someMetrics } from '../daemon/some-metrics.js';
import { aLog } from '../mqtt/silent-log.js';

function anAccountLog() {
  const metrics = someMetrics();
  onTestFinished(() => {
    metrics.stop();
  });
  const told = createAccountLog({
    log: aLog().log,
    metrics,
    account: 'home',
    nameOf: () => undefined,
    isNews: () => true,
  });
  /** Series of a metric that are not 0. */
  const counted = async (name: string): Promise<string[]> => {
    const text = await metrics.registry.metrics();
    return text
      .split('\n')
      .filter((line) => line.startsWith(`bluelink2mqtt_${name}{`) && !line.endsWith(' 0'))
      .map((line) => line.replace(/^[^,{]*\{account="home",/, ''));
  };
  return { told, counted };
}

function aTask(operation: Operation, command_id?: string): Task {
  return {
    ...{ account: 'home', attempt: 'one', operation, remaining_ms: 1000, session: null },
    ...(command_id === undefined ? {} : { command_id }),
  };
}

function failed(code: FailureCode, more: { sent?: boolean } = {}): Outcome {
  return { ok: false, failure: failure(code, 'the test says so', more), requests: 0 };
}

const signedIn: Outcome = {
  ok: true,
  result: { operation: 'sign_in', vehicles: [] },
  requests: 3,
};

test.each<[Operation, Outcome, string[]]>([
  ['sign_in', signedIn, ['result="ok"} 1']],
  ['submit_code', signedIn, ['result="ok"} 1']],
  ['sign_in', failed('otp_required'), ['result="otp_required"} 1']],
  ['sign_in', failed('auth_failed'), ['result="refused"} 1']],
  ['sign_in', failed('consent_required'), ['result="refused"} 1']],
  ['sign_in', failed('unavailable'), ['result="failed"} 1']],
  ['submit_code', failed('invalid_payload'), []],
  ['cached', failed('auth_failed'), []],
])('sign-ins: %s that comes back as %o', async (operation, outcome, expected) => {
  const { told, counted } = anAccountLog();
  told.handedOver(aTask(operation));
  told.returned(aTask(operation), outcome, 10);
  expect(await counted('sign_ins_total')).toEqual(expected);
});

test.each<[Operation, string | undefined, Outcome, string[]]>([
  ['command', 'mine', failed('vehicle_timeout'), ['reason="command"} 1']],
  ['force', 'mine', failed('timeout'), ['reason="refresh"} 1']],
  ['force', undefined, failed('timeout'), ['reason="bridge"} 1']],
  ['force', 'mine', failed('unavailable', { sent: false }), []],
  ['cached', 'mine', failed('timeout'), []],
  ['action_status', 'mine', failed('timeout'), []],
])('wakes: %s of the command %s', async (operation, id, outcome, expected) => {
  const { told, counted } = anAccountLog();
  told.handedOver(aTask(operation, id));
  told.returned(aTask(operation, id), outcome, 10);
  expect(await counted('wakes_total')).toEqual(expected);
});

test('requests are counted by what they were for, also of a task that was given up', async () => {
  const { told, counted } = anAccountLog();
  told.requestSent(aTask('force'));
  told.requestSent(aTask('force'));
  told.requestSent(undefined);
  expect(await counted('vendor_requests_total')).toEqual([
    'operation="force"} 2',
    'operation="unknown"} 1',
  ]);
});

test('processes are counted when they start, and when they are killed', async () => {
  const { told, counted } = anAccountLog();
  told.noted({ kind: 'process', event: 'started', pid: 7, thread: 1 });
  told.noted({ kind: 'process', event: 'ended', pid: 7, thread: 1 });
  expect(await counted('processes_killed_total')).toEqual([]);
  told.noted({ kind: 'process', event: 'started', pid: 8, thread: 1 });
  told.noted({ kind: 'process', event: 'killed', pid: 8, thread: 1 });
  expect(await counted('processes_killed_total')).toHaveLength(1);
  expect(await counted('processes_started_total')).toEqual([
    'bluelink2mqtt_processes_started_total{account="home"} 2',
  ]);
});
