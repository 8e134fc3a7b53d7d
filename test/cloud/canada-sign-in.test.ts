import { describe, expect, test } from 'vitest';
import { hasOldLibrary, hasTestPython } from '../support/python.js';
import { cloudflareBlock } from './canada-replies.js';
import { type CanadaWorld, carOf, owner, startCanada } from './canada-world.js';
import { ask } from './through-proxy.js';
import { at, textAt } from './wire.js';

const day_ms = 24 * 3600 * 1000;
const untilMethods = ['v2/login', 'mfa/selverifmeth'];

describe.skipIf(!hasTestPython)('signing in to an account in Canada', () => {
  /** An account that wants a code of this client, which has asked for the methods. */
  async function startCodeFlow(): Promise<CanadaWorld> {
    const world = await startCanada();
    world.account.otpRequired = true;
    expect(await world.library.call('login')).toMatchObject({ result: { has_email: true } });
    expect(world.asked()).toEqual(untilMethods);
    return world;
  }

  /** The device id of a token, without the token. */
  async function keptDevice({ library }: CanadaWorld): Promise<object> {
    const device_id = at(await library.result('token'), 'device_id');
    expect(device_id).toBeTypeOf('string');
    return { ...owner, device_id };
  }

  test.each([
    ['EMAIL', 'email'],
    ['SMS', 'sms'],
  ])('with a code by %s; a wrong one may be followed by the right one', async (name, method) => {
    const { account, library, asked } = await startCodeFlow();
    await library.result('send_otp', name);
    expect(account.codes.last).toMatchObject({ method });
    expect(asked()).toEqual(['mfa/sendotp']);
    expect(await library.call('verify_otp_and_complete_login', '000000')).toMatchObject({
      error: 'AuthenticationError',
    });
    expect(asked()).toEqual(['mfa/validateotp']);
    await library.result('verify_otp_and_complete_login', account.lastCode);
    expect(asked()).toEqual(['mfa/validateotp', 'mfa/genmfatkn', 'vhcllst']);
    const id = carOf(account).identity.id;
    await library.result('update_vehicle_with_cached_state', id);
  });

  test('an ordinary sign-in says that a code is wanted, and sends none', async () => {
    const { account, library, asked } = await startCanada();
    account.otpRequired = true;
    const answer = await library.call('check_and_refresh_token');
    expect(answer.error).toBe('AuthenticationOTPRequired');
    expect(asked()).toEqual(untilMethods);
    expect(account.lastCode).toBeUndefined();
  });

  test('an account without a telephone offers mail only', async () => {
    const { account, library } = await startCanada();
    account.otpRequired = true;
    account.phone = null;
    expect(await library.result('login')).toMatchObject({ has_sms: false, sms: null });
  });

  test('a remembered device needs no code for 90 days, until it is forgotten', async () => {
    const world = await startCodeFlow();
    const { account, clock, library, reopen, asked } = world;
    await library.result('send_otp', 'EMAIL');
    await library.result('verify_otp_and_complete_login', account.lastCode);
    const device = await keptDevice(world);
    asked();
    const signIn = async (token: object) => {
      await reopen(token);
      return library.call('check_and_refresh_token');
    };
    expect(await signIn(device)).toMatchObject({ result: true });
    expect(asked()).toEqual(['v2/login', 'vhcllst']);
    const refused = { error: 'AuthenticationOTPRequired' };
    expect(await signIn({ ...device, device_id: 'another' })).toMatchObject(refused);
    clock.ahead_ms = 89 * day_ms;
    expect(await signIn(device)).toMatchObject({ result: true });
    clock.ahead_ms = 91 * day_ms;
    expect(await signIn(device)).toMatchObject(refused);
    clock.ahead_ms = 0;
    expect(await signIn(device)).toMatchObject({ result: true });
    account.forgetDevices();
    expect(await signIn(device)).toMatchObject(refused);
  });

  test('a request for a code runs out, and so does the code', async () => {
    const { account, clock, library } = await startCodeFlow();
    await library.result('send_otp', 'EMAIL');
    clock.ahead_ms += account.codes.lifetime_s * 1000;
    const late = await library.call('verify_otp_and_complete_login', account.lastCode);
    expect(late).toMatchObject({ error: 'AuthenticationError' });
    expect(late.text).toContain('not valid');
    expect(await library.call('send_otp', 'EMAIL')).toMatchObject({ error: 'APIError' });
    await library.result('login');
    await library.result('send_otp', 'EMAIL');
    await library.result('verify_otp_and_complete_login', account.lastCode);
  });

  test('the code before the last one is void', async () => {
    const { account, library } = await startCodeFlow();
    await library.result('send_otp', 'EMAIL');
    const before = account.lastCode;
    await library.result('send_otp', 'EMAIL');
    const verify = (code: string | undefined) =>
      library.call('verify_otp_and_complete_login', code);
    expect((await verify(before)).error).toBe('AuthenticationError');
    expect(await verify(account.lastCode)).toMatchObject({ result: null });
  });

  test('a code is bound to the device that asked for it, which is remembered on request only', async () => {
    const { cloud, account } = await startCanada();
    account.otpRequired = true;
    const post = async (path: string, body: object, deviceid = 'DEVICE') => {
      const url = `https://kiaconnect.ca/tods/api/${path}`;
      const userAccount = owner.username;
      const headers = { deviceid };
      const { json } = await ask(cloud, url, {
        method: 'POST',
        headers,
        body: { userAccount, ...body },
      });
      return { result: at(json, 'result'), code: textAt(json, 'error', 'errorCode') };
    };
    const { result: offered } = await post('mfa/selverifmeth', {});
    const userInfoUuid = textAt(offered, 'userInfoUuid');
    const send = { otpMethod: 'E', userInfoUuid };
    expect(await post('mfa/sendotp', send, 'OTHER')).toMatchObject({ code: '7445' });
    const { result: sent } = await post('mfa/sendotp', send);
    const code = { otpNo: account.lastCode, otpKey: textAt(sent, 'otpKey') };
    expect(await post('mfa/validateotp', code, 'OTHER')).toMatchObject({ code: '7549' });
    const { result: verified } = await post('mfa/validateotp', code);
    const otpValidationKey = textAt(verified, 'otpValidationKey');
    const finish = { otpValidationKey, mfaYn: 'N' };
    expect(await post('mfa/genmfatkn', finish, 'OTHER')).toMatchObject({ code: '7549' });
    const { result: finished } = await post('mfa/genmfatkn', finish);
    expect(textAt(finished, 'token', 'accessToken')).not.toBe('');
    expect(await post('mfa/genmfatkn', finish)).toMatchObject({ code: '7549' });
    const login = { loginId: owner.username, password: owner.password };
    expect(await post('v2/login', login)).toMatchObject({ code: '7110' });
  });

  test.each([
    { what: 'a wrong password', change: { password: 'changed' }, text: 'Wrong username' },
    { what: 'a locked account', change: { locked: true }, text: 'locked' },
  ])('$what is refused', async ({ change, text }) => {
    const { account, library, asked } = await startCanada();
    Object.assign(account, change);
    const answer = await library.call('check_and_refresh_token');
    expect(answer.error).toBe('AuthenticationError');
    expect(answer.text).toContain(text);
    expect(asked()).toEqual(['v2/login']);
  });

  test('without a device id nobody signs in', async () => {
    const { cloud } = await startCanada();
    const answer = await ask(cloud, 'https://kiaconnect.ca/tods/api/v2/login', {
      method: 'POST',
      body: { loginId: owner.username, password: owner.password },
    });
    expect(textAt(answer.json, 'error', 'errorCode')).toBe('7710');
  });

  test.skipIf(hasOldLibrary)('the page of Cloudflare in place of a sign-in', async () => {
    const { cloud, library } = await startCanada();
    cloud.fault({ operation: 'sign_in', effect: { is: 'reply', reply: cloudflareBlock } });
    const answer = await library.call('check_and_refresh_token');
    expect(answer.error).toBe('APIError');
    expect(answer.text).toMatch(/HTTP 403, server=cloudflare, cf-ray=[0-9a-f]+-YYZ/);
  });
});
