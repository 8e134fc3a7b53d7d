import { z } from 'zod';
import { wordOf } from './parse-value.js';
import type { RemoteCommand } from './remote-command.js';
import { weekdays } from './state.js';

const flag = z.boolean({ error: 'true or false' }).exactOptional();

const timeExpected = { error: 'HH:MM or HH:MM:SS' };

/** The makers' schedules know no seconds. */
const time = z
  .string(timeExpected)
  .regex(/^([01]\d|2[0-3]):[0-5]\d(:[0-5]\d)?$/, timeExpected)
  .transform((text) => text.slice(0, 5))
  .exactOptional();

/** Each day once, in the order of the week. */
const days = z
  .array(wordOf(weekdays), { error: `list of ${weekdays.join(', ')}` })
  .transform((named) => weekdays.filter((day) => named.includes(day)))
  .exactOptional();

const departures = z
  .array(z.strictObject({ enabled: flag, days, time }), { error: 'list of departures' })
  .max(2, { error: 'at most 2 departures' })
  .exactOptional();

const climate = z
  .strictObject({
    enabled: flag,
    temperature: z.number({ error: 'number' }).exactOptional(),
    defrost: flag,
  })
  .exactOptional();

const fields = z.strictObject({
  enabled: flag,
  offpeak_start: time,
  offpeak_end: time,
  offpeak_only: flag,
  departures,
  climate,
});

export const scheduleFields = fields
  .refine(namesSomething, { error: 'at least one value of the schedule' })
  .transform((given): RemoteCommand => ({ name: 'schedule', ...given }));

/** A departure or a climate without a field changes nothing. */
function namesSomething({
  departures = [],
  climate = {},
  ...rest
}: z.output<typeof fields>): boolean {
  return [rest, climate, ...departures].some((part) => Object.keys(part).length > 0);
}
