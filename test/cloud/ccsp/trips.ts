import type { SimulatedCar } from '../../../src/vehicle/simulated-car.js';
import { tripsOf } from '../../../src/vehicle/simulated-trips.js';
import type { TripDay } from '../../../src/vehicle/trips.js';
import { type CloudRequest, at, textAt } from '../wire.js';

type Trip = NonNullable<TripDay['list']>[number];

/** How a region tells the trips of a day. */
export type TripWords = (trip: Trip, date: string) => object;

const compact = (text: string): string => text.replace(/\D/g, '');

/** What is said of a trip, of a day and of a month alike. */
function driven(of: Omit<Trip, 'start'>) {
  return {
    tripDrvTime: of.drive_min,
    tripIdleTime: of.idle_min,
    tripDist: of.distance_km,
    tripAvgSpeed: of.average_kmh,
    tripMaxSpeed: of.max_kmh,
  };
}

/** A trip with all that is known of it. */
export const wholeTrip: TripWords = (trip) => ({
  tripTime: compact(trip.start),
  ...driven(trip),
});

const numberOf = ({ start }: Trip): string => `trip-${compact(start)}`;

/** India tells begin and end; the rest is asked for trip by trip. */
export const tripWithDetail: TripWords = (trip, date) => {
  const start = Date.parse(`${date}T${trip.start}Z`);
  const end = start + ((trip.drive_min ?? 0) + (trip.idle_min ?? 0)) * 60_000;
  const shown = (time: number) => compact(new Date(time).toISOString().slice(0, 19));
  return { serviceTID: numberOf(trip), tripStartTime: shown(start), tripEndTime: shown(end) };
};

/** `20240131` or `202401` as the calendar writes it. */
function dashed(text: string): string {
  return [text.slice(0, 4), text.slice(4, 6), text.slice(6, 8)].filter((one) => one).join('-');
}

function daysOf(car: SimulatedCar, period: string): readonly TripDay[] {
  return /^\d{6}(\d{2})?$/.test(period) ? tripsOf(car.identity, dashed(period), car.live().at) : [];
}

/** The reply of `tripinfo`: a month with its days, or a day with its trips. */
export function tripInfo(words: TripWords) {
  return (car: SimulatedCar, { body }: CloudRequest): object =>
    at(body, 'tripPeriodType') === 0
      ? monthInfo(daysOf(car, textAt(body, 'setTripMonth')))
      : { dayTripList: daysOf(car, textAt(body, 'setTripDay')).map((day) => dayInfo(day, words)) };
}

function monthInfo(days: readonly TripDay[]): object {
  const sum = (of: (day: TripDay) => number | null): number =>
    days.reduce((total, day) => total + (of(day) ?? 0), 0);
  const drive_min = sum((day) => day.drive_min);
  const distance_km = sum((day) => day.distance_km);
  return {
    monthTripDayCnt: days.length,
    ...driven({
      drive_min,
      idle_min: sum((day) => day.idle_min),
      distance_km,
      average_kmh: drive_min === 0 ? 0 : Math.round((distance_km / drive_min) * 60),
      max_kmh: Math.max(0, ...days.map(({ max_kmh }) => max_kmh ?? 0)),
    }),
    tripDayList: days.map(({ date, trips }) => ({
      tripDayInMonth: compact(date),
      tripCntDay: trips,
    })),
  };
}

function dayInfo(day: TripDay, words: TripWords): object {
  const trips = (day.list ?? []).map((trip) => words(trip, day.date));
  return { tripCntDay: day.trips, ...driven(day), tripList: trips };
}

/** The reply of `tripinfo/detail`. */
export function tripDetail(car: SimulatedCar, { body }: CloudRequest): object | undefined {
  const trip = daysOf(car, textAt(body, 'setTripDay'))
    .flatMap(({ list }) => list ?? [])
    .find((one) => numberOf(one) === textAt(body, 'setServiceTID'));
  return trip === undefined ? undefined : { tripInfo: driven(trip) };
}
