import type { Cloud, Credentials } from '../../cloud/cloud.js';
import type { PendingCommands } from '../../cloud/pending-commands.js';
import type { CloudAccount } from '../../support/library-bridge.js';

/** An account whose maker writes down what its cars carry out. */
export interface CommandOwner extends CloudAccount {
  readonly commands: PendingCommands;
}

export type ConfirmedBy = 'action_status' | 'state' | 'nothing';

/** One account in one region, with cars of different kinds. */
export interface CommandHome {
  /** The account's name in the bridge. */
  readonly name: string;
  readonly region: string;
  readonly brand: string;
  readonly add: (cloud: Cloud, credentials: Credentials & { readonly pin: string }) => CommandOwner;
  readonly cars: readonly CommandCar[];
  /** How the bridge learns here that it was done. */
  readonly confirmedBy: (command: string) => ConfirmedBy;
  /** How many drives its cloud remembers, where it does not keep them for years. */
  readonly drivesKept?: number;
}

/** A kind of car, and what is offered for it there by the reference. */
export interface CommandCar {
  readonly title: string;
  /** Which of the brand's line-up: 0 is electric, 1 a plug-in hybrid, 2 a hybrid; 3 has an engine alone. */
  readonly index: number;
  /** Every command that its `info` lists, and no other. */
  readonly offered: readonly string[];
  readonly climate: ClimateOfCar;
  /** The two halves of a schedule are sent one by one. */
  readonly takesHalves?: boolean;
  /** All four windows are told the same, and not to open a little. */
  readonly windowsAreOne?: boolean;
  /** The two windows in front are told the same, or all four are. */
  readonly windowsInPairs?: boolean;
  /** What its cloud does not tell in a read. */
  readonly untold?: readonly string[];
}

export interface ClimateOfCar {
  readonly range: {
    readonly min: number;
    readonly max: number;
    readonly step: number;
    readonly unit: '°C' | '°F';
  };
  /** Two set points in the car's unit, and what the car hears of each (°C). */
  readonly mild: SetPoint;
  readonly warm: SetPoint;
  /** The most minutes; null where no duration is sent. */
  readonly longest_min: number | null;
  readonly hasWheelLevels: boolean;
  readonly seats: readonly SeatPlace[];
  /** What becomes of a seat that nobody has named. */
  readonly seatsNotNamed: 'off' | 'as_they_are';
}

export interface SetPoint {
  readonly told: number;
  readonly heard_c: number;
}

type SeatPlace = 'front_left' | 'front_right' | 'rear_left' | 'rear_right';

export const allSeats: readonly SeatPlace[] = [
  'front_left',
  'front_right',
  'rear_left',
  'rear_right',
];

/** Everywhere; what else there is comes with the words below. */
const always = ['refresh', 'lock', 'climate', 'climate_temperature', 'climate_defrost'];

export const duration = ['climate_duration'];
export const seatSetPoints = allSeats.map((seat) => `climate_seat_${seat}`);
export const charging = ['charge', 'charge_limits', 'charge_limit_ac', 'charge_limit_dc'];
export const hazards = ['lights', 'horn'];

export function offered(...more: readonly (string | readonly string[])[]): readonly string[] {
  return [...always, ...more.flat()].toSorted();
}
