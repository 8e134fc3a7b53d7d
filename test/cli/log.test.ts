import { expect, test } from 'vitest';
import { newest, type LogOptions } from '../../src/cli/log-query.js';
import { runSubcommand } from '../../src/cli/program.js';
import type { AuditEntry, AuditPage, AuditQuery } from '../../src/vehicle/audit-entry.js';

const at = '2026-11-22T12:00:00.123Z';
const all = Array.from({ length: 1_200 }, (_, number): AuditEntry => ({
  ...{ key: String(number), id: `id-${String(number)}`, account: null, vehicle: null },
  ...{ command: 'announce', source: null, received_at: at, ended_at: at },
  ...{ status: 'succeeded', steps: [] },
}));

/** Answers like a daemon that finds at most 100 at once. */
function aReader() {
  const asked: AuditQuery[] = [];
  const read = (query: AuditQuery): Promise<AuditPage> => {
    asked.push(query);
    const from = query.cursor === undefined ? 0 : Number(query.cursor);
    const to = Math.min(all.length, from + Math.min(100, query.limit));
    const cursor = to < all.length ? String(to) : null;
    return Promise.resolve({ commands: all.slice(from, to), cursor });
  };
  return { asked, read };
}

test.each<[LogOptions, number]>([
  [{}, 50],
  [{ limit: 0 }, 0],
  [{ limit: 3 }, 3],
  [{ limit: 730 }, 730],
  [{ limit: 5_000 }, 1_200],
  [{ since: 0 }, 1_200],
  [{ since: 0, limit: 130 }, 130],
  [{ id: 'id-7' }, 1_200],
])('of %j so many are read, the oldest first', async (options, length) => {
  const { asked, read } = aReader();
  const entries = await newest(read, options);
  expect(entries).toEqual(all.slice(0, length).toReversed());
  for (const { limit } of asked) expect(limit).toBeLessThanOrEqual(500);
});

test('each page is asked for with the same filter', async () => {
  const { asked, read } = aReader();
  const filter = { vehicle: 'ioniq5', status: 'failed', since: 7 } as const;
  await newest(read, { ...filter, limit: 150, json: true, follow: false, config: 'a file' });
  expect(asked).toEqual([
    { ...filter, limit: 150 },
    { ...filter, limit: 50, cursor: '100' },
  ]);
});

test.each([
  ['--since', 'yesterday'],
  ['--since', '7'],
  ['--limit', '-1'],
  ['--limit', 'many'],
  ['--status', 'done'],
  ['--follow', '--status', 'failed'],
])('%s %s is refused', async (...args) => {
  expect(await runSubcommand(['log', ...args])).toBe(2);
});
