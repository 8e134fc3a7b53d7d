import type { TripDay, TripMonth } from './trips.js';

/** The month `yyyy-mm` of a month or a day. */
export function monthOf(period: string): string {
  return period.slice(0, 7);
}

/** Every month from the one to the other, oldest first. */
export function monthsBetween(from: string, to: string): string[] {
  const first = monthNumber(from);
  const count = Math.max(0, monthNumber(to) - first + 1);
  return Array.from({ length: count }, (_, index) => monthNamed(first + index));
}

/** A day by the calendar of this machine, so many days before that moment. */
export function localDay(epoch_ms: number, daysBefore = 0): string {
  const at = new Date(epoch_ms);
  // At noon, where no change of the clocks moves it to another day.
  const day = new Date(at.getFullYear(), at.getMonth(), at.getDate() - daysBefore, 12);
  return [day.getFullYear(), pad(day.getMonth() + 1), pad(day.getDate())].join('-');
}

/** A month with what was read of it now: what only an earlier reading told stays. */
export function withMonth(
  held: TripMonth | undefined,
  month: string,
  read: readonly TripDay[],
  read_at: string,
): TripMonth {
  const days = new Map((held?.days ?? []).map((day) => [day.date, day]));
  for (const day of read.filter(({ date }) => monthOf(date) === month)) {
    days.set(day.date, completed(days.get(day.date), day));
  }
  return { schema: 1, month, days: [...days.values()].sort(byDate), read_at };
}

/** A month with what was read of one of its days in detail. */
export function withDay(
  held: TripMonth | undefined,
  date: string,
  read: readonly TripDay[],
  read_at: string,
): TripMonth {
  const found = read.filter((day) => day.date === date);
  if (found.length > 0) return withMonth(held, monthOf(date), found, read_at);
  // The vendor has nothing of it (any more): it has been asked, and what it once told stays.
  const days = (held?.days ?? []).map((day) =>
    day.date === date && day.list === null ? { ...day, list: [] } : day,
  );
  return { schema: 1, month: monthOf(date), days, read_at };
}

/** The driven days behind `after` whose trips are not known yet, and those from `recent` on in any case. */
export function daysToRead(month: TripMonth, after: string, recent: string): string[] {
  return month.days
    .filter((day) => day.date > after && (day.date >= recent || !isKnown(day)))
    .map(({ date }) => date);
}

/** A list that is shorter than the vendor's own count was read before the day was over. */
function isKnown({ list, trips }: TripDay): boolean {
  return list !== null && (trips === null || trips === list.length);
}

function completed(held: TripDay | undefined, read: TripDay): TripDay {
  if (held === undefined) return read;
  return {
    date: read.date,
    trips: read.trips ?? held.trips,
    drive_min: read.drive_min ?? held.drive_min,
    idle_min: read.idle_min ?? held.idle_min,
    distance_km: read.distance_km ?? held.distance_km,
    average_kmh: read.average_kmh ?? held.average_kmh,
    max_kmh: read.max_kmh ?? held.max_kmh,
    list: read.list ?? held.list,
  };
}

function byDate(one: TripDay, other: TripDay): number {
  return one.date < other.date ? -1 : 1;
}

function monthNumber(month: string): number {
  return Number(month.slice(0, 4)) * 12 + Number(month.slice(5, 7)) - 1;
}

function monthNamed(number: number): string {
  return `${String(Math.floor(number / 12)).padStart(4, '0')}-${pad((number % 12) + 1)}`;
}

function pad(number: number): string {
  return String(number).padStart(2, '0');
}
