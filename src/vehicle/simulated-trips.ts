import type { CarIdentity } from './simulated-state.js';
import type { TripDay } from './trips.js';
import { createRandom } from './simulated-identity.js';

type Trip = NonNullable<TripDay['list']>[number];

const day_ms = 86_400_000;
const mostTrips = 4;
/** Each trip of a day has a part of it to itself, so that no two overlap. */
const part_min = (24 * 60) / mostTrips;

/**
 * What a simulated car has driven in a month (days without lists) or on a day, up to `now` (epoch ms). It follows
 * from who the car is and the date alone, so that every thread and every life of the daemon tells the same.
 */
export function tripsOf(identity: CarIdentity, period: string, now: number): TripDay[] {
  const isMonth = period.length === 'yyyy-mm'.length;
  const days = isMonth ? daysOfMonth(period) : existing(period);
  return days
    .map((date) => tripDay(identity, date, now))
    .filter((day) => day !== undefined)
    .map((day) => (isMonth ? { ...day, list: null } : day));
}

function daysOfMonth(month: string): string[] {
  return Array.from(
    { length: 31 },
    (_, index) => `${month}-${String(index + 1).padStart(2, '0')}`,
  ).flatMap(existing);
}

/** No day where the calendar has none, such as the 31st of June. */
function existing(date: string): string[] {
  const at = new Date(`${date}T00:00:00Z`);
  return Number.isNaN(at.getTime()) || !at.toISOString().startsWith(date) ? [] : [date];
}

function tripDay(identity: CarIdentity, date: string, now: number): TripDay | undefined {
  const midnight = Date.parse(`${date}T00:00:00Z`);
  const random = createRandom(seedOf(identity.vin), midnight / day_ms);
  const list = Array.from({ length: mostTrips }, (_, place) => tripIn(place, random))
    .filter((trip) => trip !== undefined)
    .filter(({ ends_min }) => midnight + ends_min * 60_000 <= now)
    .map(({ trip }) => trip);
  if (list.length === 0) return undefined;
  const sum = (of: (trip: Trip) => number | null): number =>
    list.reduce((total, trip) => total + (of(trip) ?? 0), 0);
  const drive_min = sum((trip) => trip.drive_min);
  const distance_km = tenths(sum((trip) => trip.distance_km));
  return {
    date,
    trips: list.length,
    drive_min,
    idle_min: sum((trip) => trip.idle_min),
    distance_km,
    average_kmh: Math.round((distance_km / drive_min) * 60),
    max_kmh: Math.max(...list.map((trip) => trip.max_kmh ?? 0)),
    list,
  };
}

/** Half of the times the car stands. It always draws as many numbers, so that no trip depends on another one. */
function tripIn(place: number, random: () => number) {
  const [chance, delay, length, rest, pace, haste] = [
    random(),
    random(),
    random(),
    random(),
    random(),
    random(),
  ];
  if (chance < 0.5) return undefined;
  const start_s = Math.floor((place * part_min + delay * part_min * 0.5) * 60);
  const drive_min = 5 + Math.floor(length * 100);
  const idle_min = Math.floor(rest * 15);
  const average_kmh = 20 + Math.floor(pace * 80);
  const trip: Trip = {
    start: clock(start_s),
    drive_min,
    idle_min,
    distance_km: tenths((average_kmh * drive_min) / 60),
    average_kmh,
    max_kmh: average_kmh + 10 + Math.floor(haste * 40),
  };
  return { trip, ends_min: start_s / 60 + drive_min + idle_min };
}

function clock(second: number): string {
  return new Date(second * 1000).toISOString().slice(11, 19);
}

function tenths(km: number): number {
  return Math.round(km * 10) / 10;
}

function seedOf(vin: string): number {
  return Buffer.from(vin).reduce((seed, byte) => (Math.imul(seed, 31) + byte) | 0, 7);
}
