import { beforeAll, describe, expect, test } from 'vitest';
import { failure } from '../../src/vehicle/outcome.js';
import type { Cloud } from '../cloud/cloud.js';
import { json } from '../cloud/wire.js';
import {
  type CloudAccount,
  LibraryBridge,
  hyundaiAccount,
  kiaAccount,
  libraryAccount,
} from '../support/library-bridge.js';
import {
  type LibraryWorld,
  addHyundai,
  addKia,
  hasLibraryWorld,
  startLibraryWorld,
} from '../support/library-world.js';
import { hasOldLibrary } from '../support/python.js';
import { waitUntil } from '../support/wait.js';

type Owner = ReturnType<typeof addHyundai>;

const elsewhere = { username: 'driver@example.com', password: 'open-sesame', pin: 'k9.z', cars: 1 };

function addCanada({ accounts }: Cloud) {
  return accounts.canada({ ...elsewhere, brand: 'genesis' });
}

function addAustralia({ accounts }: Cloud) {
  return accounts.australia({ ...elsewhere, brand: 'genesis' });
}

function addEurope({ accounts }: Cloud) {
  return accounts.europe({ ...elsewhere, brand: 'genesis' });
}

describe.skipIf(!hasLibraryWorld)('failures of the vendor', () => {
  let world: LibraryWorld;

  beforeAll(async () => {
    world = await startLibraryWorld();
  });

  const start = async (
    config: Record<string, unknown> = {},
  ): Promise<{ owner: Owner; bridge: LibraryBridge }> => {
    const owner = addHyundai(world);
    const accounts = [hyundaiAccount(owner)];
    const bridge = await LibraryBridge.start({ ...world, accounts, config });
    await bridge.waitForAccount('hyundai', 'ready');
    return { owner, bridge };
  };

  describe('keep their code, message and cause on the way from Python over the thread to the broker', () => {
    let bridge: LibraryBridge;

    beforeAll(async () => {
      const accounts = [hyundaiAccount(addHyundai(world)), kiaAccount(addKia(world))];
      const config = {
        breaker: { failures: 100 },
        workers: { deadline: { cached: '2s', force: '2s' } },
      };
      bridge = await LibraryBridge.start({ ...world, accounts, config });
      await bridge.waitForAccount('hyundai', 'ready');
      await bridge.waitForAccount('kia', 'ready');
      // A car that has never been read has no state document in which a failure could be seen.
      await bridge.refresh('hyundai-0', 'cached');
      await bridge.refresh('kia-0', 'cached');
    });

    const late = { is: 'latency', ms: 1500 } as const;
    const unreadable = { is: 'garbage', kind: 'no_envelope' } as const;

    test.each([
      {
        vehicle: 'hyundai-0',
        word: 'cached',
        effect: { is: 'gateway', status: 502 },
        code: 'unavailable',
        says: /not an answer \(JSONDecodeError: .*; HTTP 502\)/,
      },
      {
        vehicle: 'hyundai-0',
        word: 'cached',
        effect: { is: 'reset' },
        code: 'unavailable',
        says: /could not be reached \(ProxyError: /,
      },
      {
        vehicle: 'hyundai-0',
        word: 'cached',
        effect: late,
        code: 'timeout',
        says: /\(RequestTimeoutError: .*Read timed out/,
      },
      {
        vehicle: 'hyundai-0',
        word: 'force',
        effect: late,
        code: 'vehicle_timeout',
        says: /the car did not answer in time \(RequestTimeoutError: /,
      },
      {
        vehicle: 'hyundai-0',
        word: 'cached',
        effect: unreadable,
        code: 'internal',
        says: /\(KeyError: vehicleStatus\)/,
      },
      {
        vehicle: 'hyundai-0',
        word: 'force',
        effect: { is: 'rate_limited' },
        code: 'rate_limited',
        says: hasOldLibrary
          ? /request limit is reached.* \(APIError: .*HT_534/
          : /request limit is reached.* \(ServiceTemporaryUnavailable: .*HT_534/,
      },
      {
        vehicle: 'kia-0',
        word: 'cached',
        effect: { is: 'gateway', status: 503 },
        code: 'unavailable',
        says: /\(JSONDecodeError: .*; HTTP 503\)/,
      },
      {
        vehicle: 'kia-0',
        word: 'force',
        effect: late,
        code: 'vehicle_timeout',
        says: /\(RequestTimeoutError: .*api\.owners\.kia\.com/,
      },
      {
        vehicle: 'kia-0',
        word: 'cached',
        effect: unreadable,
        code: 'internal',
        says: /\(KeyError: status\)/,
      },
    ] as const)('$vehicle, $word: $code', async ({ vehicle, word, effect, code, says }) => {
      const fault = world.cloud.fault({ operation: word, effect });
      const ending = await bridge.refresh(vehicle, word).finally(fault.clear);
      expect(ending).toMatchObject({
        status: 'failed',
        code,
        retryable: failure(code, '').retryable,
      });
      expect(ending.message).toMatch(says);
      expect(await bridge.stateAfter(vehicle, ending)).toMatchObject({ command: { code } });
    });
  });

  test.each([200, 502] as const)(
    "the vendor's daily limit (HTTP %i) ends a `force` as `rate_limited`, opens no breaker, and is obeyed until the next day",
    async (status) => {
      // One failure would open it.
      const { owner, bridge } = await start({ breaker: { failures: 1 } });
      owner.budget = { total: 0, each: 0 };
      owner.budgetStatus = status;
      const met = await bridge.refresh('hyundai-0', 'force');
      expect(met).toMatchObject({ status: 'failed', code: 'rate_limited', retryable: true });
      expect(met.retry_after_s).toBeGreaterThan(0);
      // With what the maker now takes again nothing is tried: when its day begins is all that is known.
      owner.budget = undefined;
      await expectBlocked(bridge, owner);
      await bridge.daemon.stop();
      const accounts = [hyundaiAccount(owner)];
      const config = { breaker: { failures: 1 } };
      const next = await LibraryBridge.start({ ...world, accounts, config, after: bridge });
      await next.waitForAccount('hyundai', 'ready');
      await expectBlocked(next, owner);
      for (const each of [bridge, next]) {
        expect(each.breakerStates('hyundai')).toEqual({ read: ['closed'], wake: ['closed'] });
      }
    },
  );

  test('a limit that the vendor gives an end is over then, and opens no breaker', async () => {
    const { owner, bridge } = await start({ breaker: { failures: 1 } });
    const reply = json({ message: 'slow down' }, 429, { 'retry-after': '15' });
    const { username: account } = owner;
    const limit = world.cloud.fault({
      account,
      operation: 'force',
      effect: { is: 'reply', reply },
    });
    const met = await bridge.refresh('hyundai-0', 'force');
    expect(met).toMatchObject({ status: 'failed', code: 'rate_limited', retry_after_s: 15 });
    limit.clear();
    await expectBlocked(bridge, owner);
    await waitUntil(
      () => bridge.budgetStates('hyundai').join() === 'ok,blocked,ok',
      40_000,
      () => `the limit to end, not ${bridge.budgetStates('hyundai').join()}`,
    );
    for (const word of ['cached', 'force']) {
      expect(await bridge.refresh('hyundai-0', word)).toMatchObject({ status: 'succeeded' });
    }
    expect(bridge.breakerStates('hyundai')).toEqual({ read: ['closed'], wake: ['closed'] });
  });

  /** Whatever is asked for: it is refused at once, and nothing of it reaches the vendor. */
  async function expectBlocked(bridge: LibraryBridge, { username }: Owner): Promise<void> {
    const sent = () => world.cloud.requests.all.filter(({ account }) => account === username);
    const before = sent().length;
    for (const word of ['force', 'cached', 'smart:1']) {
      const id = await bridge.send('hyundai-0', word);
      const refused = bridge.events(id);
      expect(refused).toMatchObject([{ status: 'rejected', code: 'rate_limited', seq: 0 }]);
      expect(refused[0]?.retry_after_s).toBeGreaterThan(0);
    }
    expect(sent()).toHaveLength(before);
  }

  test('five failures in a row open the breaker of the reads, and nothing is asked until its time is over', async () => {
    const { owner, bridge } = await start({ breaker: { reset: '3s' } });
    const away = world.cloud.fault({
      account: owner.username,
      operation: 'cached',
      effect: { is: 'gateway', status: 502 },
    });
    for (let count = 0; count < 5; count += 1) {
      const ending = await bridge.refresh('hyundai-0', 'cached');
      expect(ending).toMatchObject({ status: 'failed', code: 'unavailable' });
    }
    const refused = await bridge.refresh('hyundai-0', 'cached');
    expect(refused).toMatchObject({ status: 'rejected', code: 'breaker_open', retryable: true });
    expect(refused.retry_after_s).toBeGreaterThan(0);
    expect(away.struck).toBe(5);
    // The breaker of the wakes is another one.
    expect(await bridge.refresh('hyundai-0', 'force')).toMatchObject({ status: 'succeeded' });

    away.clear();
    await bridge.waitForBridgeState(
      ({ breakers }) => breakers['hyundai']?.['read']?.state === 'half_open',
    );
    expect(await bridge.refresh('hyundai-0', 'cached')).toMatchObject({ status: 'succeeded' });
    await waitUntil(
      () => bridge.breakerStates('hyundai').read.at(-1) === 'closed',
      10_000,
      () => 'the breaker to close',
    );
    expect(bridge.breakerStates('hyundai')).toEqual({
      read: ['closed', 'open', 'half_open', 'closed'],
      wake: ['closed'],
    });
  });

  // What only a present release of the library can meet.
  describe.skipIf(hasOldLibrary)('are told of an account as they are', () => {
    const startAt = (region: string, owner: CloudAccount): Promise<LibraryBridge> => {
      const account = libraryAccount(owner, { name: region, region, brand: 'genesis' });
      return LibraryBridge.start({ ...world, accounts: [account] });
    };

    test('a sign-in whose server is away is no refusal: it goes on by itself', async () => {
      const owner = addAustralia(world.cloud);
      const away = world.cloud.fault({
        account: owner.username,
        operation: 'sign_in',
        effect: { is: 'gateway', status: 503 },
      });
      const bridge = await startAt('australia', owner);
      await bridge.waitForAccount('australia', 'unreachable');
      // More often than a wrong password may be tried.
      await waitUntil(
        () => away.struck > 3,
        20_000,
        () => 'further tries',
      );
      const { last_error } = await bridge.waitForBridgeState((state) => state.last_error !== null);
      expect(last_error).toMatchObject({
        code: 'unavailable',
        message: expect.stringContaining('it is not the password') as string,
      });
      away.clear();
      await bridge.waitForAccount('australia', 'ready');
    });

    test('terms that are not accepted stop the account at once, and say where to accept them', async () => {
      const owner = addEurope(world.cloud);
      owner.consentRequired = true;
      const bridge = await startAt('europe', owner);
      const { last_error } = await bridge.waitForAccount('europe', 'refused');
      expect(last_error).toMatchObject({
        code: 'consent_required',
        message: expect.stringContaining('sign in once in a browser') as string,
      });
    });

    test('half an outage is none: what is known of the car is published', async () => {
      const owner = addCanada(world.cloud);
      const bridge = await startAt('canada', owner);
      const { accounts } = await bridge.waitForAccount('canada', 'ready');
      const topic = accounts['canada']?.vehicles[0] ?? expect.unreachable('no topic');
      const car = owner.cars[0] ?? expect.unreachable('no car');
      const { username: account } = owner;
      world.cloud.fault({ account, operation: 'detail', effect: { is: 'reset' } });
      const ending = await bridge.refresh(topic, 'cached');
      expect(ending).toMatchObject({ status: 'succeeded' });
      const state = await bridge.stateAfter(topic, ending);
      expect(state).toMatchObject({ lock: { state: 'locked' }, ev: { soc: car.report().ev.soc } });
      expect(state.location.latitude).toBeNull();
    });
  });
});
