import type { CarProtocol } from '../cloud/ccsp/account.js';
import type { Cloud } from '../cloud/cloud.js';
import type { CloudAccount } from '../support/library-bridge.js';
import { europe, europeCci } from './region-europe.js';
import type { RegionCredentials, RegionWorld } from './region-world.js';

/** One account in one region; cars of both protocols where there are both. */
export interface Home {
  /** The account's name in the bridge. */
  readonly name: string;
  readonly region: string;
  readonly brand: string;
  readonly add: (cloud: Cloud, credentials: RegionCredentials) => CloudAccount;
}

const usa = (brand: 'hyundai' | 'genesis'): Home => ({
  name: `usa-${brand}`,
  region: 'usa',
  brand,
  // Both are at the servers of Hyundai.
  add: (cloud, credentials) => cloud.accounts.usaHyundai(credentials),
});

const usaKia: Home = {
  name: 'usa-kia',
  region: 'usa',
  brand: 'kia',
  add: (cloud, credentials) => cloud.accounts.usaKia(credentials),
};

const canada = (brand: 'hyundai' | 'kia' | 'genesis'): Home => ({
  name: `canada-${brand}`,
  region: 'canada',
  brand,
  add: (cloud, credentials) => cloud.accounts.canada({ ...credentials, brand }),
});

const australia = (brand: 'hyundai' | 'kia' | 'genesis', protocol: CarProtocol): Home => ({
  name: `australia-${brand}`,
  region: 'australia',
  brand,
  add: (cloud, credentials) => cloud.accounts.australia({ ...credentials, brand, protocol }),
});

const newZealand: Home = {
  name: 'new-zealand',
  region: 'new-zealand',
  brand: 'kia',
  // The server of Australia.
  add: (cloud, credentials) => cloud.accounts.australia({ ...credentials, brand: 'kia' }),
};

const india = (brand: 'hyundai' | 'kia', protocol: CarProtocol): Home => ({
  name: `india-${brand}`,
  region: 'india',
  brand,
  add: (cloud, credentials) => cloud.accounts.india({ ...credentials, brand, protocol }),
});

const china = (brand: 'hyundai' | 'kia'): Home => ({
  name: `china-${brand}`,
  region: 'china',
  brand,
  add: (cloud, credentials) => cloud.accounts.china({ ...credentials, brand }),
});

const brazil: Home = {
  name: 'brazil',
  region: 'brazil',
  brand: 'hyundai',
  add: (cloud, credentials) => cloud.accounts.brazil({ ...credentials, brand: 'hyundai' }),
};

const homeIn = ({ name, region, brand, add }: RegionWorld): Home => ({
  ...{ name, region, brand },
  add: (cloud, credentials) => add(cloud, credentials).owner,
});

/** Every region and brand that the bridge is tried in. */
export const homes: readonly Home[] = [
  usa('hyundai'),
  usa('genesis'),
  usaKia,
  canada('hyundai'),
  canada('kia'),
  canada('genesis'),
  homeIn(europe('hyundai')),
  homeIn(europe('kia', 'legacy')),
  homeIn(europe('genesis')),
  homeIn(europeCci('hyundai')),
  homeIn(europeCci('kia')),
  australia('hyundai', 'legacy'),
  australia('kia', 'ccs2'),
  australia('genesis', 'ccs2'),
  newZealand,
  india('hyundai', 'legacy'),
  india('kia', 'ccs2'),
  china('hyundai'),
  china('kia'),
  brazil,
];
