import { randomUUID } from 'node:crypto';
import { beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import type { LifeCycleEvent } from '../../src/vehicle/life-cycle.js';
import type { Cloud } from '../cloud/cloud.js';
import type { DailyQuota } from '../cloud/daily-quota.js';
import { type CloudAccount, LibraryBridge, libraryAccount } from '../support/library-bridge.js';
import { type LibraryWorld, hasLibraryWorld, startLibraryWorld } from '../support/library-world.js';
import { clearOfMidnight } from '../support/midnight.js';
import { hasOldLibrary } from '../support/python.js';
import { pythonWithShortSleeps } from '../support/short-sleeps.js';
import type { RegionCredentials } from './region-world.js';

const patience_ms = 45_000;

type Owner = CloudAccount & { readonly quota: DailyQuota };

interface Wish {
  readonly command: 'refresh' | 'lock';
  readonly payload: Readonly<Record<string, unknown>>;
}

/** An account, and what it is asked for when its maker has had enough. */
interface Home {
  readonly name: string;
  readonly region: string;
  readonly brand: string;
  readonly add: (cloud: Cloud, credentials: RegionCredentials) => Owner;
  readonly last: Wish;
}

const cached: Wish = { command: 'refresh', payload: { value: 'cached' } };
const force: Wish = { command: 'refresh', payload: { value: 'force', override: true } };
const lock: Wish = { command: 'lock', payload: { value: 'lock' } };

const homes: readonly Home[] = [
  {
    name: 'europe',
    region: 'europe',
    brand: 'hyundai',
    add: (cloud, credentials) => cloud.accounts.europe({ ...credentials, brand: 'hyundai' }),
    last: cached,
  },
  {
    name: 'usa',
    region: 'usa',
    brand: 'hyundai',
    add: (cloud, credentials) => cloud.accounts.usaHyundai(credentials),
    last: force,
  },
  {
    name: 'canada',
    region: 'canada',
    brand: 'kia',
    add: (cloud, credentials) => cloud.accounts.canada({ ...credentials, brand: 'kia' }),
    last: lock,
  },
];

const budgetSchema = z.object({
  left: z.number().nullable(),
  resets_at: z.iso.datetime(),
  state: z.enum(['ok', 'reserve', 'blocked']),
  blocked_until: z.iso.datetime().nullable(),
});
const bridgeStateSchema = z.object({ budget: z.record(z.string(), budgetSchema) });

type BudgetDocument = z.infer<typeof budgetSchema>;

const lineSchema = z.object({
  level: z.string(),
  account: z.string().optional(),
  msg: z.string(),
});

describe.skipIf(!hasLibraryWorld || hasOldLibrary)("when the maker's own limit is reached", () => {
  const owners = new Map<string, Owner>();
  /** What the daemons before this one have said. */
  const said: string[] = [];
  let shared: LibraryWorld;
  let bridge: LibraryBridge;
  let python: string;

  const ownerOf = ({ name }: Home): Owner => owners.get(name) ?? expect.unreachable(name);
  const topicOf = (home: Home): string =>
    ownerOf(home).cars[0]?.identity.vin.toLowerCase() ?? expect.unreachable('no car');
  /** All that the clouds were asked, by whomever: a sign-in need not name its account. */
  const asked = (): number => shared.cloud.requests.all.length;

  async function start(after?: LibraryBridge): Promise<void> {
    bridge = await LibraryBridge.start({
      ...shared,
      python,
      accounts: homes.map((home) => libraryAccount(ownerOf(home), home)),
      ...(after !== undefined && { after }),
      config: { refresh: { on_start: 'cached' } },
    });
    for (const { name } of homes) await bridge.waitForAccount(name, 'ready');
  }

  async function send(home: Home, { command, payload }: Wish): Promise<LifeCycleEvent> {
    const id = randomUUID();
    const topic = `${bridge.base}/${topicOf(home)}/commands/${command}`;
    await shared.recorder.publish(topic, JSON.stringify({ ...payload, id }));
    return bridge.ending(id);
  }

  async function budgetOf(
    { name }: Home,
    from: number,
    fits: (budget: BudgetDocument) => boolean,
  ): Promise<BudgetDocument> {
    const topic = `${bridge.base}/bridge/state`;
    const read = (payload: string) => bridgeStateSchema.parse(JSON.parse(payload)).budget[name];
    const found = await shared.recorder.waitFor(
      (message) => {
        if (message.topic !== topic) return false;
        const budget = read(message.payload);
        return budget !== undefined && fits(budget);
      },
      patience_ms,
      from,
    );
    return read(found.payload) ?? expect.unreachable('it was there');
  }

  /** Warnings and errors about an account, of all daemons so far; a command that is refused has a line of its own. */
  const complaintsAbout = ({ name }: Home): string[] =>
    [...said, ...bridge.daemon.lines]
      .filter((line) => line.startsWith('{'))
      .map((line) => lineSchema.parse(JSON.parse(line)))
      .filter(({ account, level }) => account === name && ['warn', 'error'].includes(level))
      .filter(({ msg }) => msg !== 'command')
      .map(({ msg }) => msg);

  async function expectRejections(home: Home): Promise<void> {
    for (const wish of [cached, force, lock]) {
      const ending = await send(home, wish);
      expect(ending).toMatchObject({ status: 'rejected', code: 'rate_limited', seq: 0 });
      expect(ending.retry_after_s).toBeGreaterThan(0);
      // It is the time at which the bridge's state says that it is over.
      const over = Date.parse(ending.at) + (ending.retry_after_s ?? 0) * 1000;
      const { resets_at } = await budgetOf(home, 0, ({ state }) => state === 'blocked');
      expect(Math.abs(over - Date.parse(resets_at))).toBeLessThan(10_000);
    }
  }

  beforeAll(async () => {
    await clearOfMidnight();
    shared = await startLibraryWorld();
    python = await pythonWithShortSleeps(0.04);
    for (const [place, home] of homes.entries()) {
      const owner = home.add(shared.cloud, {
        username: `${home.name}@example.com`,
        password: `open-sesame-${String(place)}`,
        pin: `k${String(place)}.z`,
        cars: 1,
        seed: 700 + place,
      });
      owners.set(home.name, owner);
    }
    await start();
    // Before it, everything that is asked for below is done.
    for (const home of homes) {
      for (const wish of [cached, force, lock]) {
        expect(await send(home, wish)).toMatchObject({ status: 'succeeded' });
      }
    }
  }, 7 * patience_ms);

  test.each(homes)('$name: it is told as such, once, and in the state', async (home) => {
    const from = shared.recorder.messages.length;
    const { quota } = ownerOf(home);
    quota.per_day = quota.used;
    const ending = await send(home, home.last);
    expect(ending).toMatchObject({ status: 'failed', code: 'rate_limited' });
    expect(ending.retry_after_s).toBeGreaterThan(0);
    const budget = await budgetOf(home, from, ({ state }) => state === 'blocked');
    expect(budget).toMatchObject({ left: 0, blocked_until: budget.resets_at });
    expect(Date.parse(budget.resets_at)).toBeGreaterThan(Date.parse(ending.at));
    expect(complaintsAbout(home)).toEqual([expect.stringContaining("the maker's limit")]);
  });

  test('whatever is asked then, nothing is sent', async () => {
    const before = asked();
    for (const home of homes) await expectRejections(home);
    expect(asked()).toBe(before);
  });

  test('nor after a kill: it was written down', async () => {
    const before = asked();
    const from = shared.recorder.messages.length;
    bridge.daemon.kill('SIGKILL');
    await bridge.daemon.exit;
    await bridge.daemon.expectNothingLeft();
    said.push(...bridge.daemon.lines);
    // What was sent now would be answered.
    for (const home of homes) ownerOf(home).quota.newDay();
    const ends = homes.map((home) => budgetOf(home, 0, ({ state }) => state === 'blocked'));
    await start(bridge);
    for (const [place, home] of homes.entries()) {
      const budget = await budgetOf(home, from, () => true);
      expect(budget).toMatchObject({ state: 'blocked', left: 0 });
      expect(budget.resets_at).toBe((await ends[place])?.resets_at);
      await expectRejections(home);
    }
    expect(asked()).toBe(before);
  });

  test.each(homes)('$name has made one warning of it in all', (home) => {
    expect(complaintsAbout(home)).toEqual([expect.stringContaining("the maker's limit")]);
  });

  test('nobody asked for what no maker knows', () => {
    expect(shared.cloud.requests.unknown).toEqual([]);
  });
});
