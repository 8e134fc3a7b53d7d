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
  /** Another name makes another owner. */
  readonly add: (cloud: Cloud, as?: string) => Owner<M>;
}

/** Cars that hear at once: how long the library waits for them is scaled down. */
function hearing(account: EuropeAccount): EuropeAccount {
  account.wakes.delay_ms = 0;
  return account;
}

function owner(username = 'driver@example.com') {
  return { username, password: 'open-sesame-7', pin: 'k7.z', cars: 1 };
}

export const kiaUsa: Home<'kia'> = {
  name: 'usa kia',
  maker: 'kia',
  region: 'usa',
  brand: 'kia',
  add: ({ accounts }, as) => accounts.usaKia(owner(as)),
};

export const hyundaiUsa: Home<'hyundai'> = {
  name: 'usa hyundai',
  maker: 'hyundai',
  region: 'usa',
  brand: 'hyundai',
  add: ({ accounts }, as) => accounts.usaHyundai(owner(as)),
};

export const canada: Home<'canada'> = {
  name: 'canada',
  maker: 'canada',
  region: 'canada',
  brand: 'kia',
  add: ({ accounts }, as) => accounts.canada({ ...owner(as), brand: 'kia' }),
};

export const australia: Home<'ccsp'> = {
  name: 'australia',
  maker: 'ccsp',
  region: 'australia',
  brand: 'hyundai',
  add: ({ accounts }, as) => accounts.australia({ ...owner(as), brand: 'hyundai' }),
};

export const australiaCcs2: Home<'ccsp'> = {
  ...australia,
  name: 'australia ccs2',
  brand: 'kia',
  add: ({ accounts }, as) => accounts.australia({ ...owner(as), brand: 'kia', protocol: 'ccs2' }),
};

export const india: Home<'ccsp'> = {
  name: 'india',
  maker: 'ccsp',
  region: 'india',
  brand: 'hyundai',
  add: ({ accounts }, as) => accounts.india({ ...owner(as), brand: 'hyundai' }),
};

export const china: Home<'ccsp'> = {
  name: 'china',
  maker: 'ccsp',
  region: 'china',
  brand: 'kia',
  add: ({ accounts }, as) => accounts.china({ ...owner(as), brand: 'kia' }),
};

export const brazil: Home<'ccsp'> = {
  name: 'brazil',
  maker: 'ccsp',
  region: 'brazil',
  brand: 'hyundai',
  add: ({ accounts }, as) => accounts.brazil({ ...owner(as), brand: 'hyundai' }),
};

export const europe: Home<'europe'> = {
  name: 'europe',
  maker: 'europe',
  region: 'europe',
  brand: 'hyundai',
  add: ({ accounts }, as) => hearing(accounts.europe({ ...owner(as), brand: 'hyundai' })),
};

export const europeLegacy: Home<'europe'> = {
  ...europe,
  name: 'europe legacy',
  brand: 'kia',
  add: ({ accounts }, as) =>
    hearing(accounts.europe({ ...owner(as), brand: 'kia', protocol: 'legacy' })),
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
