import { describe, expect, test } from 'vitest';
import {
  instanceDocumentSchema,
  summedState,
  type InstanceDocument,
} from '../src/fleet-summary.js';

const of = (account: string, more: Partial<InstanceDocument> = {}): InstanceDocument =>
  instanceDocumentSchema.parse({
    schema: 1,
    version: '1.0.0',
    started_at: '2026-11-22T10:00:00.000Z',
    mqtt: { version: null, reconnects: 0 },
    accounts: { [account]: { state: 'ready', vehicles: [`${account}-car`] } },
    breakers: { [account]: { read: { state: 'closed' } } },
    jobs: [{ id: account }],
    polling: { enabled: true, interval_min: 30, next_poll_at: null, vehicles: { [account]: {} } },
    log_level: 'info',
    queue: { depth: 2, running: 1, oldest_ms: null },
    pool: { threads: 3, busy: 1, waiting: 0, processes: 2 },
    budget: { [account]: { used: 7 } },
    event_loop: { p99_ms: 2, max_ms: 5 },
    last_error: null,
    ...more,
  });

const own = {
  version: '1.0.1',
  started_at: '2026-11-22T11:00:00.000Z',
  mqtt: { version: 5, reconnects: 2 },
  log_level: 'debug',
  polling: { enabled: false, interval_min: 60 },
  jobs: [{ id: 'all' }],
  unowned: { c: { vehicles: ['c-car'] } },
};

describe('the state of a fleet', () => {
  test('has the form of the state of one bridge, summed', () => {
    const a = of('a', {
      queue: { depth: 1, running: 1, oldest_ms: 900 },
      last_error: { code: 'timeout', message: 'older', at: '2026-11-22T10:00:00.000Z' },
    });
    const b = of('b', {
      event_loop: { p99_ms: 9, max_ms: 4 },
      last_error: { code: 'internal', message: 'newer', at: '2026-11-22T10:30:00.000Z' },
      polling: {
        ...{ enabled: true, interval_min: 30, vehicles: {} },
        next_poll_at: '2026-11-22T12:00:00.000Z',
      },
    });
    const sum = summedState(
      own,
      new Map([
        ['pi-1', a],
        ['pi-2', b],
      ]),
    );
    expect(sum).toMatchObject({
      version: '1.0.1',
      mqtt: { version: 5, reconnects: 2 },
      instances: { 'pi-1': { accounts: 1 }, 'pi-2': { accounts: 1 } },
      accounts: {
        a: { state: 'ready' },
        b: { state: 'ready' },
        c: { state: 'unreachable', vehicles: ['c-car'] },
      },
      jobs: [{ id: 'a' }, { id: 'b' }, { id: 'all' }],
      polling: { enabled: false, interval_min: 60, next_poll_at: '2026-11-22T12:00:00.000Z' },
      log_level: 'debug',
      queue: { depth: 3, running: 2, oldest_ms: 900 },
      pool: { threads: 6, busy: 2, waiting: 0, processes: 4 },
      budget: { a: { used: 7 }, b: { used: 7 } },
      event_loop: { p99_ms: 9, max_ms: 5 },
      last_error: { message: 'newer' },
    });
    // What somebody reads who knows one bridge is all there.
    const keys = Object.keys(sum).filter((key) => key !== 'instances');
    expect(keys.sort()).toEqual(Object.keys(a).sort());
  });

  test('can be told while nobody answers', () => {
    expect(summedState(own, new Map())).toMatchObject({
      queue: { depth: 0, oldest_ms: null },
      event_loop: { p99_ms: 0, max_ms: 0 },
      last_error: null,
    });
  });
});
