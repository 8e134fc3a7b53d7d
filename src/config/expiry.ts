import { z } from 'zod';
import type { ExpiryKey } from '../vehicle/command.js';
import { duration } from './duration.js';

/**
 * How long a command may wait before it starts, by its value where that has a time of its own, else by its name
 * (contract, section 3). `refresh_all` uses those of its payload.
 */
export const defaultExpiry = {
  cached: '600s',
  force: '300s',
  smart: '600s',
  lock: '600s',
  unlock: '60s',
  climate: '120s',
  climate_temperature: '120s',
  climate_duration: '120s',
  climate_defrost: '120s',
  climate_seat_front_left: '120s',
  climate_seat_front_right: '120s',
  climate_seat_rear_left: '120s',
  climate_seat_rear_right: '120s',
  charge: '300s',
  charge_limit_ac: '300s',
  charge_limit_dc: '300s',
  charge_limits: '300s',
  charging_current: '300s',
  charge_port: '60s',
  windows: '60s',
  lights: '60s',
  horn: '60s',
  valet_mode: '60s',
  v2l_limit: '300s',
  schedule: '300s',
  navigation: '300s',
  trips: '3600s',
} as const satisfies Record<ExpiryKey, string>;

const expiryKeys = Object.keys(defaultExpiry) as ExpiryKey[];

/** `expires_in` of a command: what the contract lets a sender ask for, too. */
const expiry = duration({ min: '1s', max: '1h' });

const entry = (key: ExpiryKey) =>
  [
    key,
    expiry.prefault(defaultExpiry[key]).describe('How long it may wait before it starts.'),
  ] as const;

type ExpiryShape = Record<ExpiryKey, ReturnType<typeof entry>[1]>;

const expiryShape = Object.fromEntries(expiryKeys.map(entry)) as ExpiryShape;

/** Milliseconds for every key, the defaults filled in. */
export const expiresIn = z.strictObject(expiryShape);
