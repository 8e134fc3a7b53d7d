import { z } from 'zod';

const limits = {
  values: z.array(z.union([z.string(), z.number(), z.boolean()])).optional(),
  min: z.number().optional(),
  max: z.number().optional(),
  step: z.number().optional(),
  unit: z.string().optional(),
};

/**
 * What a command of a car takes. A field within an object is named with dots (`seats.front_left`); one that is not
 * among `fields` is none that this car has.
 */
export const capabilitySchema = z.strictObject({
  ...limits,
  fields: z.record(z.string(), z.strictObject(limits)).optional(),
});

export type Capability = z.infer<typeof capabilitySchema>;

/** The commands that a backend tells of; what the bridge makes of them (`climate_temperature`) is none of these. */
export const vendorCommandNames = [
  'lock',
  'climate',
  'charge',
  'charge_limits',
  'charging_current',
  'charge_port',
  'windows',
  'lights',
  'horn',
  'valet_mode',
  'v2l_limit',
  'schedule',
  'navigation',
  'trips',
] as const;

export type VendorCommandName = (typeof vendorCommandNames)[number];

/** What a car can do besides being read, as its backend knows it. A command that is not named is not offered. */
export const capabilitiesSchema = z.partialRecord(z.enum(vendorCommandNames), capabilitySchema);

export type Capabilities = z.infer<typeof capabilitiesSchema>;
