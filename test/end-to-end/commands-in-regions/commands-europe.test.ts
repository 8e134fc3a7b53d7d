import { europeHyundai } from './europe-home.js';
import type { CommandHome } from './homes.js';
import { ccs2, ccs2Climate, confirmedBy, legacy, legacyClimate } from './platform-home.js';
import { describeCommands } from './suite.js';

const [coldest_c, hottest_c] = [14, 31.5];
const newer = ccs2Climate(coldest_c, hottest_c);
const older = legacyClimate(coldest_c, hottest_c);

/** At the old vehicle servers. */
const homes: readonly CommandHome[] = [
  europeHyundai,
  {
    name: 'europe-kia',
    region: 'europe',
    brand: 'kia',
    add: (cloud, credentials) =>
      cloud.accounts.europe({ ...credentials, brand: 'kia', protocol: 'legacy' }),
    confirmedBy,
    // Their schedule is read there, unlike elsewhere.
    cars: [legacy.electric(older, []), legacy.withEngine(older)],
  },
  {
    name: 'europe-genesis',
    region: 'europe',
    brand: 'genesis',
    add: (cloud, credentials) => cloud.accounts.europe({ ...credentials, brand: 'genesis' }),
    confirmedBy,
    cars: [ccs2.electric(newer)],
  },
];

describeCommands('every command in Europe', homes);
