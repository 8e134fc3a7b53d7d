import { z } from 'zod';
import { duration, durationOr } from './duration.js';
import { wholeNumber } from './values.js';

export const refresh = z
  .strictObject({
    on_start: z
      .enum(['cached', 'off'])
      .default('cached')
      .describe('What is read of each car when the bridge starts.'),
    max_age: duration({ min: '1s', max: '7d' })
      .prefault('300s')
      .describe("How old the car's own report may be before `smart` wakes the car."),
  })
  .transform(({ max_age, ...rest }) => ({ ...rest, max_age_ms: max_age }));

const clockRange = /^([01]\d|2[0-3]):[0-5]\d-([01]\d|2[0-3]):[0-5]\d$/;
const quietExpected = 'off, or a range such as 22:00-07:00';

const quietHours = z
  .string({ error: quietExpected })
  .refine((text) => text === 'off' || clockRange.test(text), { error: quietExpected })
  .transform((text) => {
    const [from, to] = text.split('-');
    return from === undefined || to === undefined ? null : { from, to };
  })
  .meta({ type: '`off` or `HH:MM-HH:MM`' });

export const polling = z
  .strictObject({
    enabled: z
      .boolean()
      .default(true)
      .describe(
        'Whether the bridge reads each car by itself. The command `polling` goes before it until it changes here.',
      ),
    every: duration({ min: '5m', max: '1d' })
      .prefault('30m')
      .describe(
        'The gap between two reads of a car; longer where half of `budget.daily` would not last. The command `poll_interval` goes before it until it changes here.',
      ),
    while_charging: duration({ min: '5m', max: '1d' })
      .prefault('10m')
      .describe('The gap while the car charges; longer where the budget would not last.'),
    force_every: durationOr('never', { min: '30m', max: '30d' })
      .prefault('never')
      .describe(
        'How long a car may be silent before a poll wakes it, if the `guards` allow; more than 21h needs `guards.aux_battery_min: off`.',
      ),
    quiet_hours: quietHours
      .prefault('off')
      .describe(
        "When no polls are made, in the bridge's time zone. What people ask is done all the same.",
      ),
    stale_after: duration({ min: '1m', max: '30d' })
      .prefault('6h')
      .describe('From which age of the last read on the state says `stale`.'),
  })
  .transform(({ every, while_charging, force_every, stale_after, ...rest }) => ({
    ...rest,
    every_ms: every,
    while_charging_ms: while_charging,
    force_every_ms: force_every,
    stale_after_ms: stale_after,
  }));

const percentExpected = 'a percentage such as 20%';

const percent = z
  .string({ error: percentExpected })
  .regex(/^(?:100|\d{1,2})%$/, { error: percentExpected })
  .transform((text) => Number.parseInt(text, 10))
  .meta({ type: '0%–100%' });

export const budget = z
  .strictObject({
    daily: z
      .union([z.literal('auto'), z.int().min(1).max(1_000_000)], {
        error: 'auto or a whole number from 1 to 1000000',
      })
      .default('auto')
      .meta({
        type: '`auto` or a whole number',
        description:
          'Requests to the vendor a day (UTC) and account, for Hyundai and Genesis in the USA wakes and remote commands; polls use at most half. `auto`: what is known of the region, see [care.md](care.md#the-budget).',
      }),
    reserve: percent
      .prefault('20%')
      .describe(
        'The part that is kept for people: polls, jobs and the wakes of `smart` stop there.',
      ),
  })
  .transform(({ reserve, ...rest }) => ({ ...rest, reserve_percent: reserve }));

const level = (word: number) =>
  z
    .union([z.literal('off').transform(() => null), wholeNumber(0, 100)], {
      error: 'off or a percentage from 0 to 100, without the sign',
    })
    .prefault(word)
    .meta({ type: '`off` or 0–100' });

export const guards = z
  .strictObject({
    aux_battery_min: level(65).describe(
      'The charge of the 12 V battery (%) below which nothing but a person wakes the car; a charge that is older than a day counts as too low.',
    ),
    aux_battery_hard_min: level(50).describe("Below it a person's `force` needs `override`, too."),
    min_wake_gap: durationOr('off', { min: '1s', max: '7d' })
      .prefault('10m')
      .describe('The least time between any wake, a remote command too, and an automatic one.'),
    min_force_gap: durationOr('off', { min: '1s', max: '7d' })
      .prefault('off')
      .describe("The least time between any wake and a person's `force`; `override` passes."),
  })
  .transform(({ min_wake_gap, min_force_gap, ...rest }) => ({
    ...rest,
    min_wake_gap_ms: min_wake_gap,
    min_force_gap_ms: min_force_gap,
  }));

export const confirm = z
  .strictObject({
    poll: durationOr('auto', { min: '100ms', max: '10m' })
      .prefault('auto')
      .describe(
        "The gap between two questions whether the car has acted; `auto`: the region's own.",
      ),
    for: duration({ min: '100ms', max: '1h' }).prefault('120s').describe('How long it is asked.'),
    read_back: z
      .array(duration({ min: '100ms', max: '10m' }))
      .max(10)
      .prefault(['5s', '15s', '30s'])
      .meta({ type: 'list of durations', description: 'The gaps between the reads after that.' }),
  })
  .transform((confirm) => ({
    poll_ms: confirm.poll,
    for_ms: confirm.for,
    read_back_ms: confirm.read_back,
  }));
