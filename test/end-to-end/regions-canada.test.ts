import type { CanadaBrand } from '../cloud/canada-account.js';
import { describeRegions } from './region-suite.js';
import { type RegionWorld, withLifetime } from './region-world.js';

/** There is no refresh: each new session needs the password, and no code from a device that is remembered. */
const canada = (brand: CanadaBrand): RegionWorld => ({
  name: brand,
  region: 'canada',
  brand,
  add: (cloud, credentials) => withLifetime(cloud.accounts.canada({ ...credentials, brand })),
  // The client takes a session as over a minute early.
  shortLife_s: 69,
  signIn: ['sign_in'],
  renewal: ['sign_in'],
  // It asks for the position, which needs the PIN, only when the car has moved.
  cached: ['cached', 'detail', 'detail', 'detail'],
  firstCached: ['cached', 'detail', 'detail', 'detail', 'detail', 'detail'],
  force: ['force', 'detail', 'detail', 'detail', 'detail', 'detail'],
  untold: ['idle_target', 'phev_limits'],
});

const withCode = (brand: CanadaBrand, code: NonNullable<RegionWorld['code']>): RegionWorld => ({
  ...canada(brand),
  name: `${brand}-code`,
  signIn: ['sign_in', 'otp'],
  code,
  // One to send it, one for each that is tried, one for the session.
  byCode: ['otp', ...(code.wrongFirst === true ? (['otp'] as const) : []), 'otp', 'otp'],
});

describeRegions('accounts in Canada', [
  canada('kia'),
  canada('hyundai'),
  canada('genesis'),
  withCode('kia', { method: 'email', wrongFirst: true }),
  withCode('hyundai', { method: 'sms' }),
  withCode('genesis', { method: 'email' }),
]);
