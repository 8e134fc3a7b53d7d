import { type CommandHome, duration, offered } from './homes.js';
import { confirmedBy, legacy, legacyClimate, withPlug } from './platform-home.js';
import { describeCommands } from './suite.js';

const [coldest_c, hottest_c] = [14, 29.5];
const older = legacyClimate(coldest_c, hottest_c);

/** The client reads neither there. */
const untoldInIndia = [
  'ev.port_open',
  'ev.charge_current',
  ...['enabled', 'offpeak_start', 'offpeak_end', 'offpeak_only', 'departures', 'climate'].map(
    (part) => `ev.schedule.${part}`,
  ),
];

const india: readonly CommandHome[] = [
  {
    name: 'india-hyundai',
    region: 'india',
    brand: 'hyundai',
    add: (cloud, credentials) => cloud.accounts.india({ ...credentials, brand: 'hyundai' }),
    confirmedBy,
    cars: [legacy.electric(older, untoldInIndia)],
  },
  {
    name: 'india-kia',
    region: 'india',
    brand: 'kia',
    add: (cloud, credentials) =>
      cloud.accounts.india({ ...credentials, brand: 'kia', protocol: 'ccs2' }),
    confirmedBy,
    cars: [
      {
        title: 'electric, with CCS2',
        index: 0,
        // The climate is told as to older cars, and what is kept back for others is not reported.
        offered: offered(duration, withPlug.flat(), 'charging_current'),
        climate: { ...older, longest_min: 30 },
        takesHalves: true,
        untold: untoldInIndia,
      },
    ],
  },
];

const china: CommandHome = {
  name: 'china',
  region: 'china',
  brand: 'kia',
  add: (cloud, credentials) => cloud.accounts.china({ ...credentials, brand: 'kia' }),
  confirmedBy,
  // Nobody has ever seen more than this work there.
  cars: [
    {
      title: 'electric',
      index: 0,
      offered: offered('charge', 'trips'),
      climate: { ...older, longest_min: null },
    },
  ],
};

const brazil: CommandHome = {
  name: 'brazil',
  region: 'brazil',
  brand: 'hyundai',
  add: (cloud, credentials) => cloud.accounts.brazil({ ...credentials, brand: 'hyundai' }),
  confirmedBy,
  cars: ['electric', 'plug-in hybrid'].map((title, index) => ({
    title,
    index,
    offered: offered(duration, 'climate_seat_front_left', 'windows', 'lights', 'trips'),
    windowsAreOne: true,
    climate: {
      range: { min: 17, max: 27, step: 1, unit: '°C' },
      mild: { told: 20, heard_c: 20 },
      warm: { told: 25, heard_c: 25 },
      longest_min: 30,
      hasWheelLevels: false,
      seats: ['front_left'],
      seatsNotNamed: 'as_they_are',
    },
  })),
};

describeCommands('every command in India, China and Brazil', [...india, china, brazil]);
