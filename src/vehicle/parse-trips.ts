import { z } from 'zod';
import { tripLimits } from './command-limits.js';
import type { TripsCommand } from './remote-command.js';
import { monthsBetween } from './trip-months.js';

const monthExpected = { error: 'yyyy-mm' };
const month = z.string(monthExpected).regex(/^\d{4}-(0[1-9]|1[0-2])$/, monthExpected);
const day = z.iso.date({ error: 'yyyy-mm-dd' });

const fields = z.strictObject({
  /** A bare word. */
  value: z.union([month, day], { error: 'yyyy-mm or yyyy-mm-dd' }).exactOptional(),
  month: month.exactOptional(),
  day: day.exactOptional(),
  from: month.exactOptional(),
  to: month.exactOptional(),
});

type Fields = z.output<typeof fields>;

/** What `trips` may be told at this time, in epoch milliseconds. */
export function tripsFields(now: number) {
  return fields.transform((given, context): TripsCommand => {
    const command = commandOf(given);
    if (command === undefined) {
      const message = 'either month, or day, or from and to';
      context.addIssue({ code: 'custom', message, input: given });
      return z.NEVER;
    }
    for (const [field, input] of Object.entries(given)) {
      const message = faultOf(input, now);
      if (message !== undefined) {
        context.addIssue({ code: 'custom', path: [field], message, input });
      }
    }
    const { from, to } = given;
    if (from !== undefined && to !== undefined) {
      const message = rangeFault(from, to);
      if (message !== undefined) {
        context.addIssue({ code: 'custom', path: ['to'], message, input: to });
      }
    }
    return command;
  });
}

/** Undefined unless it names one period, and wholly. */
function commandOf(given: Fields): TripsCommand | undefined {
  const { value, month, day, from, to } = given;
  const named = Object.keys(given).length;
  const one = value ?? month ?? day;
  if (one !== undefined && named === 1) {
    return one.length === 'yyyy-mm'.length
      ? { name: 'trips', month: one }
      : { name: 'trips', day: one };
  }
  const isRange = from !== undefined && to !== undefined && named === 2;
  return isRange ? { name: 'trips', from, to } : undefined;
}

/** A month or a day before the first or after today: where on earth the car is does not matter. */
function faultOf(period: string, now: number): string | undefined {
  const earliest = tripLimits.first_day.slice(0, period.length);
  const latest = new Date(now + furthestEast_ms).toISOString().slice(0, period.length);
  return period < earliest || period > latest ? `${earliest} to ${latest}` : undefined;
}

const furthestEast_ms = 14 * 3_600_000;

function rangeFault(from: string, to: string): string | undefined {
  if (from > to) return `a month from ${from} on`;
  return monthsBetween(from, to).length <= tripLimits.months
    ? undefined
    : `at most ${String(tripLimits.months)} months after from`;
}
