import type { CarProtocol } from '../cloud/ccsp/account.js';
import type { Cloud } from '../cloud/cloud.js';
import type { EuropeAccount, EuropeBrand } from '../cloud/europe/account.js';
import type { RegionAccount, RegionCredentials, RegionWorld } from './region-world.js';

const cached = ['cached', 'detail', 'detail', 'detail'] as const;

/** At the old vehicle servers. */
export function europe(brand: EuropeBrand, protocol: CarProtocol = 'ccs2'): RegionWorld {
  const isCcs2 = protocol === 'ccs2';
  return {
    name: `europe-${brand}`,
    region: 'europe',
    brand,
    add: (cloud, credentials) => oldServers(cloud, credentials, brand, protocol),
    signIn: [
      'register',
      'sign_in_step',
      'sign_in_step',
      'sign_in_step',
      'sign_in_step',
      'sign_in',
      'sign_in_step',
      'sign_in_step',
    ],
    // New tokens for the sign-in service, and with them one for the vehicle servers.
    renewal: ['refresh', 'refresh'],
    cached,
    force: isCcs2 ? ['force', ...cached] : ['force', 'detail', 'detail', 'detail'],
    untold: isCcs2 ? ['idle_target'] : ['woken_odometer'],
  };
}

function oldServers(
  cloud: Cloud,
  credentials: RegionCredentials,
  brand: EuropeBrand,
  protocol: CarProtocol,
): RegionAccount {
  const owner = cloud.accounts.europe({ ...credentials, brand, protocol });
  return {
    owner: withQuickCars(owner),
    setLifetime: (lifetime_s) => {
      owner.sessions.ccsTokenLifetime_s = lifetime_s;
    },
  };
}

/** At the new vehicle servers. */
export function europeCci(brand: 'hyundai' | 'kia'): RegionWorld {
  const reads = {
    hyundai: { cached, firstCached: [...cached, 'detail'] },
    kia: { cached: ['cached'] },
  } as const;
  return {
    ...reads[brand],
    name: `europe-cci-${brand}`,
    region: 'europe-cci',
    brand,
    add: (cloud, credentials) => newServers(cloud, credentials, brand),
    // The client takes a session as over in its last minute and a half.
    shortLife_s: 80,
    signIn: ['sign_in_step', 'sign_in_step', 'sign_in', 'sign_in_step', 'sign_in_step', 'register'],
    renewal: ['refresh', 'refresh'],
    // The wake is only taken: the car is read until it shows.
    force: ['force', ...reads[brand].cached],
    untold: ['idle_target'],
  };
}

function newServers(
  cloud: Cloud,
  credentials: RegionCredentials,
  brand: 'hyundai' | 'kia',
): RegionAccount {
  const owner = cloud.accounts.europeCci({ ...credentials, brand });
  return {
    owner: withQuickCars(owner),
    setLifetime: (lifetime_s) => {
      owner.sessions.ccsTokenLifetime_s = lifetime_s;
      owner.sessions.cciTokenLifetime_s = lifetime_s;
    },
  };
}

function withQuickCars(owner: EuropeAccount): EuropeAccount {
  owner.wakes.delay_ms = 100;
  return owner;
}
