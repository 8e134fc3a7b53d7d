import { expect } from 'vitest';
import { failure } from '../../../src/vehicle/outcome.js';
import type { LifeCycleEvent } from '../../../src/vehicle/life-cycle.js';
import type { Failed } from './command-row.js';

export function expectFailure(
  ending: LifeCycleEvent,
  { code, outcome, retry_after_s, says = /./ }: Failed,
): void {
  const { retryable } = failure(code, '');
  expect(ending, JSON.stringify(ending)).toMatchObject({ status: 'failed', code, retryable });
  expect(ending.outcome).toBe(outcome);
  expect(ending.message).toMatch(says);
  if (retry_after_s !== undefined) expect(ending.retry_after_s).toBe(retry_after_s);
}
