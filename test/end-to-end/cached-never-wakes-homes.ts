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

const usaHyundai: Home = {
  name: 'usa-hyundai',
  region: 'usa',
  brand: 'hyundai',
  add: (cloud, credentials) => cloud.accounts.usaHyundai(credentials),
};

const usaKia: Home = {
  name: 'usa-kia',
  region: 'usa',
  brand: 'kia',
  add: (cloud, credentials) => cloud.accounts.usaKia(credentials),
};

const canada: Home = {
  name: 'canada',
  region: 'canada',
  brand: 'genesis',
  add: (cloud, credentials) => cloud.accounts.canada({ ...credentials, brand: 'genesis' }),
};

const australia = (brand: 'hyundai' | 'genesis', protocol: CarProtocol): Home => ({
  name: `australia-${brand}`,
  region: 'australia',
  brand,
  add: (cloud, credentials) => cloud.accounts.australia({ ...credentials, brand, protocol }),
});

const india = (brand: 'hyundai' | 'kia', protocol: CarProtocol): Home => ({
  name: `india-${brand}`,
  region: 'india',
  brand,
  add: (cloud, credentials) => cloud.accounts.india({ ...credentials, brand, protocol }),
});

const china: Home = {
  name: 'china',
  region: 'china',
  brand: 'kia',
  add: (cloud, credentials) => cloud.accounts.china({ ...credentials, brand: 'kia' }),
};

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

/** Every protocol in every region; the brands that speak the same take turns. */
export const homes: readonly Home[] = [
  usaHyundai,
  usaKia,
  canada,
  homeIn(europe('hyundai')),
  homeIn(europe('kia', 'legacy')),
  homeIn(europeCci('kia')),
  australia('hyundai', 'legacy'),
  australia('genesis', 'ccs2'),
  india('hyundai', 'legacy'),
  india('kia', 'ccs2'),
  china,
  brazil,
];
