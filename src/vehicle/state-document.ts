import type { KnownVehicle } from './known-vehicle.js';
import type { NewestCommand, StateDocument, VehicleReport } from './state.js';

/** What was last read of a car. */
export interface LastReading {
  readonly report: VehicleReport;
  readonly polled_at: string;
  readonly source: 'cached' | 'force';
}

/**
 * The newer of two readings. What is published never goes back: a reading older than the one held changes nothing
 * but the time of the poll, and a position or odometer that a read leaves out is kept.
 */
export function newerReading(held: LastReading | undefined, read: LastReading): LastReading {
  if (held === undefined) return read;
  const polled_at = later(held.polled_at, read.polled_at) ?? read.polled_at;
  if (isOlder(read.report.reported_at, held.report.reported_at)) return { ...held, polled_at };
  const sameReport = read.report.reported_at === held.report.reported_at;
  return {
    polled_at,
    // A cached read that shows what a wake brought does not take that away.
    source: sameReport && held.source === 'force' ? 'force' : read.source,
    report: {
      ...read.report,
      reported_at: read.report.reported_at ?? held.report.reported_at,
      vin: read.report.vin ?? held.report.vin,
      location: newerLocation(held.report.location, read.report.location),
      odometer_km: read.report.odometer_km ?? held.report.odometer_km,
    },
  };
}

/** The state document of a car (contract, section 5). */
export function stateDocument(
  car: KnownVehicle,
  reading: LastReading,
  command: NewestCommand,
  stale: boolean,
): StateDocument {
  const { report, polled_at, source } = reading;
  return {
    schema: 1,
    id: car.topic_id,
    name: car.name,
    ...report,
    vin: report.vin ?? car.listed.vin?.toUpperCase() ?? null,
    brand: report.brand ?? car.listed.brand,
    model: report.model ?? car.listed.model,
    year: report.year ?? car.listed.year,
    drivetrain: report.drivetrain ?? car.listed.drivetrain,
    polled_at,
    source,
    stale,
    command,
  };
}

export const idle: NewestCommand = { state: 'idle', id: null, command: null, code: null, at: null };

type Location = VehicleReport['location'];

function newerLocation(held: Location, read: Location): Location {
  if (read.latitude === null) return held;
  return isOlder(read.at, held.at) ? held : read;
}

function isOlder(one: string | null, other: string | null): boolean {
  return one !== null && other !== null && Date.parse(one) < Date.parse(other);
}

function later(one: string, other: string): string | undefined {
  return Date.parse(one) > Date.parse(other) ? one : other;
}
