import {
  type ClimateOfCar,
  type CommandHome,
  allSeats,
  charging,
  duration,
  offered,
  seatSetPoints,
} from './homes.js';

const climate: ClimateOfCar = {
  range: { min: 14, max: 31.5, step: 0.5, unit: '°C' },
  mild: { told: 20.5, heard_c: 20.5 },
  warm: { told: 25, heard_c: 25 },
  longest_min: 30,
  hasWheelLevels: false,
  seats: allSeats,
  seatsNotNamed: 'off',
};

export const canada = (brand: 'kia' | 'hyundai'): CommandHome => ({
  name: `canada-${brand}`,
  region: 'canada',
  brand,
  add: (cloud, credentials) => cloud.accounts.canada({ ...credentials, brand }),
  confirmedBy: () => 'action_status',
  cars: [
    { title: 'electric', index: 0, offered: offered(duration, seatSetPoints, charging), climate },
    { title: 'with an engine', index: 3, offered: offered(duration, seatSetPoints), climate },
  ],
});
