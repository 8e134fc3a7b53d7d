import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { follow } from '../../src/cli/follow-log.js';
import type { LogOptions } from '../../src/cli/log-query.js';
import { LogTable } from '../../src/cli/log-table.js';
import { ControlFault } from '../../src/http/control-client.js';
import {
  entryOfRefusal,
  withLaterSteps,
  type AuditEntry,
  type AuditPage,
  type AuditQuery,
} from '../../src/vehicle/audit-entry.js';
import { stepOf } from '../../src/vehicle/command-step.js';
import type { LifeCycleEvent, Status } from '../../src/vehicle/life-cycle.js';

const noon = Date.parse('2026-11-22T12:00:00Z');
const hour_ms = 3_600_000;

beforeEach(() => {
  vi.useFakeTimers({ now: noon });
});
afterEach(() => {
  vi.useRealTimers();
});

function anEvent(id: string, seq: number, status: Status, at = Date.now()): LifeCycleEvent {
  const time = new Date(at).toISOString();
  const about = { vehicle: 'car', command: 'refresh', value: 'force' } as const;
  return { schema: 1, id, seq, ...about, status, at: time };
}

/** A daemon whose log the test writes, and what `log --follow` says of it. */
function following(options: LogOptions = {}) {
  const entries: AuditEntry[] = [];
  const events = new Map<string, LifeCycleEvent[]>();
  let fault: Error | undefined;
  const client = {
    commands: ({ since = 0, limit }: AuditQuery): Promise<AuditPage> => {
      if (fault !== undefined) return Promise.reject(fault);
      const found = entries.filter(({ received_at }) => Date.parse(received_at) >= since);
      return Promise.resolve({ commands: found.toReversed().slice(0, limit), cursor: null });
    },
    eventsIfKnown: (id: string) => Promise.resolve(events.get(id) ?? []),
  };
  const said: string[] = [];
  const complaints: string[] = [];
  const interruption = new AbortController();
  const terminal = {
    say: (line: string) => said.push(line),
    complain: (line: string) => complaints.push(line),
    ask: () => Promise.resolve(undefined),
    interrupted: interruption.signal,
    close: () => undefined,
  };
  const log = {
    accept: (id: string, at = Date.now()): void => {
      const event = anEvent(id, 1, 'accepted', at);
      events.set(id, [event]);
      const refusal = entryOfRefusal({ key: `${String(at)} ${id}`, account: 'home', event });
      entries.push({ ...refusal, ended_at: null });
    },
    say: (id: string, seq: number, status: Status): void => {
      const event = anEvent(id, seq, status);
      events.get(id)?.push(event);
      const index = entries.findIndex((entry) => entry.id === id);
      const entry = entries[index];
      if (entry !== undefined) entries[index] = withLaterSteps(entry, [stepOf(event)]);
    },
    fails: (error: Error): void => {
      fault = error;
    },
  };
  return {
    log,
    events,
    complaints,
    interruption,
    start: () => follow(client, options, new LogTable(terminal, options), terminal),
    /** Id and status of each line so far. */
    told: () => said.map((line) => line.replace(/^.*? force +(\w+) +(\S+).*$/, '$2 $1')),
  };
}

const turn = (ms = 2_000) => vi.advanceTimersByTimeAsync(ms);

test('each step is told once, of what began long ago too', async () => {
  const { log, start, told, interruption } = following();
  log.accept('long', noon - hour_ms);
  log.accept('short');
  const end = start();
  await turn();
  log.say('long', 2, 'running');
  log.say('short', 2, 'running');
  await turn();
  log.accept('new');
  log.say('new', 2, 'succeeded');
  log.say('long', 3, 'succeeded');
  await turn(20_000);
  log.say('short', 3, 'failed');
  await turn(600_000);
  expect(told()).toEqual([
    ...['long accepted', 'short accepted', 'short running', 'long running'],
    ...['new accepted', 'new succeeded', 'long succeeded', 'short failed'],
  ]);
  interruption.abort();
  expect(await end).toBe(0);
});

test('what is not shown for its number is not new', async () => {
  const { log, start, told, interruption } = following({ limit: 0 });
  log.accept('before');
  log.accept('open');
  const end = start();
  await turn();
  log.say('open', 2, 'running');
  log.accept('after');
  await turn();
  expect(told()).toEqual(['open running', 'after accepted']);
  interruption.abort();
  expect(await end).toBe(0);
});

test('a command that the daemon has forgotten is no reason to end', async () => {
  const { log, events, start, told, interruption } = following();
  log.accept('long', noon - hour_ms);
  const end = start();
  await turn();
  events.clear();
  await turn();
  log.accept('after');
  await turn();
  expect(told()).toEqual(['long accepted', 'after accepted']);
  interruption.abort();
  expect(await end).toBe(0);
});

test('when the daemon stops, that is said', async () => {
  const { log, start, complaints } = following();
  const end = start();
  await turn();
  log.fails(new ControlFault('it ended the conversation'));
  await turn();
  expect(await end).toBe(1);
  expect(complaints).toEqual([
    'the daemon has stopped, or does not answer any more: it ended the conversation',
  ]);
});

test('an error that nobody expected is not taken for the end of the daemon', async () => {
  const { log, start } = following();
  const end = start();
  end.catch(() => undefined);
  await turn();
  log.fails(new TypeError('a fault'));
  await turn();
  await expect(end).rejects.toThrow('a fault');
});
