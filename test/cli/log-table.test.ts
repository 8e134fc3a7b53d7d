import { expect, test } from 'vitest';
import { LogTable, type LogTableOptions } from '../../src/cli/log-table.js';
import type { AuditEntry } from '../../src/vehicle/audit-entry.js';

const at = '2026-11-22T12:00:00.123Z';

function anEntry(own: Partial<AuditEntry>): AuditEntry {
  return {
    ...{ key: 'a key', id: 'mine', account: 'home', vehicle: 'ioniq5', command: 'lock' },
    ...{ value: 'unlock', source: { via: 'http' }, received_at: at, ended_at: at },
    status: 'succeeded',
    steps: [
      { seq: 1, status: 'accepted', at, position: 0 },
      { seq: 2, status: 'succeeded', at, duration_ms: 7, confirmed_by: 'state' },
    ],
    ...own,
  };
}

function printed(entries: readonly AuditEntry[], options: LogTableOptions = {}): string[] {
  const lines: string[] = [];
  new LogTable({ say: (line) => lines.push(line) }, options).show(entries);
  // The time of day depends on where this runs.
  return lines.map((line) => line.replace(/(\d{4}-\d\d-\d\d )?\d\d:\d\d:\d\d(\.\d{3})?/, 'TIME'));
}

test('a line for each command, in columns', () => {
  const message = 'the configuration does not allow it';
  const refused = { seq: 0, status: 'rejected', at, code: 'not_allowed', message } as const;
  const entries = [
    anEntry({}),
    anEntry({
      ...{ id: 'x', vehicle: null, command: 'announce', status: 'rejected', steps: [refused] },
      ...{ value: undefined, source: { via: 'mqtt', topic: 'a/b', client: 'kitchen' } },
    }),
    anEntry({ value: { soc: 80 }, source: null, status: 'running', steps: [] }),
  ];
  expect(printed(entries)).toEqual([
    'TIME  ioniq5  lock unlock      succeeded  mine  http                duration_ms=7 confirmed_by=state',
    `TIME  bridge  announce         rejected   x     a/b client=kitchen  code=not_allowed ${message}`,
    'TIME  ioniq5  lock {"soc":80}  running    mine  -',
  ]);
});

test('with its steps where they are wanted, or where one command is', () => {
  const lines = [
    'TIME  ioniq5  lock unlock  succeeded  mine  http  duration_ms=7 confirmed_by=state',
    '    TIME  accepted    position=0',
    '    TIME  succeeded   duration_ms=7 confirmed_by=state',
  ];
  expect(printed([anEntry({})], { steps: true })).toEqual(lines);
  expect(printed([anEntry({})], { id: 'mine' })).toEqual(lines);
});

test('as JSON each command is one line as it is', () => {
  const entry = anEntry({});
  const lines: string[] = [];
  new LogTable({ say: (line) => lines.push(line) }, { json: true, steps: true }).show([entry]);
  expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual([entry]);
});

test('nothing that a sender chooses reaches into the terminal', () => {
  const topic = 'a\u001b[2J\u009b\u202e\r\nb';
  const [line = '', ...others] = printed([
    anEntry({ value: topic, source: { via: 'mqtt', topic } }),
  ]);
  expect(others).toEqual([]);
  // eslint-disable-next-line no-control-regex
  expect(line).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202e]/);
  expect(line).toContain('a\ufffd[2J\ufffd\ufffd\ufffd\ufffdb');
});
