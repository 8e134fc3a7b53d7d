import type { CommandHome } from './homes.js';
import { ccs2, ccs2Climate, confirmedBy, legacy, legacyClimate } from './platform-home.js';
import { describeCommands } from './suite.js';

const [coldest_c, hottest_c] = [17, 26.5];
const older = legacyClimate(coldest_c, hottest_c);
const newer = ccs2Climate(coldest_c, hottest_c);

const homes: readonly CommandHome[] = [
  {
    name: 'australia-hyundai',
    region: 'australia',
    brand: 'hyundai',
    add: (cloud, credentials) => cloud.accounts.australia({ ...credentials, brand: 'hyundai' }),
    confirmedBy,
    cars: [legacy.electric(older)],
  },
  {
    name: 'australia-kia',
    region: 'australia',
    brand: 'kia',
    add: (cloud, credentials) =>
      cloud.accounts.australia({ ...credentials, brand: 'kia', protocol: 'ccs2' }),
    confirmedBy,
    cars: [ccs2.electric(newer), ccs2.plugIn(newer)],
  },
  {
    name: 'new-zealand',
    region: 'new-zealand',
    brand: 'kia',
    // The server of Australia.
    add: (cloud, credentials) => cloud.accounts.australia({ ...credentials, brand: 'kia' }),
    confirmedBy,
    cars: [legacy.withEngine(older)],
  },
];

describeCommands('every command in Australia and New Zealand', homes);
