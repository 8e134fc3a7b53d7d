import { europeHyundai } from './europe-home.js';
import type { CommandHome } from './homes.js';
import { confirmedBy, legacy, legacyClimate } from './platform-home.js';
import { describeCommands } from './suite.js';

const older = legacyClimate(14, 31.5);

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
];

describeCommands('every command in Europe', homes);
