import {
  type ClimateOfCar,
  type CommandHome,
  allSeats,
  charging,
  duration,
  hazards,
  offered,
  seatSetPoints,
} from './homes.js';
import { describeCommands } from './suite.js';

const climate: ClimateOfCar = {
  range: { min: 62, max: 82, step: 1, unit: '°F' },
  mild: { told: 68, heard_c: 20 },
  warm: { told: 77, heard_c: 25 },
  longest_min: 30,
  hasWheelLevels: false,
  seats: allSeats,
  seatsNotNamed: 'off',
};

const hyundai: CommandHome = {
  name: 'usa-hyundai',
  region: 'usa',
  brand: 'hyundai',
  add: (cloud, credentials) => cloud.accounts.usaHyundai(credentials),
  // After these nobody is asked a second time, and there is nothing to see.
  confirmedBy: (command) => (hazards.includes(command) ? 'nothing' : 'action_status'),
  drivesKept: 8,
  cars: [
    {
      title: 'electric',
      index: 0,
      offered: offered(duration, seatSetPoints, charging, hazards, 'trips'),
      climate,
    },
    // These are told neither how to charge nor what they have driven.
    {
      title: 'plug-in hybrid',
      index: 1,
      offered: offered(duration, seatSetPoints, hazards),
      climate,
    },
    {
      title: 'with an engine',
      index: 3,
      offered: offered(duration, seatSetPoints, hazards),
      climate,
    },
  ],
};

const withWheel = { ...climate, hasWheelLevels: true };

const kia: CommandHome = {
  name: 'usa-kia',
  region: 'usa',
  brand: 'kia',
  add: (cloud, credentials) => cloud.accounts.usaKia(credentials),
  // That nothing is pending any more is no news of the car.
  confirmedBy: () => 'state',
  cars: [
    {
      title: 'electric',
      index: 0,
      offered: offered(duration, seatSetPoints, charging),
      climate: withWheel,
    },
    {
      title: 'with an engine',
      index: 3,
      offered: offered(duration, seatSetPoints),
      climate: withWheel,
    },
  ],
};

describeCommands('every command in the USA', [hyundai, kia]);
