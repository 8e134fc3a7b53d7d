import { expect, test } from 'vitest';
import { isReached, type Row } from '../../bench/figure.js';
import { asJson, table } from '../../bench/report.js';

const row: Row = {
  figure: 'command',
  value: 3,
  unit: 'ms',
  control: { expression: 'echo', value: 2 },
  target: { of: 'ratio', atMost: 1.5 },
};

test.each<[string, Row, boolean | undefined]>([
  ['a ratio at its bound', row, true],
  ['a ratio above its bound', { ...row, value: 3.1 }, false],
  ['a value, whatever its ratio', { ...row, target: { of: 'value', atMost: 1 } }, false],
  ['a value below what it has to be', { ...row, target: { of: 'value', atLeast: 4 } }, false],
  ['a value above what it has to be', { ...row, target: { of: 'value', atLeast: 2 } }, true],
  ['a figure without a target', { figure: 'control', value: 1, unit: 'ms' }, undefined],
])('%s', (_name, one, expected) => {
  expect(isReached(one)).toBe(expected);
});

test('the table shows each figure with its control, and what was skipped with its reason', () => {
  const missed = { ...row, value: 4, note: 'a word more' };
  const lines = table([missed, { figure: 'other', skipped: 'no Python' }]).split('\n');
  expect(lines[2]).toMatch(
    /command .* 4\.00 ms .* echo = 2\.00 ms .* 2\.00 × .* ≤ 1\.5 × .* missed/,
  );
  expect(lines[3]).toMatch(/other .* no Python .* skipped/);
  expect(lines.at(-1)).toBe('command: a word more');
});

test('the JSON holds ratio and verdict', () => {
  expect(JSON.parse(asJson([row]))).toEqual([{ ...row, ratio: 1.5, ok: true }]);
});
