import { expect, test } from 'vitest';
import { requestCosts } from '../../src/schedule/request-costs.js';

test.each([
  ['europe', 'hyundai', 'ev', 4, 5],
  ['europe', 'kia', 'phev', 4, 5],
  ['europe', 'kia', 'ice', 2, 3],
  ['europe-cci', 'hyundai', 'ev', 5, 6],
  ['europe-cci', 'hyundai', 'hev', 3, 4],
  ['europe-cci', 'kia', 'ev', 1, 2],
  ['europe-cci', 'kia', 'ice', 1, 2],
  ['usa', 'kia', 'ev', 2, 3],
  ['usa', 'kia', 'ice', 1, 2],
  ['usa', 'hyundai', 'ev', 4, 4],
  ['usa', 'genesis', 'phev', 3, 3],
  ['canada', 'kia', 'ev', 6, 6],
  ['canada', 'kia', 'ice', 4, 4],
  ['china', 'kia', 'ev', 3, 7],
  ['brazil', 'hyundai', 'ice', 1, 3],
  ['atlantis', 'kia', 'ev', 4, 5],
] as const)('in %s of %s, %s: %i to read and %i to wake', (region, brand, drive, cached, force) => {
  expect(requestCosts(region, brand, drive)).toMatchObject({ cached, force });
});
