import {
  type CommandCar,
  type CommandHome,
  charging,
  duration,
  hazards,
  offered,
  seatSetPoints,
} from './homes.js';
import { ccs2Climate } from './platform-home.js';
import { describeCommands } from './suite.js';

const climate = ccs2Climate(14, 31.5);
const ofBoth = [
  ...duration,
  ...seatSetPoints,
  ...charging,
  'charging_current',
  'windows',
  ...hazards,
];
const ofHyundai = [...ofBoth, 'charge_port', 'valet_mode', 'schedule'];

/** Nobody reads there what is driven, and what the servers say of a command need not be about this one. */
const confirmedBy: CommandHome['confirmedBy'] = (command) =>
  [...hazards, 'valet_mode'].includes(command) ? 'nothing' : 'state';

function car(title: string, index: number, ...more: readonly string[]): CommandCar {
  return { title, index, offered: offered(more), climate, windowsInPairs: true };
}

/** At the new vehicle servers. */
const homes: readonly CommandHome[] = [
  {
    name: 'europe-cci-hyundai',
    region: 'europe-cci',
    brand: 'hyundai',
    add: (cloud, credentials) => cloud.accounts.europeCci({ ...credentials, brand: 'hyundai' }),
    confirmedBy,
    cars: [car('electric', 0, ...ofHyundai, 'v2l_limit'), car('plug-in hybrid', 1, ...ofHyundai)],
  },
  {
    name: 'europe-cci-kia',
    region: 'europe-cci',
    brand: 'kia',
    add: (cloud, credentials) => cloud.accounts.europeCci({ ...credentials, brand: 'kia' }),
    confirmedBy,
    // What nobody has tried yet is not sent.
    cars: [car('electric', 0, ...ofBoth)],
  },
];

describeCommands('every command at the new servers of Europe', homes);
