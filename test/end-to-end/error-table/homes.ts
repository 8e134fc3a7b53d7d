import type { CanadaAccount } from '../../cloud/canada-account.js';
import type { CcspAccount } from '../../cloud/ccsp/account.js';
import type { Cloud } from '../../cloud/cloud.js';
import type { EuropeAccount } from '../../cloud/europe/account.js';
import type { UsaHyundaiAccount } from '../../cloud/usa-hyundai-account.js';
import type { UsaKiaAccount } from '../../cloud/usa-kia-account.js';

interface OwnerOf {
  readonly kia: UsaKiaAccount;
  readonly hyundai: UsaHyundaiAccount;
  readonly canada: CanadaAccount;
  readonly ccsp: CcspAccount;
  readonly europe: EuropeAccount;
}

export type Maker = keyof OwnerOf;
export type Owner<M extends Maker = Maker> = OwnerOf[M];

/** Where an account of the table lives. */
export interface Home<M extends Maker = Maker> {
  readonly name: string;
  readonly maker: M;
  readonly region: string;
  readonly brand: string;
  readonly add: (cloud: Cloud) => Owner<M>;
}

/** Cars that hear at once: how long the library waits for them is scaled down. */
function hearing(account: EuropeAccount): EuropeAccount {
  account.wakes.delay_ms = 0;
  return account;
}

const owner = { username: 'driver@example.com', password: 'open-sesame-7', pin: 'k7Qz', cars: 1 };

export const kiaUsa: Home<'kia'> = {
  name: 'usa kia',
  maker: 'kia',
  region: 'usa',
  brand: 'kia',
  add: ({ accounts }) => accounts.usaKia(owner),
};

export const hyundaiUsa: Home<'hyundai'> = {
  name: 'usa hyundai',
  maker: 'hyundai',
  region: 'usa',
  brand: 'hyundai',
  add: ({ accounts }) => accounts.usaHyundai(owner),
};

export const canada: Home<'canada'> = {
  name: 'canada',
  maker: 'canada',
  region: 'canada',
  brand: 'kia',
  add: ({ accounts }) => accounts.canada({ ...owner, brand: 'kia' }),
};

export const australia: Home<'ccsp'> = {
  name: 'australia',
  maker: 'ccsp',
  region: 'australia',
  brand: 'hyundai',
  add: ({ accounts }) => accounts.australia({ ...owner, brand: 'hyundai' }),
};

export const australiaCcs2: Home<'ccsp'> = {
  ...australia,
  name: 'australia ccs2',
  brand: 'kia',
  add: ({ accounts }) => accounts.australia({ ...owner, brand: 'kia', protocol: 'ccs2' }),
};

export const india: Home<'ccsp'> = {
  name: 'india',
  maker: 'ccsp',
  region: 'india',
  brand: 'hyundai',
  add: ({ accounts }) => accounts.india({ ...owner, brand: 'hyundai' }),
};

export const china: Home<'ccsp'> = {
  name: 'china',
  maker: 'ccsp',
  region: 'china',
  brand: 'kia',
  add: ({ accounts }) => accounts.china({ ...owner, brand: 'kia' }),
};

export const brazil: Home<'ccsp'> = {
  name: 'brazil',
  maker: 'ccsp',
  region: 'brazil',
  brand: 'hyundai',
  add: ({ accounts }) => accounts.brazil({ ...owner, brand: 'hyundai' }),
};

export const europe: Home<'europe'> = {
  name: 'europe',
  maker: 'europe',
  region: 'europe',
  brand: 'hyundai',
  add: ({ accounts }) => hearing(accounts.europe({ ...owner, brand: 'hyundai' })),
};

export const europeLegacy: Home<'europe'> = {
  ...europe,
  name: 'europe legacy',
  brand: 'kia',
  add: ({ accounts }) => hearing(accounts.europe({ ...owner, brand: 'kia', protocol: 'legacy' })),
};

export const europeCci: Home<'europe'> = {
  ...europe,
  name: 'europe-cci',
  region: 'europe-cci',
};

export const homes = [
  kiaUsa,
  hyundaiUsa,
  canada,
  australia,
  australiaCcs2,
  india,
  china,
  brazil,
  europe,
  europeLegacy,
  europeCci,
] as const satisfies readonly Home[];
