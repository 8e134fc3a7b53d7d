import { expect, test } from 'vitest';
import type { Held } from './sample.js';
import { type Sample, findings, table } from './verdict.js';

const usual: Held = {
  ...{ rss_MB: 180, heap_MB: 38, external_MB: 5, buffer_MB: 1.5, resources: 7, fds: 34 },
  ...{ threads: 14, children: 0, defunct: 0, listeners: 51, clients: 1, emitters: 160 },
  ...{ signals: 35, store_MB: 5 },
};

/** Ten samples, one an hour, a thousand commands in each. */
const run = (heldAt: (hour: number) => Partial<Held>, terminated = 0): Sample[] =>
  Array.from({ length: 10 }, (_, hour) => ({
    ...{ at_h: hour, commands: hour * 1000, terminated: hour * terminated },
    held: { ...usual, ...heldAt(hour) },
  }));
const growing = (samples: readonly Sample[]): string[] =>
  findings(samples).flatMap(({ figure, isFlat }) => (isFlat ? [] : [figure]));

test.each<[string, Sample[], string[]]>([
  ['nothing changes', run(() => ({})), []],
  ['a figure goes to and fro', run((hour) => ({ fds: 34 + (hour % 2) * 20 })), []],
  ['a figure falls', run((hour) => ({ threads: 30 - hour })), []],
  ['one descriptor an hour', run((hour) => ({ fds: 34 + hour })), ['fds']],
  ['half a megabyte an hour', run((hour) => ({ heap_MB: 38 + hour / 2 })), ['heap_MB']],
  ['resident, a fifth of the mean', run((hour) => ({ rss_MB: 180 + hour * 4 })), []],
  ['resident, more than that', run((hour) => ({ rss_MB: 180 + hour * 6 })), ['rss_MB']],
  ['3 KB a command in the store', run((hour) => ({ store_MB: 5 + hour * 3 })), []],
  ['5 KB a command in the store', run((hour) => ({ store_MB: 5 + hour * 5 })), ['store_MB']],
  ['a defunct entry for each terminated thread', run((hour) => ({ defunct: hour }), 1), []],
  ['defunct entries for nothing', run((hour) => ({ defunct: hour })), ['defunct']],
])('%s', (_name, samples, expected) => {
  expect(growing(samples)).toEqual(expected);
});

test('too few samples are no verdict', () => {
  expect(() => findings(run(() => ({})).slice(0, 4))).toThrow('a longer run is needed');
});

test('the table names what grows', () => {
  const lines = table(findings(run((hour) => ({ clients: 1 + hour })))).split('\n');
  expect(lines).toContain('| clients | 5.50 | 9.00 ± 0.00 | 1.00 | GROWS |');
  expect(lines).toContain('| rss_MB | 180 | 0.00 ± 0.00 | 36.00 (20 % of its mean) | flat |');
});
