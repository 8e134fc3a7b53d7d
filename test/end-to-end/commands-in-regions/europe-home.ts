import type { CommandHome } from './homes.js';
import { ccs2, ccs2Climate, confirmedBy } from './platform-home.js';

const climate = ccs2Climate(14, 31.5);

/** At the old vehicle servers, with newer cars. */
export const europeHyundai: CommandHome = {
  name: 'europe-hyundai',
  region: 'europe',
  brand: 'hyundai',
  add: (cloud, credentials) => {
    const owner = cloud.accounts.europe({ ...credentials, brand: 'hyundai' });
    owner.wakes.delay_ms = 100;
    return owner;
  },
  confirmedBy,
  cars: [ccs2.electric(climate), ccs2.plugIn(climate)],
};
