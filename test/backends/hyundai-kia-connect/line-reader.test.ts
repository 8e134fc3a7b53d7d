import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LineReader } from '../../../src/backends/hyundai-kia-connect/line-reader.js';

function readAll(chunks: readonly string[], maxLength: number) {
  const reader = new LineReader(maxLength);
  const read = chunks.map((chunk) => reader.read(chunk));
  return {
    lines: read.flatMap(({ lines }) => lines),
    tooLong: read.some(({ tooLong }) => tooLong),
  };
}

/** The text cut at these places. */
function cut(text: string, places: readonly number[]): string[] {
  const ends = [...places.map((place) => place % (text.length + 1)), text.length].sort(
    (a, b) => a - b,
  );
  return ends.map((end, index) => text.slice(ends[index - 1] ?? 0, end));
}

const textWithLines = fc
  .array(fc.oneof(fc.string({ maxLength: 12 }), fc.constant('\n')), { maxLength: 30 })
  .map((parts) => parts.join(''));

describe('LineReader', () => {
  test('any chunking gives the same lines', () => {
    fc.assert(
      fc.property(textWithLines, fc.array(fc.nat(), { maxLength: 20 }), (text, places) => {
        expect(readAll(cut(text, places), 1000)).toEqual({
          lines: text.split('\n').slice(0, -1),
          tooLong: false,
        });
      }),
    );
  });

  test('any chunking stops before the same endless line', () => {
    fc.assert(
      fc.property(textWithLines, fc.array(fc.nat(), { maxLength: 20 }), (text, places) => {
        expect(readAll(cut(text, places), 8)).toEqual(readAll([text], 8));
      }),
    );
  });

  test('a line of just the bound is read, one character more is refused', () => {
    expect(readAll(['1234\n', '12345\nnever'], 4)).toEqual({ lines: ['1234'], tooLong: true });
  });

  test('a line without an end is refused before it ends', () => {
    const reader = new LineReader(10);
    expect(reader.read('123456').tooLong).toBe(false);
    expect(reader.read('123456').tooLong).toBe(true);
    expect(reader.read('\nnext\n')).toEqual({ lines: [], tooLong: true });
  });
});
