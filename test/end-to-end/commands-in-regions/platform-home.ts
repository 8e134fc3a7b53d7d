import {
  type ClimateOfCar,
  type CommandCar,
  type CommandHome,
  allSeats,
  charging,
  duration,
  hazards,
  offered,
  seatSetPoints,
} from './homes.js';

/** What the platform that the makers share outside of North America confirms, it confirms by itself. */
export const confirmedBy: CommandHome['confirmedBy'] = () => 'action_status';

const withoutPlug = ['windows', hazards, 'valet_mode', 'navigation', 'trips'];
export const withPlug = [...withoutPlug, charging, 'charge_port', 'schedule'];

/** In half degrees, from the coldest set point of a region to the hottest. */
function halfDegrees(min: number, max: number) {
  return {
    range: { min, max, step: 0.5, unit: '°C' },
    mild: { told: 20.5, heard_c: 20.5 },
    warm: { told: 25, heard_c: 25 },
  } as const;
}

/** Older cars stop after ten minutes, and know of no seats. */
export function legacyClimate(min: number, max: number): ClimateOfCar {
  return {
    ...halfDegrees(min, max),
    longest_min: 10,
    hasWheelLevels: false,
    seats: [],
    seatsNotNamed: 'as_they_are',
  };
}

export function ccs2Climate(min: number, max: number): ClimateOfCar {
  return {
    ...halfDegrees(min, max),
    longest_min: 30,
    hasWheelLevels: true,
    seats: allSeats,
    seatsNotNamed: 'as_they_are',
  };
}

/** What the client does not read where a car is without CCS2. */
const unreadSchedule = ['enabled', 'climate'].map((part) => `ev.schedule.${part}`);

/** Without CCS2. */
export const legacy = {
  electric: (climate: ClimateOfCar, untold: readonly string[] = unreadSchedule): CommandCar => ({
    title: 'electric',
    index: 0,
    offered: offered(duration, withPlug.flat()),
    climate,
    untold,
  }),
  withEngine: (climate: ClimateOfCar): CommandCar => ({
    title: 'with an engine',
    index: 3,
    offered: offered(duration, withoutPlug.flat()),
    climate,
  }),
};

export const ccs2 = {
  electric: (climate: ClimateOfCar): CommandCar => ({
    title: 'electric, with CCS2',
    index: 0,
    offered: offered(duration, seatSetPoints, withPlug.flat(), 'charging_current', 'v2l_limit'),
    climate,
    takesHalves: true,
  }),
  plugIn: (climate: ClimateOfCar): CommandCar => ({
    title: 'plug-in hybrid, with CCS2',
    index: 1,
    offered: offered(duration, seatSetPoints, withPlug.flat(), 'charging_current'),
    climate,
  }),
};
