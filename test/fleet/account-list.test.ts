import type { NatsConnection } from '@nats-io/transport-node';
import { expect, test } from 'vitest';
import { createLogger } from '../../src/daemon/logger.js';
import { KnownSecrets } from '../../src/daemon/redaction.js';
import { AccountList } from '../../src/fleet/account-list.js';
import type { StoredAccount } from '../../src/fleet/stored-account.js';
import { createCipher } from '../../src/store/cipher.js';
import { GrowingList } from '../support/growing-list.js';
import { hasNats, startNats } from '../support/nats.js';
import { onTeardown } from '../support/teardown.js';

const log = createLogger({ level: 'error', format: 'json', secrets: new KnownSecrets() });
const key = (fill: number) => new Uint8Array(32).fill(fill);
const definition = { region: 'canada', password: 'opensesame' };

function open(connection: NatsConnection, keys = { current: key(1) }): Promise<AccountList> {
  const cipher = createCipher(keys);
  return AccountList.open({ connection, name: 'bl', replicas: 1, cipher, log });
}

function watched(list: AccountList) {
  const told = new GrowingList<readonly StoredAccount[]>();
  const watch = list.watch({
    onChange: (all) => {
      told.add(all);
    },
    ...{ log, gather_ms: 5, check_ms: 50 },
  });
  onTeardown(() => {
    watch.stop();
    return Promise.resolve();
  });
  const namesOf = (all: readonly StoredAccount[]) => all.map(({ name }) => name).join();
  return {
    told,
    shows: (...names: readonly string[]) =>
      told.waitFor(
        (all) => namesOf(all) === names.join(),
        15_000,
        () => `${names.join()}; told: ${told.items.map(namesOf).join(' | ')}`,
      ),
  };
}

test.skipIf(!hasNats)(
  'definitions are kept by revision, and nobody overwrites another',
  async () => {
    const nats = await startNats();
    const list = await open(await nats.connect());
    expect(await list.list()).toEqual([]);
    expect(await list.put('home', definition, 0)).toBe(true);
    expect(await list.put('home', { region: 'usa' }, 0)).toBe(false);
    const stored = await list.get('home');
    expect(stored).toMatchObject({ name: 'home', definition });
    const revision = stored?.revision ?? 0;
    expect(await list.put('home', { region: 'usa' }, revision)).toBe(true);
    expect(await list.put('home', { region: 'europe' }, revision)).toBe(false);
    expect(await list.delete('home', revision)).toBe(false);
    const [now] = await list.list();
    expect(now?.definition).toEqual({ region: 'usa' });
    expect(await list.delete('home', now?.revision ?? 0)).toBe(true);
    expect(await list.get('home')).toBeUndefined();
    // A name can be used anew.
    expect(await list.put('home', definition, 0)).toBe(true);
    expect((await list.list()).map(({ name }) => name)).toEqual(['home']);
  },
);

test.skipIf(!hasNats)('they are sealed, each for its name', async () => {
  const nats = await startNats();
  const connection = await nats.connect();
  const list = await open(connection);
  await list.put('home', definition, 0);
  const seen: string[] = [];
  const raw = connection.subscribe('$KV.bl_accounts.>', {
    callback: (_, message) => {
      seen.push(message.string());
    },
  });
  await connection.flush();
  await list.put('away', definition, 0);
  raw.unsubscribe();
  expect(seen).toHaveLength(1);
  expect(seen.join()).not.toMatch(/opensesame|canada/);

  const other = await open(connection, { current: key(2) });
  expect(await other.get('home')).toMatchObject({ name: 'home', definition: undefined });
  expect((await other.get('home'))?.fault).toMatch(/another key/);
  const rotated = await open(connection, { current: key(2), previous: key(1) } as never);
  expect((await rotated.get('home'))?.definition).toEqual(definition);
  // What was sealed for another name is refused.
  await connection.request('$KV.bl_accounts.home', seen[0] ?? '');
  expect((await list.get('home'))?.fault).toMatch(/another place/);
});

test.skipIf(!hasNats)(
  'a watch tells all there is, every change, and goes on after NATS was away',
  async () => {
    const nats = await startNats();
    const connection = await nats.connect();
    const list = await open(connection);
    const empty = watched(list);
    await empty.shows();
    await list.put('a', definition, 0);
    await list.put('b', definition, 0);
    await empty.shows('a', 'b');
    const { told, shows } = watched(list);
    await shows('a', 'b');
    await list.delete('a', (await list.get('a'))?.revision ?? 0);
    await shows('b');
    await nats.kill();
    await nats.start();
    const isBack = () =>
      connection.flush().then(
        () => true,
        () => false,
      );
    await expect.poll(isBack, { timeout: 15_000 }).toBe(true);
    await expect.poll(() => list.put('c', { region: 'usa' }, 0), { timeout: 15_000 }).toBe(true);
    const all = await shows('b', 'c');
    expect(all.map((one) => one.definition)).toEqual([definition, { region: 'usa' }]);
    expect(told.items.length).toBeGreaterThan(1);
  },
);
