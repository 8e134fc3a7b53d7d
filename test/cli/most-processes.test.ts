import { expect, test } from 'vitest';
import { mostProcesses } from '../../src/cli/most-processes.js';

const mebibyte = 1024 * 1024;

test.each([
  ['a computer with much memory, by its cores', { cores: 4, memory_bytes: 8192 * mebibyte }, 32],
  ['a small one, by its memory', { cores: 4, memory_bytes: 1024 * mebibyte }, 8],
  ['one with hardly any: as many as a bridge needs', { cores: 1, memory_bytes: 100 * mebibyte }, 2],
])('as many processes as %s', (_, machine, most) => {
  expect(mostProcesses(machine)).toBe(most);
});

test('this machine carries some', () => {
  expect(mostProcesses()).toBeGreaterThanOrEqual(2);
  expect(mostProcesses()).toBeLessThan(100_000);
});
