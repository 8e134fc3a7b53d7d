import { v7 as uuidv7 } from 'uuid';
import { describe, expect, test } from 'vitest';
import { createAccountStore } from '../../src/store/account-store.js';
import { createAuditLog } from '../../src/store/audit-log.js';
import { openLevelStore } from '../../src/store/level-store.js';
import { Refusals } from '../../src/store/refusals.js';
import type { Write } from '../../src/store/store.js';
import type { AuditEntry, AuditQuery } from '../../src/vehicle/audit-entry.js';
import { stepOf, type CommandStep } from '../../src/vehicle/command-step.js';
import type { JournalRecord } from '../../src/vehicle/journal-record.js';
import type { LifeCycleEvent, Status } from '../../src/vehicle/life-cycle.js';
import { onTeardown } from '../support/teardown.js';
import { tempDir } from '../support/temp-dir.js';

const noon = Date.parse('2026-11-22T12:00:00Z');
const source = { via: 'mqtt', topic: 'bluelink/ioniq5/commands/refresh' } as const;
const vin = 'KMHXX00XXXX000001';

interface Made {
  readonly id: string;
  readonly in?: 'home' | 'work' | 'bridge';
  /** Seconds behind noon. */
  readonly after?: number;
  readonly status?: Status;
  readonly vehicle?: string;
  readonly vendorId?: string;
}

async function setting(laterSteps?: (record: JournalRecord) => readonly CommandStep[]) {
  const store = await openLevelStore(await tempDir());
  onTeardown(() => store.close());
  const refusals = await Refusals.open(store);
  const audit = createAuditLog({
    journals: () => [null, 'home', 'work'].map((account) => ({ account, store })),
    refusals,
    ...(laterSteps === undefined ? {} : { laterSteps }),
  });
  const put = (...commands: readonly Made[]) => store.batch(commands.map(writeOf));
  const ids = async (query: Partial<AuditQuery> = {}) => {
    const { commands } = await audit.page({ limit: 50, ...query });
    return commands.map(({ id }) => id);
  };
  return { store, refusals, audit, put, ids };
}

function writeOf(made: Made): Write {
  const record = recordOf(made);
  const owner = made.in ?? 'home';
  const prefix = owner === 'bridge' ? 'bridge/' : `account/${owner}/`;
  return { type: 'put', key: `${prefix}journal/${record.key}`, value: record };
}

function recordOf({ id, after = 0, status = 'succeeded', ...made }: Made): JournalRecord {
  const received_at = noon + after * 1000;
  const isOwn = made.in === 'bridge';
  const vehicle = isOwn ? null : (made.vehicle ?? 'ioniq5');
  const event = (seq: number, of: Status): LifeCycleEvent => ({
    ...{ schema: 1, id, seq, vehicle, command: isOwn ? 'announce' : 'refresh', value: 'force' },
    ...{ status: of, at: new Date(received_at + seq).toISOString() },
  });
  const isOpen = status === 'accepted';
  const last = isOpen ? event(1, 'accepted') : event(2, status);
  return {
    key: uuidv7({ msecs: received_at }),
    id,
    vehicle: isOwn ? null : (made.vendorId ?? 'vendor-1'),
    command: isOwn ? 'announce' : 'refresh',
    request: {},
    fingerprint: 'a fingerprint',
    received_at,
    deadline: received_at + 300_000,
    started: false,
    ...(isOpen ? {} : { ended_at: received_at + 2 }),
    boot: 1,
    seq: last.seq,
    event: last,
    steps: isOpen ? [stepOf(last)] : [stepOf(event(1, 'accepted')), stepOf(last)],
    source,
  };
}

describe('the audit log', () => {
  test('has the commands of all accounts, the bridge and the refusals in one order', async () => {
    const { put, ids, refusals, audit } = await setting();
    await put(
      { id: 'first' },
      { id: 'second', after: 1, in: 'work', status: 'failed' },
      { id: 'third', after: 2, in: 'bridge' },
      { id: 'fourth', after: 3 },
    );
    const refused = recordOf({ id: 'refused', status: 'rejected' }).event;
    refusals.note({ account: 'home', event: { ...refused, seq: 0 }, source });
    expect(await ids()).toEqual(['refused', 'fourth', 'third', 'second', 'first']);
    const { commands, cursor } = await audit.page({ limit: 50 });
    expect(cursor).toBeNull();
    expect(commands[3]).toMatchObject({
      ...{ account: 'work', vehicle: 'ioniq5', command: 'refresh', value: 'force', source },
      ...{ status: 'failed', received_at: '2026-11-22T12:00:01.000Z' },
      ...{ ended_at: '2026-11-22T12:00:01.002Z' },
      steps: [{ status: 'accepted' }, { status: 'failed' }],
    });
    expect(commands[2]).toMatchObject({ account: null, vehicle: null, command: 'announce' });
    expect(commands[0]).toMatchObject({ account: 'home', status: 'rejected', source });
  });

  test('is read in pages of any size, each command once', async () => {
    const { put, audit } = await setting();
    const all = Array.from({ length: 230 }, (_, number): Made => {
      const owners = ['home', 'work', 'bridge'] as const;
      return { id: `id-${String(number)}`, after: number, in: owners[number % 7] ?? 'home' };
    });
    await put(...all);
    const read: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await audit.page({ limit: 7, ...(cursor === undefined ? {} : { cursor }) });
      expect(page.commands.length).toBeLessThanOrEqual(7);
      read.push(...page.commands.map(({ id }) => id));
      cursor = page.cursor ?? undefined;
    } while (cursor !== undefined);
    expect(read).toEqual(all.map(({ id }) => id).toReversed());
  });

  test('a search goes on behind a page that looked at very much in vain', async () => {
    const { put, audit } = await setting();
    const others = Array.from({ length: 5_100 }, (_, number): Made => {
      return { id: `id-${String(number)}`, after: 1 + number };
    });
    await put({ id: 'wanted', status: 'expired' }, ...others);
    const first = await audit.page({ limit: 10, status: 'expired' });
    expect(first.commands).toEqual([]);
    const { cursor } = first;
    if (cursor === null) throw new Error('no cursor');
    const second = await audit.page({ limit: 10, status: 'expired', cursor });
    expect(second).toMatchObject({ commands: [{ id: 'wanted' }], cursor: null });
  });

  test.each<[Partial<AuditQuery>, string[]]>([
    [{ status: 'failed' }, ['c']],
    [{ since: noon + 2_000 }, ['d', 'c']],
    [{ since: noon + 2_001 }, ['d']],
    [{ id: 'b' }, ['b']],
    [{ vehicle: 'bridge' }, ['d']],
    [{ vehicle: 'ioniq5' }, ['b', 'a']],
    [{ vehicle: vin.toLowerCase() }, ['b', 'a']],
    [{ vehicle: 'old-name' }, ['b']],
    [{ vehicle: 'niro' }, ['c']],
    [{ vehicle: 'another' }, []],
    [{ limit: 1, vehicle: 'ioniq5' }, ['b']],
  ])('only what is asked for: %j', async (query, expected) => {
    const { store, put, ids } = await setting();
    const listed = { ...{ id: 'vendor-1', vin, name: null, model: null, year: null } } as const;
    await createAccountStore(store, 'home').putVehicles([
      {
        ...{ topic_id: 'ioniq5', name: null, enabled: true },
        ...{ gone_at: null, identity: null, told: [] },
        listed: { ...listed, brand: 'hyundai', drivetrain: 'ev' },
      },
    ]);
    await put(
      { id: 'a' },
      { id: 'b', after: 1, vehicle: 'old-name' },
      { id: 'c', after: 2, in: 'work', vehicle: 'niro', vendorId: 'vendor-2', status: 'failed' },
      { id: 'd', after: 3, in: 'bridge' },
    );
    expect(await ids(query)).toEqual(expected);
  });

  test('of an open command it tells what has been said since, and its ending', async () => {
    const at = '2026-11-22T12:00:09.000Z';
    let later: CommandStep[] = [{ seq: 2, status: 'running', at, attempt: 1 }];
    const { put, audit, ids } = await setting(() => later);
    await put({ id: 'mine', status: 'accepted' });
    const entry = async (): Promise<AuditEntry | undefined> =>
      (await audit.page({ limit: 1 })).commands[0];
    expect(await entry()).toMatchObject({ status: 'running', ended_at: null });
    expect(await ids({ status: 'running' })).toEqual(['mine']);
    later = [...later, { seq: 3, status: 'failed', at, code: 'timeout', message: 'late' }];
    expect(await entry()).toMatchObject({
      ...{ status: 'failed', ended_at: at, code: 'timeout', message: 'late' },
      steps: [{ status: 'accepted' }, { attempt: 1 }, { code: 'timeout' }],
    });
  });

  test('the events of an id are those of a command that ran, if there is one', async () => {
    const { put, audit, refusals } = await setting();
    const mine = recordOf({ id: 'mine' });
    await put({ id: 'mine' });
    const refused: LifeCycleEvent = { ...mine.event, seq: 0, status: 'rejected' };
    refusals.note({ account: 'home', event: refused });
    refusals.note({ account: 'home', event: { ...refused, id: 'only refused' } });
    const statuses = async (id: string) => (await audit.events(id))?.map(({ status }) => status);
    expect(await statuses('mine')).toEqual(['accepted', 'succeeded']);
    expect((await audit.events('mine'))?.at(-1)).toEqual(mine.event);
    expect(await statuses('only refused')).toEqual(['rejected']);
    expect(await statuses('another')).toBeUndefined();
  });

  test('forgets the commands of the bridge and the refusals that are old', async () => {
    const { put, ids, audit } = await setting();
    await put({ id: 'old', in: 'bridge' }, { id: 'young', in: 'bridge', after: 10 });
    await audit.prune(noon + 5_000);
    expect(await ids()).toEqual(['young']);
  });
});
