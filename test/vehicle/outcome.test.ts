import { expect, test } from 'vitest';
import { failure, failureCodes, failureSchema } from '../../src/vehicle/outcome.js';

test('the list of codes is the one of the contract, and says which make sense to try again', () => {
  const retryable = failureCodes.filter((code) => failure(code, '').retryable);
  expect(failureCodes).toHaveLength(27);
  expect(retryable.sort()).toEqual(
    [
      ...['queue_full', 'busy', 'not_ready', 'not_stored', 'breaker_open', 'battery_guard'],
      ...['rate_limited', 'duplicate_request', 'vehicle_timeout', 'timeout', 'unavailable'],
      'interrupted',
    ].sort(),
  );
});

test('a failure stays what it is across a thread', () => {
  const sent = failure('unavailable', 'gone', { sent: false, retry_after_s: 5 });
  expect(failureSchema.parse(structuredClone(sent))).toEqual(sent);
});
