import { expect } from 'vitest';
import { tripsOf } from '../../../src/vehicle/simulated-trips.js';
import type { TripDay, TripMonth } from '../../../src/vehicle/trips.js';
import { tripMonthSchema } from '../../../src/vehicle/trips.js';
import type { Fleet, FleetCar } from './fleet.js';

type Trip = NonNullable<TripDay['list']>[number];

const day_ms = 86_400_000;

/** What a car has driven, as far as its cloud can tell. */
export function drivesOf({ home, simulated }: FleetCar): {
  readonly month: string;
  readonly days: readonly TripDay[];
} {
  const { identity } = simulated;
  const now = Date.now();
  if (home.drivesKept === undefined) {
    const month = '2024-05';
    const days = tripsOf(identity, month, now).flatMap(({ date }) => tripsOf(identity, date, now));
    return { month, days };
  }
  const newest = Array.from({ length: 14 }, (_, back) =>
    new Date(now - back * day_ms).toISOString().slice(0, 10),
  )
    .flatMap((date) => tripsOf(identity, date, now))
    .flatMap(({ date, list }) => (list ?? []).toReversed().map(({ start }) => ({ date, start })))
    .slice(0, home.drivesKept);
  const month = newest[0]?.date.slice(0, 7) ?? expect.unreachable('nothing was driven');
  const dates = [...new Set(newest.map(({ date }) => date))].filter((date) =>
    date.startsWith(month),
  );
  const days = dates.toSorted().map((date) => {
    const starts = newest.filter((one) => one.date === date).map(({ start }) => start);
    const [day] = tripsOf(identity, date, now);
    const list = (day?.list ?? []).filter(({ start }) => starts.includes(start));
    return { ...(day ?? expect.unreachable('no such day')), trips: list.length, list };
  });
  return { month, days };
}

/** The document that a read of trips has left. */
export async function tripsAfter(
  { bridge, world }: Fleet,
  { topicId }: FleetCar,
  month: string,
  from: number,
): Promise<TripMonth> {
  const topic = `${bridge.base}/${topicId}/trips/${month}`;
  const found = await world.recorder.waitFor((one) => one.topic === topic, undefined, from);
  expect(found.retain).toBe(true);
  return tripMonthSchema.parse(JSON.parse(found.payload));
}

/** Fails unless the document tells of this day what the car has driven. */
export function expectDrives({ days }: TripMonth, { date, trips, list }: TripDay): void {
  const found = days.find((day) => day.date === date) ?? expect.unreachable(`nothing of ${date}`);
  const [told, driven] = [found.list ?? [], list ?? []];
  const inTime = (one: Pick<Trip, 'start' | 'drive_min'>) => [one.start, one.drive_min];
  expect(found.trips).toBe(trips);
  expect(told.map(inTime)).toEqual(driven.map(inTime));
  const differences_km = told.map(({ distance_km }, place) =>
    Math.abs((distance_km ?? NaN) - (driven[place]?.distance_km ?? NaN)),
  );
  // Some clouds count in whole miles.
  expect(Math.max(...differences_km)).toBeLessThan(1);
}
