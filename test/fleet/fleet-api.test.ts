import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { systemClock as clock } from '../../src/daemon/clock.js';
import { CarNames } from '../../src/fleet/car-names.js';
import { createFleetApi, serveBridgeApi } from '../../src/fleet/fleet-api.js';
import { mergePages } from '../../src/fleet/fleet-audit.js';
import type { BridgeApi, VehicleDocuments } from '../../src/http/bridge-api.js';
import type { AuditEntry, AuditPage } from '../../src/vehicle/audit-entry.js';
import { aCar, MemoryBridge, readyAccount } from '../http/memory-bridge.js';
import { hasNats, startNats, type NatsServer } from '../support/nats.js';
import { anInstance } from './a-fleet.js';

function anEntry(key: string): AuditEntry {
  return {
    ...{ key, id: `id-${key}`, account: 'home', vehicle: 'ioniq5', command: 'refresh' },
    ...{ source: null, received_at: '2026-11-22T10:15:00.123Z', ended_at: null },
    ...{ status: 'accepted', steps: [] },
  };
}

/** What one instance answers that has these entries, and looks at only so many for one page. */
function pageOf(keys: readonly string[], limit: number, cursor: string | null, examines: number) {
  const older = keys
    .filter((key) => cursor === null || key < cursor)
    .sort()
    .reverse();
  const read = older.slice(0, Math.min(limit, examines));
  const last = read.at(-1);
  return {
    commands: read.map(anEntry),
    cursor: read.length < older.length && last !== undefined ? last : null,
  } satisfies AuditPage;
}

describe('pages of the audit log', () => {
  test('whoever follows the cursor reads everything once, newest first', () => {
    const keys = fc.uniqueArray(fc.integer({ min: 100, max: 999 }).map(String), { maxLength: 40 });
    const limits = fc.integer({ min: 1, max: 7 });
    fc.assert(
      fc.property(
        keys,
        fc.infiniteStream(fc.nat(2)),
        limits,
        limits,
        (all, owners, limit, look) => {
          const instances: string[][] = [[], [], []];
          for (const key of all) instances[owners.next().value as number]?.push(key);
          const read: string[] = [];
          let cursor: string | null = null;
          do {
            const before: string | null = cursor;
            const pages = instances.map((own) => pageOf(own, limit, before, look));
            const page: AuditPage = mergePages(pages, limit);
            expect(page.commands.length).toBeLessThanOrEqual(limit);
            read.push(...page.commands.map(({ key }) => key));
            expect(page.cursor === null || before === null || page.cursor < before).toBe(true);
            cursor = page.cursor;
          } while (cursor !== null);
          expect(read).toEqual([...all].sort().reverse());
        },
      ),
    );
  });

  test('an account that has just moved is not listed twice', () => {
    const page = { commands: [anEntry('2'), anEntry('1')], cursor: null };
    expect(mergePages([page, page], 10)).toEqual(page);
  });
});

describe.runIf(hasNats)('the API of a fleet', () => {
  let nats: NatsServer;
  let count = 0;

  beforeAll(async () => {
    nats = await startNats();
  });

  function carOf(account: string, vehicle: string): VehicleDocuments {
    return { ...aCar, vehicle, info: { ...aCar.info, id: vehicle, account, vin: null } };
  }

  /** `pi-1` has the account home and speaks for the bridge, `pi-2` has work; nobody has away. */
  async function aFleet() {
    count += 1;
    const name = `fleet${String(count)}`;
    const owners = new Map([
      ['home', 'pi-1'],
      ['work', 'pi-2'],
    ]);
    let speaker: string | undefined = 'pi-1';
    const instances = ['pi-1', 'pi-2'];
    const directory = new CarNames();
    const [one, two] = await Promise.all(
      instances.map(async (instance) => {
        const { calls, connection, lines } = await anInstance(nats, instance, { name });
        const accounts = [...owners].filter(([, owner]) => owner === instance);
        const bridge = new MemoryBridge(accounts.map(([own]) => ({ ...readyAccount, name: own })));
        for (const [own] of accounts) {
          const vehicle = `car-${own}`;
          bridge.documents.push(carOf(own, vehicle));
          directory.set(own, [{ id: vehicle, vin: null, topic_id: vehicle, is_gone: false }]);
        }
        bridge.document = { schema: 1, of: instance };
        serveBridgeApi(calls, bridge);
        const api: BridgeApi = createFleetApi({
          ...{ clock, calls, local: bridge, directory },
          accountNames: () => ['home', 'work', 'away'],
          instances: () => instances,
          ownerOf: (account) => owners.get(account),
          speaker: () => speaker,
        });
        return { api, bridge, calls, connection, lines };
      }),
    );
    if (one === undefined || two === undefined) throw new Error('expected two');
    directory.set('away', [{ id: 'car-away', vin: null, topic_id: 'car-away', is_gone: false }]);
    return {
      ...{ one, two, owners, instances },
      speaks: (instance: string | undefined): void => {
        speaker = instance;
      },
    };
  }

  test('any instance tells of all cars', async () => {
    const { one, two } = await aFleet();
    for (const { api } of [one, two]) {
      const cars = await api.vehicles();
      expect(cars.map(({ vehicle }) => vehicle)).toEqual(['car-home', 'car-work']);
      expect(await api.vehicle('car-work')).toMatchObject({ info: { account: 'work' } });
      expect(await api.vehicle('car-home')).toMatchObject({ info: { account: 'home' } });
      expect(await api.vehicle('car-away')).toBeUndefined();
      expect(await api.vehicle('nobody')).toBeUndefined();
    }
  });

  test('of many cars all are told', async () => {
    const { one, two } = await aFleet();
    const names = Array.from({ length: 250 }, (_, nth) => `car-${String(1000 + nth)}`);
    two.bridge.documents.splice(0, 1, ...names.map((name) => carOf('work', name)));
    const cars = await one.api.vehicles();
    expect(cars.map(({ vehicle }) => vehicle)).toEqual(['car-home', ...names]);
  });

  test('of a car that has just moved the new owner is believed', async () => {
    const { one, two, owners } = await aFleet();
    one.bridge.documents.push({ ...carOf('work', 'car-work'), available: false });
    for (const { api } of [one, two]) {
      const cars = await api.vehicles();
      expect(cars.map(({ available }) => available)).toEqual([true, true]);
    }
    owners.set('work', 'pi-1');
    for (const { api } of [one, two]) {
      const cars = await api.vehicles();
      expect(cars.map(({ available }) => available)).toEqual([true, false]);
    }
  });

  test('every account is told, and of one that is out of reach why', async () => {
    const { one, two } = await aFleet();
    const reason = { code: 'not_ready', message: 'no instance has the account at the moment' };
    for (const { api } of [one, two]) {
      expect(await api.accounts()).toMatchObject([
        { name: 'home', state: 'ready' },
        { name: 'work', state: 'ready' },
        { name: 'away', state: 'unreachable', reason },
      ]);
      expect(await api.account('away')).toMatchObject({ state: 'unreachable', reason });
      expect(await api.account('work')).toMatchObject({ name: 'work', state: 'ready' });
      expect(await api.account('nobody')).toBeUndefined();
    }
  });

  test('who does not answer is left out', async () => {
    const { one, two, instances } = await aFleet();
    await two.calls.stop();
    expect((await one.api.vehicles()).map(({ vehicle }) => vehicle)).toEqual(['car-home']);
    expect(await one.api.accounts()).toMatchObject([
      { name: 'home', state: 'ready' },
      { name: 'work', state: 'unreachable' },
      { name: 'away', state: 'unreachable' },
    ]);
    expect(await one.api.login('work')).toMatchObject({
      reason: { code: 'not_ready', message: 'the instance pi-2 is not there to answer api.login' },
    });
    instances.pop();
    expect(await one.api.commands({ limit: 10 })).toEqual({ commands: [], cursor: null });
  });

  test('who signs in signs in at the owner', async () => {
    const { one, two } = await aFleet();
    expect(await one.api.login('work')).toMatchObject({ name: 'work', state: 'ready' });
    expect(await two.api.list('home')).toMatchObject({ name: 'home' });
    expect(two.bridge.asked).toEqual(['login work']);
    expect(one.bridge.asked).toEqual(['list home']);
  });

  test('a command goes to the owner of the car, with its bytes as they are', async () => {
    const { one, two } = await aFleet();
    const payload = Buffer.from(JSON.stringify({ id: 'möhre', value: 'lock' }));
    const event = await one.api.command('car-work', 'lock', payload);
    expect(event).toMatchObject({ id: 'möhre', status: 'accepted' });
    expect(two.bridge.asked).toEqual([`car-work: lock ${payload.toString()}`]);
    expect(one.bridge.asked).toEqual([]);
    expect((await one.api.events('möhre'))?.[0]).toMatchObject({ id: 'möhre', status: 'accepted' });
    expect(await two.api.events('unknown')).toBeUndefined();
  });

  test('commands to the bridge, and to cars nobody knows, go to the instance that speaks', async () => {
    const { one, two, speaks } = await aFleet();
    await two.api.command('bridge', 'announce', Buffer.from('{"id":"a"}'));
    await two.api.command('nobody', 'lock', Buffer.from('{"id":"b"}'));
    expect(one.bridge.asked).toEqual(['announce {"id":"a"}', 'nobody: lock {"id":"b"}']);
    speaks(undefined);
    expect(await two.api.command('bridge', 'announce', Buffer.from('{"id":"c"}'))).toMatchObject({
      ...{ id: 'c', seq: 0, status: 'rejected', code: 'not_ready', command: 'announce' },
      message: 'no instance speaks for the bridge at the moment',
    });
    expect(two.bridge.asked).toEqual([]);
  });

  test('a car whose account nobody has is not ready', async () => {
    const { one } = await aFleet();
    expect(await one.api.command('car-away', 'lock', Buffer.from('lock'))).toMatchObject({
      ...{ seq: 0, status: 'rejected', code: 'not_ready', retryable: true },
      message: 'no instance has the account of this car at the moment',
    });
  });

  test('an owner that has just died took nothing, and that is said', async () => {
    const { one, two } = await aFleet();
    await two.calls.stop();
    const event = await one.api.command('car-work', 'lock', Buffer.from('{"id":"late"}'));
    expect(event).toMatchObject({
      ...{ id: 'late', status: 'rejected', code: 'not_ready' },
      message: 'the instance pi-2 is not there to answer api.command',
    });
    expect(event.outcome).toBeUndefined();
  });

  test('where the owner fails at it, what it has stored of it is told, else that nothing is known', async () => {
    const { one, two } = await aFleet();
    const take = two.bridge.command.bind(two.bridge);
    two.bridge.command = async (target, name, payload) => {
      await take(target, name, payload);
      throw new Error('the answer is lost');
    };
    const payload = Buffer.from('{"id":"stored"}');
    expect(await one.api.command('car-work', 'lock', payload)).toMatchObject({
      id: 'stored',
      replayed: true,
    });
    two.bridge.command = () => Promise.reject(new Error('nothing is known'));
    expect(await one.api.command('car-work', 'lock', Buffer.from('{"id":"lost"}'))).toMatchObject({
      ...{ id: 'lost', status: 'rejected', code: 'timeout', outcome: 'unknown', retryable: true },
    });
  });

  test('the audit log is that of all, newest first', async () => {
    const { one, two } = await aFleet();
    one.bridge.audit = { commands: ['9', '4'].map(anEntry), cursor: null };
    two.bridge.audit = { commands: ['8', '5'].map(anEntry), cursor: '5' };
    const query = { limit: 10, status: 'accepted', vehicle: 'car-home' } as const;
    const page = await one.api.commands(query);
    expect(page.commands.map(({ key }) => key)).toEqual(['9', '8', '5']);
    expect(page.cursor).toBe('5');
    expect(two.bridge.asked).toEqual([`commands ${JSON.stringify(query)}`]);
  });

  test('the state is that of the instance that speaks; health is of this one', async () => {
    const { one, two, speaks } = await aFleet();
    expect(await two.api.state()).toEqual({ schema: 1, of: 'pi-1' });
    speaks(undefined);
    expect(await two.api.state()).toEqual({ schema: 1, of: 'pi-2' });
    one.bridge.faults.push('the loop stands still');
    expect(one.api.health().ok).toBe(false);
    expect(two.api.health().ok).toBe(true);
  });
});
