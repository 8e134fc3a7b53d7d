import { beforeAll, describe, expect, test } from 'vitest';
import { LibraryBridge, hyundaiAccount, kiaAccount } from '../support/library-bridge.js';
import {
  type LibraryWorld,
  addHyundai,
  addKia,
  doorTo,
  hasLibraryWorld,
  startLibraryWorld,
} from '../support/library-world.js';
import { onTeardown } from '../support/teardown.js';
import { waitUntil } from '../support/wait.js';

describe.skipIf(!hasLibraryWorld)('the session of an account', () => {
  let world: LibraryWorld;

  beforeAll(async () => {
    world = await startLibraryWorld();
  });

  const ownerAt = {
    hyundai: () => {
      const owner = addHyundai(world);
      return { owner, entry: () => hyundaiAccount(owner) };
    },
    kia: () => {
      const owner = addKia(world);
      return { owner, entry: () => kiaAccount(owner) };
    },
  };

  /** Requests of an account that have to do with signing in. */
  const signIns = (username: string) =>
    world.cloud.requests.all.filter(
      ({ account, operation }) =>
        account === username && ['sign_in', 'refresh', 'otp'].includes(operation),
    );

  test('a restart costs no sign-in, and the cars are known at once', async () => {
    const hyundai = addHyundai(world);
    const kia = addKia(world);
    const accounts = [hyundaiAccount(hyundai), kiaAccount(kia)];
    const first = await LibraryBridge.start({ ...world, accounts });
    await first.waitForAccount('hyundai', 'ready');
    await first.waitForAccount('kia', 'ready');
    expect(signIns(hyundai.username)).toHaveLength(1);
    expect(signIns(kia.username)).toHaveLength(1);
    await first.daemon.stop();
    world.cloud.requests.clear();

    const second = await LibraryBridge.start({ ...world, accounts, after: first });
    expect(await second.refresh('hyundai-0', 'cached')).toMatchObject({ status: 'succeeded' });
    expect(await second.refresh('kia-0', 'cached')).toMatchObject({ status: 'succeeded' });
    expect(signIns(hyundai.username)).toEqual([]);
    expect(signIns(kia.username)).toEqual([]);
  });

  test('another user name is another account: its own sign-in, its own cars', async () => {
    const before = addHyundai(world);
    const first = await LibraryBridge.start({ ...world, accounts: [hyundaiAccount(before)] });
    await first.waitForAccount('hyundai', 'ready');
    await first.daemon.stop();

    const now = addHyundai(world);
    const second = await LibraryBridge.start({
      ...world,
      accounts: [hyundaiAccount(now)],
      after: first,
    });
    await second.waitForAccount('hyundai', 'ready');
    expect(await second.refresh('hyundai-0', 'cached')).toMatchObject({ status: 'succeeded' });
    expect(signIns(now.username)).toHaveLength(1);
    const readOfBefore = world.cloud.requests.all.filter(
      ({ account, operation }) => account === before.username && operation === 'cached',
    );
    expect(readOfBefore).toEqual([]);
  });

  test('one sign-in serves all who hold a revoked session, and their calls succeed at the second try', async () => {
    const maker = 'kia';
    const { owner, entry } = ownerAt[maker]();
    const bridge = await LibraryBridge.start({ ...world, accounts: [entry()] });
    await bridge.waitForAccount(maker, 'ready');
    const held = world.cloud.hold({ operation: ['cached', 'force'] });
    onTeardown(held.release);
    world.cloud.requests.clear();
    const read = await bridge.send(`${maker}-0`, 'cached');
    const wake = await bridge.send(`${maker}-0`, 'force');
    await world.cloud.requests.arrived('cached');
    await world.cloud.requests.arrived('force');
    owner.revokeSession();
    held.release();
    for (const id of [read, wake]) {
      await bridge.ending(id);
      expect(bridge.events(id)).toMatchObject([
        { status: 'accepted' },
        { status: 'running', attempt: 1 },
        { status: 'running', attempt: 2 },
        { status: 'succeeded' },
      ]);
    }
    expect(signIns(owner.username)).toHaveLength(1);
    expect(owner.cars[0]?.count('wake', 'wake')).toBe(1);
  });

  test('a session that is refused again right after a sign-in is not renewed once more', async () => {
    const { owner, entry } = ownerAt.hyundai();
    const bridge = await LibraryBridge.start({ ...world, accounts: [entry()] });
    await bridge.waitForAccount('hyundai', 'ready');
    world.cloud.requests.clear();
    const revoked = world.cloud.fault({
      operation: 'cached',
      account: owner.username,
      effect: { is: 'session_revoked' },
    });
    const ending = await bridge.refresh('hyundai-0', 'cached');
    expect(ending).toMatchObject({ status: 'failed', code: 'auth_failed', retryable: false });
    expect(revoked.struck).toBe(2);
    expect(signIns(owner.username)).toHaveLength(1);
    revoked.clear();
    expect(await bridge.refresh('hyundai-0', 'cached')).toMatchObject({ status: 'succeeded' });
    expect(signIns(owner.username)).toHaveLength(1);
  });

  test('a token that a sign-in got is not lost with a process that is killed before its answer', async () => {
    const { owner, entry } = ownerAt.hyundai();
    const held = world.cloud.hold({ account: owner.username, operation: 'list' });
    onTeardown(held.release);
    world.cloud.requests.clear();
    const bridge = await LibraryBridge.start({ ...world, accounts: [entry()] });
    await world.cloud.requests.arrived('list');
    const [python] = bridge.pythons();
    process.kill(python?.pid ?? expect.unreachable('no process'), 'SIGKILL');
    await bridge.daemon.waitForLine(/the account cannot be reached/);
    held.release();
    await bridge.waitForAccount('hyundai', 'ready');
    const kinds = signIns(owner.username).map(({ operation }) => operation);
    expect(kinds[0]).toBe('sign_in');
    expect(new Set(kinds.slice(1))).toEqual(new Set(['refresh']));
    expect(await bridge.refresh('hyundai-0', 'cached')).toMatchObject({ status: 'succeeded' });
  });

  // Alike for every maker: `describeRegions`.
  test('after three refusals nobody signs in any more until the credentials change', async () => {
    const maker = 'hyundai';
    const { owner, entry } = ownerAt[maker]();
    const before = entry();
    const first = await LibraryBridge.start({ ...world, accounts: [before] });
    await first.waitForAccount(maker, 'ready');
    owner.password = 'a new password';
    owner.revokeSession();
    owner.revokeRefreshToken();
    world.cloud.requests.clear();

    const failed = await first.refresh(`${maker}-0`, 'cached');
    expect(failed).toMatchObject({ status: 'failed', code: 'auth_failed' });
    const state = await first.waitForAccount(maker, 'refused');
    expect(state.last_error).toMatchObject({ code: 'auth_failed' });
    const tries = signIns(owner.username).filter(({ operation }) => operation === 'sign_in');
    expect(tries).toHaveLength(3);
    await expectRefusal(first, maker, 'auth_failed');
    await first.daemon.stop();

    world.cloud.requests.clear();
    const second = await LibraryBridge.start({ ...world, accounts: [before], after: first });
    await second.waitForAccount(maker, 'refused');
    await expectRefusal(second, maker, 'auth_failed');
    await second.daemon.stop();
    expect(world.cloud.requests.all).toEqual([]);

    const mended = entry();
    const third = await LibraryBridge.start({ ...world, accounts: [mended], after: second });
    await third.waitForAccount(maker, 'ready');
    expect(await third.refresh(`${maker}-0`, 'cached')).toMatchObject({ status: 'succeeded' });
  });

  test('Kia asks for a one-time code: commands are refused at once, and it is asked only once', async () => {
    const { owner, entry } = ownerAt.kia();
    const first = await LibraryBridge.start({ ...world, accounts: [entry()] });
    await first.waitForAccount('kia', 'ready');
    owner.otpRequired = true;
    owner.revokeSession();
    world.cloud.requests.clear();
    const failed = await first.refresh('kia-0', 'cached');
    expect(failed).toMatchObject({ status: 'failed', code: 'otp_required' });
    const state = await first.waitForAccount('kia', 'otp_required');
    expect(state.last_error).toMatchObject({ code: 'otp_required' });
    await expectRefusal(first, 'kia', 'otp_required');
    await first.daemon.stop();
    const asked = world.cloud.requests.all.length;

    const second = await LibraryBridge.start({ ...world, accounts: [entry()], after: first });
    await second.waitForAccount('kia', 'otp_required');
    await expectRefusal(second, 'kia', 'otp_required');
    expect(world.cloud.requests.all).toHaveLength(asked);
    // It was never used to have a code sent to somebody who did not ask for one.
    expect(world.cloud.requests.of('otp')).toEqual([]);
  });

  test.each([
    { what: 'pages of a gateway', effect: { is: 'gateway', status: 502 } },
    { what: 'broken connections', effect: { is: 'reset' } },
  ] as const)(
    '$what at the start: the account is ready when the cloud is back',
    async ({ effect }) => {
      const { owner, entry } = ownerAt.hyundai();
      const away = world.cloud.fault({ account: owner.username, effect });
      const bridge = await LibraryBridge.start({ ...world, accounts: [entry()] });
      const state = await bridge.waitForAccount('hyundai', 'unreachable');
      expect(state.last_error).toMatchObject({ code: 'unavailable' });
      await world.cloud.requests.arrived('sign_in', 3);
      away.clear();
      await bridge.waitForAccount('hyundai', 'ready');
      expect(await bridge.refresh('hyundai-0', 'cached')).toMatchObject({ status: 'succeeded' });
    },
  );

  test('refused connections at the start: the account is ready when the cloud is back', async () => {
    const { entry } = ownerAt.kia();
    const { door, environment } = await doorTo(world.cloud);
    await door.down();
    const cloud = { environment };
    const bridge = await LibraryBridge.start({ ...world, cloud, accounts: [entry()] });
    const state = await bridge.waitForAccount('kia', 'unreachable').finally(() => door.up());
    expect(state.last_error).toMatchObject({ code: 'unavailable' });
    await bridge.waitForAccount('kia', 'ready');
    expect(await bridge.refresh('kia-0', 'cached')).toMatchObject({ status: 'succeeded' });
  });

  test('a command for a known car waits while its account cannot sign in', async () => {
    const { owner, entry } = ownerAt.hyundai();
    const bridge = await LibraryBridge.start({ ...world, accounts: [entry()] });
    await bridge.waitForAccount('hyundai', 'ready');
    owner.revokeSession();
    const away = world.cloud.fault({
      account: owner.username,
      operation: ['sign_in', 'refresh'],
      effect: { is: 'gateway', status: 503 },
    });
    const failed = await bridge.refresh('hyundai-0', 'cached');
    expect(failed).toMatchObject({ status: 'failed', code: 'unavailable' });
    await bridge.waitForAccount('hyundai', 'unreachable');
    const id = await bridge.send('hyundai-0', 'cached');
    const struck = away.struck;
    await waitUntil(
      () => away.struck > struck + 1,
      10_000,
      () => 'further tries to sign in',
    );
    expect(bridge.statuses(id)).toEqual(['accepted']);
    away.clear();
    expect(await bridge.ending(id)).toMatchObject({ status: 'succeeded' });
    expect(bridge.statuses(id)).toEqual(['accepted', 'running', 'succeeded']);
  });

  /** At once: before it a command of an account that is ready has `accepted`. */
  async function expectRefusal(bridge: LibraryBridge, maker: string, code: string): Promise<void> {
    const id = await bridge.send(`${maker}-0`, 'cached');
    expect(bridge.events(id)).toMatchObject([{ status: 'rejected', code, seq: 0 }]);
  }
});
