/** A part of the day in the bridge's time zone; from `22:00` to `07:00` goes over midnight, equal ends are none. */
export interface QuietHours {
  /** `HH:MM`. */
  readonly from: string;
  readonly to: string;
}

const minute_ms = 60_000;

/** When the quiet hours in which this moment lies end (both epoch milliseconds); undefined outside of them. */
export function quietUntil({ from, to }: QuietHours, at: number): number | undefined {
  const [begin, end] = [minutesOf(from), minutesOf(to)];
  const date = new Date(at);
  const minute = date.getHours() * 60 + date.getMinutes();
  const isOverMidnight = begin > end;
  const isQuiet = isOverMidnight
    ? minute >= begin || minute < end
    : minute >= begin && minute < end;
  if (!isQuiet) return undefined;
  const isTomorrow = minute >= end;
  const sinceMinute_ms = date.getSeconds() * 1000 + date.getMilliseconds();
  // By the date, not by adding hours: clocks change at night.
  date.setDate(date.getDate() + (isTomorrow ? 1 : 0));
  date.setHours(Math.floor(end / 60), end % 60, 0, 0);
  // When clocks are set back an hour comes twice, and the date alone names the first of them.
  return date.getTime() > at ? date.getTime() : at - sinceMinute_ms + (end - minute) * minute_ms;
}

function minutesOf(time: string): number {
  const [hours = 0, minutes = 0] = time.split(':').map(Number);
  return hours * 60 + minutes;
}
