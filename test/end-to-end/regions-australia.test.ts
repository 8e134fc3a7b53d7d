import { describeRegions } from './region-suite.js';
import { type RegionCredentials, type RegionWorld, withLifetime } from './region-world.js';
import type { Cloud } from '../cloud/cloud.js';

const australia = {
  region: 'australia',
  signIn: ['register', 'sign_in_step', 'sign_in', 'sign_in_step'],
  renewal: ['refresh'],
  cached: ['cached', 'detail', 'detail', 'detail'],
  force: ['force', 'detail', 'detail', 'detail'],
} as const;

/** What a car without CCS2 answers to a wake, the client cannot read: it is read back. */
const legacyForce = [...australia.force, ...australia.cached] as const;

const at =
  (brand: 'hyundai' | 'kia' | 'genesis', protocol: 'legacy' | 'ccs2') =>
  (cloud: Cloud, credentials: RegionCredentials) =>
    withLifetime(cloud.accounts.australia({ ...credentials, brand, protocol }));

const worlds: readonly RegionWorld[] = [
  {
    ...australia,
    name: 'hyundai',
    brand: 'hyundai',
    add: at('hyundai', 'legacy'),
    force: legacyForce,
  },
  { ...australia, name: 'kia', brand: 'kia', add: at('kia', 'ccs2'), untold: ['idle_target'] },
  {
    ...australia,
    name: 'genesis',
    brand: 'genesis',
    add: at('genesis', 'ccs2'),
    untold: ['idle_target'],
  },
];

describeRegions('accounts in Australia', worlds);
