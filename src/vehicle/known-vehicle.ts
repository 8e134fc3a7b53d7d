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
  /** False once the account no longer lists it. */
  readonly present: boolean;
}

/**
 * The known cars after an account has listed some. A car that was known keeps its topic id, unless the
 * configuration now names an alias: USA Kia tells a VIN only later.
 */
export function mergeVehicles(
  known: readonly KnownVehicle[],
  listed: readonly ListedVehicle[],
  settings: Readonly<Record<string, VehicleSettings>>,
): KnownVehicle[] {
  const listedIds = new Set(listed.map((car) => car.id));
  const before = new Map(known.map((car) => [car.listed.id, car]));
  const gone = known
    .filter((car) => !listedIds.has(car.listed.id))
    .map((car) => ({ ...car, present: false }));
  const present = listed.map((car) => {
    const old = before.get(car.id);
    const merged = { ...car, vin: car.vin ?? old?.listed.vin ?? null };
    return describe(merged, old?.topic_id, settingsOf(merged, settings));
  });
  return [...present, ...gone];
}

/** The same cars under a configuration that may have changed since they were stored. */
export function applySettings(
  known: readonly KnownVehicle[],
  settings: Readonly<Record<string, VehicleSettings>>,
): KnownVehicle[] {
  return known.map((car) => ({
    ...describe(car.listed, car.topic_id, settingsOf(car.listed, settings)),
    present: car.present,
  }));
}

/** Whether this is how somebody may call the car: its topic id, the VIN in any case, or the vendor's id. */
export function isCalled(car: KnownVehicle, id: string): boolean {
  return (
    car.topic_id === id ||
    car.listed.vin?.toLowerCase() === id.toLowerCase() ||
    car.listed.id === id
  );
}

function describe(
  listed: ListedVehicle,
  fixedId: string | undefined,
  settings: VehicleSettings | undefined,
): KnownVehicle {
  return {
    topic_id: settings?.alias ?? fixedId ?? topicIdOf(listed),
    listed,
    name: settings?.name ?? settings?.alias ?? listed.name,
    enabled: settings?.enabled ?? true,
    present: true,
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
