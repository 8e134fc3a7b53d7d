import { describe, expect, test } from 'vitest';
import { hasOldLibrary, hasTestPython } from '../support/python.js';
import { canadaError } from './canada-replies.js';
import { carOf, signInToCanada, startCanada } from './canada-world.js';

describe.skipIf(!hasTestPython)('the session of an account in Canada', () => {
  test('a token that has run out is refused, and the next check signs in anew', async () => {
    const { account, clock, library, asked } = await startCanada();
    account.tokenLifetime_s = 3600;
    await library.result('check_and_refresh_token');
    const id = carOf(account).identity.id;
    await library.result('update_vehicle_with_cached_state', id);
    asked();
    expect(await library.result('check_and_refresh_token')).toBe(false);
    expect(asked()).toEqual(['vhcllst']);
    clock.ahead_ms += 3600 * 1000;
    const late = await library.call('update_vehicle_with_cached_state', id);
    expect(late).toMatchObject({ error: 'AuthenticationError' });
    asked();
    expect(await library.result('check_and_refresh_token')).toBe(true);
    expect(asked()).toEqual(['vhcllst', 'v2/login']);
    await library.result('update_vehicle_with_cached_state', id);
  });

  test('a client that knows that its token has run out does not test it', async () => {
    const { account, library, asked } = await startCanada();
    account.tokenLifetime_s = 60;
    await library.result('check_and_refresh_token');
    asked();
    expect(await library.result('check_and_refresh_token')).toBe(true);
    expect(asked()).toEqual(['v2/login']);
  });

  // The old release does not know 7606.
  test.each(hasOldLibrary ? (['7403', '7602'] as const) : (['7403', '7602', '7606'] as const))(
    'a token that is ended with %s is refused, and the next check signs in anew',
    async (code) => {
      const { account, library, asked } = await signInToCanada();
      const id = carOf(account).identity.id;
      account.revokeSession(code);
      const answer = await library.call('force_refresh_vehicle_state', id);
      expect(answer.error).toBe(code === '7606' ? 'APIError' : 'AuthenticationError');
      expect(carOf(account).count('wake', 'wake')).toBe(0);
      asked();
      expect(await library.result('check_and_refresh_token')).toBe(true);
      expect(asked()).toEqual(['vhcllst', 'v2/login']);
      await library.result('force_refresh_vehicle_state', id);
    },
  );

  test('a new sign-in deletes the token before it; a restart with a token costs none', async () => {
    const { library, reopen, asked } = await signInToCanada();
    const before = await library.result('token');
    await reopen(before);
    expect(await library.result('check_and_refresh_token')).toBe(false);
    expect(asked()).toEqual(['vhcllst', 'vhcllst']);
    await reopen();
    await library.result('check_and_refresh_token');
    await reopen(before);
    asked();
    expect(await library.result('check_and_refresh_token')).toBe(true);
    expect(asked()).toEqual(['vhcllst', 'v2/login', 'vhcllst']);
  });

  test.each([
    ['6504', 'APIError'],
    ['7402', 'AuthenticationError'],
    ['7403', 'AuthenticationError'],
    ['7404', 'AuthenticationError'],
    ['7445', 'APIError'],
    ['7549', 'AuthenticationError'],
    ['7602', 'AuthenticationError'],
    ['7606', 'APIError'],
    ['7710', 'APIError'],
    ['7110', 'KeyError'],
  ] as const)('a read that is refused with %s raises %s', async (code, error) => {
    const { cloud, account, library } = await signInToCanada();
    cloud.fault({ operation: 'force', effect: { is: 'reply', reply: canadaError(code) } });
    const id = carOf(account).identity.id;
    expect(await library.call('force_refresh_vehicle_state', id)).toMatchObject({ error });
    expect(cloud.requests.of('force')).toHaveLength(1);
  });

  test('too many requests and a revoked session, as faults of every cloud', async () => {
    const { cloud, account, library } = await signInToCanada();
    const id = carOf(account).identity.id;
    const refuse = async (is: 'rate_limited' | 'session_revoked') => {
      cloud.fault({ operation: 'cached', times: 1, effect: { is } });
      return library.call('update_vehicle_with_cached_state', id);
    };
    const limited = await refuse('rate_limited');
    expect(limited.error).toBe('APIError');
    expect(limited.text).toContain('daily limit');
    expect((await refuse('session_revoked')).error).toBe('AuthenticationError');
  });
});
