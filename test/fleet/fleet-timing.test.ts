import { expect, test } from 'vitest';
import { checkTiming, fleetTiming } from '../../src/fleet/fleet-timing.js';

test('an owner stops before anybody may take it for dead', () => {
  expect(() => {
    checkTiming(fleetTiming);
  }).not.toThrow();
  expect(() => {
    checkTiming({ ...fleetTiming, ttl_ms: 7000 });
  }).toThrow('ttl_ms: expected at least fence_ms and a beat (7500), got 7000');
  expect(() => {
    checkTiming({ ...fleetTiming, fence_ms: 2000 });
  }).toThrow('fence_ms: expected at least two beats (3000), got 2000');
});
