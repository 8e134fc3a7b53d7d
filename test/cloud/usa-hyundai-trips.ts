import type { SimulatedCar } from '../../src/vehicle/simulated-car.js';
import { tripsOf } from '../../src/vehicle/simulated-trips.js';
import { miles } from './wire.js';

/** The list reaches back a few drives only. */
const kept = 8;
const day_ms = 86_400_000;
const daysBack = 14;

const seconds = (minutes: number | null) => ({ value: (minutes ?? 0) * 60, unit: 3 });
const perHour = (kmh: number | null) => ({ value: Math.round(miles(kmh ?? 0)), unit: 3 });

/** The reply of `ts/alerts/maintenance/evTripDetails`: the newest drives, the newest first. */
export function evTripDetails(car: SimulatedCar): object {
  const now = car.live().at;
  const dates = Array.from({ length: daysBack }, (_, back) =>
    new Date(now - back * day_ms).toISOString().slice(0, 10),
  );
  const newest = dates
    .flatMap((date) => tripsOf(car.identity, date, now))
    .flatMap(({ date, list }) => (list ?? []).toReversed().map((trip) => ({ date, trip })))
    .slice(0, kept);
  return {
    tripdetails: newest.map(({ date, trip }) => ({
      startdate: `${date} ${trip.start}.0`,
      // Seconds that it moved, and seconds in all.
      mileagetime: seconds(trip.drive_min),
      duration: seconds((trip.drive_min ?? 0) + (trip.idle_min ?? 0)),
      distance: Math.round(miles(trip.distance_km ?? 0)),
      avgspeed: perHour(trip.average_kmh),
      maxspeed: perHour(trip.max_kmh),
      totalused: 0,
      regen: 0,
    })),
  };
}
