import { withEffects, type Belief, type Effect } from './effect.js';
import type { KnownVehicle } from './known-vehicle.js';
import type { NewestCommand, StateDocument, VehicleReport } from './state.js';

/** What was last read of a car. */
export interface LastReading {
  readonly report: VehicleReport;
  readonly polled_at: string;
  readonly source: 'cached' | 'force';
  /** What a command has made of it since. */
  readonly commanded?: readonly Belief[];
}

/**
 * The newer of two readings. What is published never goes back: a reading older than the one held changes nothing
 * but the time of the poll, and a position or odometer that a read leaves out is kept.
 */
export function newerReading(held: LastReading | undefined, read: LastReading): LastReading {
  if (held === undefined) return read;
  const polled_at = later(held.polled_at, read.polled_at) ?? read.polled_at;
  const commanded = held.commanded?.filter(({ since }) => !isNewsSince(since, read, held)) ?? [];
  if (isOlder(read.report.reported_at, held.report.reported_at)) return { ...held, polled_at };
  const sameReport = read.report.reported_at === held.report.reported_at;
  return {
    polled_at,
    // A cached read that shows what a wake brought does not take that away.
    source: sameReport && held.source === 'force' ? 'force' : read.source,
    ...(commanded.length === 0 ? {} : { commanded }),
    report: {
      ...read.report,
      reported_at: read.report.reported_at ?? held.report.reported_at,
      vin: read.report.vin ?? held.report.vin,
      location: newerLocation(held.report.location, read.report.location),
      odometer_km: read.report.odometer_km ?? held.report.odometer_km,
    },
  };
}

/** The reading after a command: what it has changed, or may have, is believed until the car reports anew. */
export function afterCommand(
  held: LastReading,
  since: number,
  effects: readonly Effect[],
): LastReading {
  const changed = new Set(effects.map(({ path }) => path));
  const before = held.commanded?.filter(({ path }) => !changed.has(path)) ?? [];
  return { ...held, commanded: [...before, ...effects.map((effect) => ({ ...effect, since }))] };
}

/** The report as it is to be believed. */
export function believed({ report, commanded }: LastReading): VehicleReport {
  return commanded === undefined ? report : withEffects(report, commanded);
}

/** The reading at this moment (epoch milliseconds): of what has ended by itself since, nobody knows any more. */
export function readingAt(reading: LastReading, now: number): LastReading {
  const { commanded } = reading;
  if (commanded === undefined) return reading;
  const isOver = ({ since, for_ms }: Belief) => for_ms !== undefined && now >= since + for_ms;
  return {
    ...reading,
    commanded: commanded.map((belief) => (isOver(belief) ? { ...belief, value: null } : belief)),
  };
}

/** Whether the car may have reported after this moment (epoch milliseconds): vendors cut times to the second. */
export function isReportedAfter(report: VehicleReport, moment: number): boolean {
  return report.reported_at !== null && Date.parse(report.reported_at) + 1000 > moment;
}

/** The state document of a car (contract, section 5). */
export function stateDocument(
  car: KnownVehicle,
  reading: LastReading,
  command: NewestCommand,
  stale: boolean,
): StateDocument {
  const { polled_at, source } = reading;
  const report = believed(reading);
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

/** Whether the car reported after this moment for certain. */
export function isReportedSince(report: VehicleReport, moment: number): boolean {
  return report.reported_at !== null && Date.parse(report.reported_at) > moment;
}

/** The same report once more is no news, even if it is of the very second. */
function isNewsSince(since: number, read: LastReading, held: LastReading): boolean {
  if (isReportedSince(read.report, since)) return true;
  const isAnother = read.source === 'force' || read.report.reported_at !== held.report.reported_at;
  return isAnother && isReportedAfter(read.report, since);
}

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
