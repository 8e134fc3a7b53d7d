import { describeRegions } from './region-suite.js';
import { type RegionWorld, withLifetime } from './region-world.js';

const hyundai: RegionWorld = {
  name: 'hyundai',
  region: 'usa',
  brand: 'hyundai',
  add: (cloud, credentials) => withLifetime(cloud.accounts.usaHyundai(credentials)),
  signIn: ['sign_in'],
  renewal: ['refresh'],
  // It asks for the position again only when the car has moved.
  cached: ['cached', 'detail'],
  firstCached: ['list', 'cached', 'detail', 'detail'],
  force: ['force', 'detail', 'detail'],
};

const kia: RegionWorld = {
  name: 'kia',
  region: 'usa',
  brand: 'kia',
  add: (cloud, credentials) => ({ owner: cloud.accounts.usaKia(credentials) }),
  signIn: ['sign_in'],
  renewal: ['sign_in'],
  cached: ['cached', 'detail'],
  force: ['force', 'cached', 'detail'],
  untold: ['listed_phev'],
};

describeRegions('accounts in the USA', [
  hyundai,
  // At the servers of Hyundai, and the region by the library's number.
  { ...hyundai, name: 'genesis', regionNumber: 3, brand: 'genesis' },
  kia,
  {
    ...kia,
    name: 'kia-code',
    code: { method: 'sms', wrongFirst: true },
    byCode: ['otp', 'otp', 'otp', 'refresh'],
    renewal: ['refresh'],
    refusedTry: ['refresh'],
  },
]);
