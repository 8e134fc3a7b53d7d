import { expect, test } from 'vitest';
import { laterTask } from '../../src/vehicle/later-task.js';
import type { Task } from '../../src/vehicle/task.js';

const lock: Task = {
  account: 'home',
  attempt: 'attempt-1',
  operation: 'command',
  vehicle: 'car-1',
  action: { name: 'lock', value: 'lock' },
  remaining_ms: 1000,
  send_within_ms: 300,
  session: null,
};

test('a command may be sent that much less long', () => {
  expect(laterTask(lock, 200)).toEqual({ ...lock, remaining_ms: 800, send_within_ms: 100 });
});

test('a command whose time is over is none any more', () => {
  expect(laterTask(lock, 300)).toBeUndefined();
  expect(laterTask(lock, 5000)).toBeUndefined();
});

test('anything else keeps a little time, in which its backend says that there was none', () => {
  const { send_within_ms: _, action: __, ...read } = { ...lock, operation: 'cached' as const };
  expect(laterTask(read, 5000)).toEqual({ ...read, remaining_ms: 1 });
});
