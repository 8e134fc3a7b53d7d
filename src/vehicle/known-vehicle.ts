import type { Capabilities } from './capability.js';
import { leavesOf } from './leaves.js';
import type { VehicleReport } from './state.js';
import type { ListedVehicle } from './task.js';

/** What the configuration says of a car. */
export interface VehicleSettings {
  readonly alias?: string;
  readonly name?: string;
  readonly enabled: boolean;
}

/** A car that its account has listed at some time. Kept for ever: its topic id never changes. */
export interface KnownVehicle {
  /** The id in topics: alias, else VIN in lower case, else the vendor's id. */
  readonly topic_id: string;
  readonly listed: ListedVehicle;
  readonly name: string | null;
  readonly enabled: boolean;
  /** Since when the account no longer lists it (epoch milliseconds); null while it does. */
  readonly gone_at: number | null;
  /** What others know the car by, whatever its topics are: fixed once it has been read, null before. */
  readonly identity: string | null;
  /** The paths of all values that it has ever told (`ev.soc`): one that is missing now may come back. */
  readonly told: readonly string[];
}

/** A list that lacks a car may be a maker's trouble of a day: only then is the car given up. */
const givenUpAfter_ms = 48 * 3_600_000;

/** Whether the car is no longer the account's, for good as far as can be known. */
export function isGivenUp({ gone_at }: KnownVehicle, now: number): boolean {
  return gone_at !== null && now - gone_at >= givenUpAfter_ms;
}

/**
 * The known cars after an account has listed some. A car that was known keeps its topic id, unless the
 * configuration now names an alias: USA Kia tells a VIN only later.
 */
export function mergeVehicles(
  known: readonly KnownVehicle[],
  listed: readonly ListedVehicle[],
  settings: Readonly<Record<string, VehicleSettings>>,
  now: number,
): KnownVehicle[] {
  const listedIds = new Set(listed.map((car) => car.id));
  const before = new Map(known.map((car) => [car.listed.id, car]));
  const gone = known
    .filter((car) => !listedIds.has(car.listed.id))
    .map((car) => ({ ...car, gone_at: car.gone_at ?? now }));
  const present = listed.map((car) => {
    const old = before.get(car.id);
    const merged = { ...car, vin: car.vin ?? old?.listed.vin ?? null };
    return describe({ ...(old ?? unread), listed: merged, gone_at: null }, settings);
  });
  return [...present, ...gone];
}

/** The same cars under a configuration that may have changed since they were stored. */
export function applySettings(
  known: readonly KnownVehicle[],
  settings: Readonly<Record<string, VehicleSettings>>,
): KnownVehicle[] {
  return known.map((car) => describe(car, settings));
}

/** The car after a reading, which can tell more than the list (USA Kia's VIN). The topic id stays what it was. */
export function learnt(
  car: KnownVehicle,
  report: VehicleReport,
  commands: Capabilities | undefined,
): KnownVehicle {
  const vin = car.listed.vin ?? report.vin;
  const told = leavesOf(report).flatMap(([path, value]) => (value === null ? [] : [path]));
  return {
    ...car,
    listed: { ...car.listed, vin, ...(commands === undefined ? {} : { commands }) },
    identity: car.identity ?? vin?.toLowerCase() ?? car.listed.id,
    told: [...new Set([...car.told, ...told])].sort(),
  };
}

/** What a car is called by. */
export interface NamedCar {
  readonly topic_id: string;
  readonly listed: Pick<ListedVehicle, 'id' | 'vin'>;
}

/** Whether this is how somebody may call the car: its topic id, the VIN in any case, or the vendor's id. */
export function isCalled(car: NamedCar, id: string): boolean {
  return (
    car.topic_id === id ||
    car.listed.vin?.toLowerCase() === id.toLowerCase() ||
    car.listed.id === id
  );
}

const unread = { topic_id: undefined, identity: null, told: [] };

/** A car as its account lists it and the configuration calls it. */
function describe(
  car: Omit<KnownVehicle, 'topic_id' | 'name' | 'enabled'> & {
    readonly topic_id: string | undefined;
  },
  all: Readonly<Record<string, VehicleSettings>>,
): KnownVehicle {
  const { listed, gone_at, identity, told } = car;
  const settings = settingsOf(listed, all);
  return {
    topic_id: settings?.alias ?? car.topic_id ?? topicIdOf(listed),
    listed,
    name: settings?.name ?? settings?.alias ?? listed.name,
    enabled: settings?.enabled ?? true,
    gone_at,
    identity,
    told,
  };
}

function settingsOf(
  car: ListedVehicle,
  settings: Readonly<Record<string, VehicleSettings>>,
): VehicleSettings | undefined {
  const entry = Object.entries(settings).find(
    ([id]) => id === car.id || id.toLowerCase() === car.vin?.toLowerCase(),
  );
  return entry?.[1];
}

function topicIdOf(car: ListedVehicle): string {
  const id = (car.vin ?? car.id)
    .toLowerCase()
    .replace(/[^a-z0-9_-]/g, '_')
    .slice(0, 64);
  return id === 'bridge' ? 'bridge_' : id;
}
