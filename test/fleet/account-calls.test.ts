import { beforeAll, describe, expect, test } from 'vitest';
import type { CommandedAccounts } from '../../src/commanded-accounts.js';
import { systemClock as clock } from '../../src/daemon/clock.js';
import type { RefreshableAccount } from '../../src/dispatch/refresh-all.js';
import { createFleetAccounts, serveAccountCalls } from '../../src/fleet/account-calls.js';
import type { HereAccounts } from '../../src/fleet/account-methods.js';
import type { CodeStep } from '../../src/vehicle/bridge-command.js';
import type { Cancelled } from '../../src/vehicle/cancelled.js';
import type { RefreshMode } from '../../src/vehicle/command.js';
import { failure, type Failure } from '../../src/vehicle/outcome.js';
import type { Outcome } from '../../src/vehicle/task.js';
import { later } from '../dispatch/outcomes.js';
import { GrowingList } from '../support/growing-list.js';
import { hasNats, startNats, type NatsServer } from '../support/nats.js';
import { onTeardown } from '../support/teardown.js';
import { waitUntil } from '../support/wait.js';
import { anInstance } from './a-fleet.js';

type Refresh = (vehicle: string, mode: RefreshMode) => Promise<Outcome | undefined>;
type Hold = Parameters<Parameters<RefreshableAccount['ready']>[0]>[0];

const read: Outcome = {
  ...{ ok: true, requests: 1 },
  result: { operation: 'list', vehicles: [] },
};

/** What the others hear of that. */
const done = { ok: true };

/** The accounts of one instance in memory. */
class Accounts implements HereAccounts {
  readonly said = new GrowingList<string>();
  readonly commands = new Map<string, Cancelled>();
  refuses: Failure | undefined;
  holds: Hold | undefined;
  refresh: Refresh = () => Promise.resolve(read);
  /** Whoever waits for an account to be ready. */
  readonly #waiting = new Set<() => void>();
  #refreshable: readonly RefreshableAccount[];

  constructor(names: readonly string[]) {
    this.#refreshable = names.map((name) => this.#account(name));
  }

  readonly refreshable = () => this.#refreshable;

  take(name: string): void {
    this.#refreshable = [...this.#refreshable, this.#account(name)];
  }

  giveAway(name: string): void {
    this.#refreshable = this.#refreshable.filter((one) => one.name !== name);
  }

  /** What was held is not held any more. */
  release(): void {
    this.holds = undefined;
    for (const enter of this.#waiting) enter();
  }

  readonly find = (id: string) => Promise.resolve(this.commands.get(id) ?? 'unknown_id');

  readonly cancel = (id: string) => {
    this.said.add(`cancel ${id}`);
    return this.commands.get(id) ?? 'unknown_id';
  };

  readonly clearQueue = (): void => {
    this.said.add('clear_queue');
  };

  readonly resetBreakers = (account: string): void => {
    this.said.add(`reset_breakers ${account}`);
  };

  readonly setLogLevel = (level: string): void => {
    this.said.add(`log_level ${level}`);
  };

  readonly otp = (account: string, step: CodeStep): Promise<Failure | undefined> => {
    this.said.add(`otp ${account} ${JSON.stringify(step)}`);
    return Promise.resolve(this.refuses);
  };

  #account(name: string): RefreshableAccount {
    return {
      name,
      cars: () => [],
      refusal: () => this.refuses,
      isHeld: () => this.holds !== undefined,
      ready: (onHeld, signal) => {
        if (this.holds === undefined) return Promise.resolve(true);
        const { promise, keep } = later<boolean>();
        signal.addEventListener('abort', () => {
          keep(false);
        });
        this.#waiting.add(() => {
          keep(true);
        });
        onHeld(this.holds);
        return promise;
      },
      refreshOne: (vehicle, mode) => {
        this.said.add(`refresh ${name} ${vehicle} ${mode}`);
        return this.refresh(vehicle, mode);
      },
    };
  }
}

describe.runIf(hasNats)('commands to the bridge for accounts elsewhere', () => {
  let nats: NatsServer;
  let count = 0;

  beforeAll(async () => {
    nats = await startNats();
  });

  /** `pi-1` speaks for the bridge and has the account home, `pi-2` has work. */
  async function aFleet() {
    count += 1;
    const name = `fleet${String(count)}`;
    const [one, two] = await Promise.all([
      anInstance(nats, 'pi-1', { name }),
      anInstance(nats, 'pi-2', { name }),
    ]);
    const home = new Accounts(['home']);
    const work = new Accounts(['work']);
    serveAccountCalls(one.calls, home);
    serveAccountCalls(two.calls, work);
    const owners = new Map([
      ['home', 'pi-1'],
      ['work', 'pi-2'],
    ]);
    const names = ['home', 'work'];
    const over = new AbortController();
    onTeardown(() => {
      over.abort();
    });
    const car = { id: 'v-1', vin: null, topic_id: 'car-1', is_gone: false };
    const accounts: CommandedAccounts = createFleetAccounts({
      ...{ clock, calls: one.calls, log: one.log, signal: over.signal },
      directory: {
        carsOf: (account) =>
          account === 'work' ? [car, { ...car, id: 'v-2', is_gone: true }] : [],
        unlisted: () => ['home'],
      },
      accountNames: () => names,
      instances: () => ['pi-1', 'pi-2'],
      ownerOf: (account) => owners.get(account),
    });
    const remote = accounts.refreshable().find((account) => account.name === 'work');
    if (remote === undefined) throw new Error('expected the account work');
    return { ...{ one, two, home, work, owners, names, over, accounts, remote }, name };
  }

  const never = (): AbortSignal => new AbortController().signal;

  test('a command is found and cancelled wherever it is', async () => {
    const { home, work, accounts } = await aFleet();
    home.commands.set('a', 'too_late');
    work.commands.set('b', 'ended');
    expect(await accounts.find('a')).toBe('too_late');
    expect(await accounts.cancel('b')).toBe('ended');
    expect(await accounts.find('c')).toBe('unknown_id');
    expect(home.said.items).toEqual(['cancel b']);
    expect(work.said.items).toEqual(['cancel b']);
  });

  test('what is for all accounts reaches every instance', async () => {
    const { home, work, accounts } = await aFleet();
    accounts.clearQueue();
    accounts.resetBreakers('work');
    accounts.setLogLevel('debug');
    for (const { said } of [home, work]) {
      await said.waitFor(
        () => said.items.length === 3,
        10_000,
        () => 'three words',
      );
      expect([...said.items].sort()).toEqual([
        'clear_queue',
        'log_level debug',
        'reset_breakers work',
      ]);
    }
  });

  test('an instance that does not answer keeps nobody from cancelling, and is named', async () => {
    const { one, two, home, accounts } = await aFleet();
    home.commands.set('a', 'ended');
    await two.calls.stop();
    expect(await accounts.cancel('a')).toBe('ended');
    expect(one.lines.join('')).toContain('"instances":["pi-2"],"what":"accounts.cancel"');
  });

  test('a one-time code goes to the owner, and its answer comes back', async () => {
    const { home, work, owners, accounts } = await aFleet();
    expect(await accounts.otp('work', { code: '918273' })).toBeUndefined();
    work.refuses = failure('otp_required', 'the code was not accepted');
    expect(await accounts.otp('work', { method: 'email' })).toEqual(work.refuses);
    expect(work.said.items).toEqual(['otp work {"code":"918273"}', 'otp work {"method":"email"}']);
    expect(home.said.items).toEqual([]);
    owners.delete('work');
    expect(await accounts.otp('work', { code: '918273' })).toMatchObject({ code: 'not_ready' });
    owners.set('work', 'pi-1');
    expect(await accounts.otp('work', { code: '918273' })).toMatchObject({ code: 'not_ready' });
    owners.set('work', 'pi-9');
    expect(await accounts.otp('work', { code: '918273' })).toMatchObject({ code: 'not_ready' });
    expect(home.said.items).toEqual([]);
  });

  test('the cars of an account elsewhere are those of the directory that are still there', async () => {
    const { remote, accounts } = await aFleet();
    expect(remote.cars()).toEqual([{ id: 'v-1', topic_id: 'car-1' }]);
    expect(accounts.haveCars()).toBe(true);
    expect(accounts.names()).toEqual(['home', 'work']);
  });

  test('a car elsewhere is refreshed by the owner; no secret comes along', async () => {
    const { work, remote } = await aFleet();
    work.refresh = () => Promise.resolve({ ...read, session: { token: 'secret' } });
    expect(await remote.refreshOne('v-1', 'force', 60, 'job')).toEqual(done);
    const reason = failure('rate_limited', 'enough for today');
    work.holds = { reason: 'rate_limited' };
    work.refresh = () => Promise.resolve({ ok: false, failure: reason, requests: 1 });
    expect(await remote.refreshOne('v-1', 'smart', undefined, 'job')).toMatchObject({
      failure: reason,
    });
    expect(remote.isHeld()).toBe(true);
    expect(work.said.items).toEqual(['refresh work v-1 force', 'refresh work v-1 smart']);
  });

  test('whoever waits for an account to be ready learns why it takes so long, and when it is', async () => {
    const { work, remote } = await aFleet();
    expect(await remote.ready(() => undefined, never())).toBe(true);
    work.holds = { reason: 'rate_limited', retry_after_s: 3 };
    const heard = new GrowingList<Hold>();
    const ready = remote.ready((hold) => {
      heard.add(hold);
    }, never());
    const told = await heard.waitFor(
      () => true,
      10_000,
      () => 'a reason',
    );
    expect(told).toEqual({ reason: 'rate_limited', retry_after_s: 3 });
    expect(remote.isHeld()).toBe(true);
    work.release();
    expect(await ready).toBe(true);
    expect(remote.isHeld()).toBe(false);
  });

  test('an account that waits for a person is refused, and asked anew later', async () => {
    const { work, remote } = await aFleet();
    work.refuses = failure('otp_required', 'the vendor wants a code');
    const heard: Hold[] = [];
    const ready = await remote.ready((hold) => {
      heard.push(hold);
    }, never());
    expect(ready).toBe(false);
    expect(heard).toEqual([{ reason: 'otp_required', message: 'the vendor wants a code' }]);
    expect(remote.refusal()).toEqual(work.refuses);
    work.refuses = undefined;
    await waitUntil(
      () => remote.refusal() === undefined,
      10_000,
      () => 'the refusal to be forgotten',
    );
    expect(await remote.ready(() => undefined, never())).toBe(true);
  });

  test('a signal ends the waiting for an account that nobody has', async () => {
    const { owners, remote } = await aFleet();
    owners.delete('work');
    const stop = new AbortController();
    const heard: Hold[] = [];
    const ready = await remote.ready((hold) => {
      heard.push(hold);
      stop.abort();
    }, stop.signal);
    expect(ready).toBe(false);
    expect(heard).toMatchObject([{ reason: 'not_ready' }]);
  });

  test('where the owner dies the next one is asked; a wake that may have left is not repeated', async () => {
    const { two, home, work, owners, remote } = await aFleet();
    work.refresh = () => new Promise(() => undefined);
    const refreshed = remote.refreshOne('v-1', 'force', undefined, 'job');
    await work.said.waitFor(
      () => true,
      10_000,
      () => 'the refresh to begin',
    );
    await two.connection.close();
    owners.delete('work');
    home.take('work');
    owners.set('work', 'pi-1');
    expect(await refreshed).toEqual(done);
    expect(home.said.items).toEqual(['refresh work v-1 smart']);
  });

  test('a wake that never reached an owner stays a wake', async () => {
    const { home, owners, remote } = await aFleet();
    owners.set('work', 'pi-9');
    const refreshed = remote.refreshOne('v-1', 'force', undefined, 'job');
    home.take('work');
    owners.set('work', 'pi-1');
    expect(await refreshed).toEqual(done);
    expect(home.said.items).toEqual(['refresh work v-1 force']);
  });

  test.each([
    ['what it broke off unsent is done by the next owner', false, 'force'],
    ['what it broke off in the middle is asked of the cloud first', undefined, 'smart'],
  ])('an owner that gives the account away: %s', async (_, sent, mode) => {
    const { name, home, work, owners, remote } = await aFleet();
    const broken = later<Outcome>();
    work.refresh = () => broken.promise;
    const refreshed = remote.refreshOne('v-1', 'force', undefined, 'job');
    await work.said.waitFor(
      () => true,
      10_000,
      () => 'the refresh to begin',
    );
    work.giveAway('work');
    const reason = failure(
      'interrupted',
      'the account was given away',
      sent === false ? { sent } : {},
    );
    // Once it has answered it is asked again: nobody else has the account yet.
    const asked = new GrowingList<undefined>();
    const listener = await nats.connect('listener');
    listener.subscribe(`${name}.ask.pi-2`, {
      callback: () => {
        asked.add(undefined);
      },
    });
    await listener.flush();
    broken.keep({ ok: false, failure: reason, requests: 0 });
    await asked.waitFor(
      () => true,
      10_000,
      () => 'the former owner to be asked again',
    );
    home.take('work');
    owners.set('work', 'pi-1');
    expect(await refreshed).toEqual(done);
    expect(home.said.items).toEqual([`refresh work v-1 ${mode}`]);
  });

  test('an account that is removed is waited for no more', async () => {
    const { names, owners, remote } = await aFleet();
    owners.delete('work');
    const refreshed = remote.refreshOne('v-1', 'cached', undefined, 'job');
    names.pop();
    expect(await refreshed).toMatchObject({ ok: false, failure: { code: 'unknown_vehicle' } });
    expect(remote.refusal()).toMatchObject({ code: 'unknown_vehicle' });
    expect(await remote.ready(() => undefined, never())).toBe(false);
  });

  test('nothing is asked any more when nobody waits', async () => {
    const { work, over, remote } = await aFleet();
    work.refresh = () => new Promise(() => undefined);
    const refreshed = remote.refreshOne('v-1', 'cached', undefined, 'job');
    await work.said.waitFor(
      () => true,
      10_000,
      () => 'the refresh to begin',
    );
    over.abort();
    expect(await refreshed).toBeUndefined();
    expect(work.said.items).toHaveLength(1);
  });
});
