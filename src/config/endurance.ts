import { z } from 'zod';
import { duration } from './duration.js';
import { number, wholeNumber } from './values.js';

export const breaker = z
  .strictObject({
    failures: wholeNumber(1, 100)
      .default(5)
      .describe('How many consecutive failures open the breaker.'),
    reset: duration({ min: '1s', max: '1d' })
      .prefault('60s')
      .describe('How long it stays open the first time; doubles each time.'),
    max_reset: duration({ min: '1s', max: '1d' }).prefault('30m').describe('The most it grows to.'),
  })
  .transform(({ reset, max_reset, ...rest }) => ({
    ...rest,
    reset_ms: reset,
    max_reset_ms: max_reset,
  }));

const callTime = (normal: string) => duration({ min: '1s', max: '1h' }).prefault(normal);

export const workers = z
  .strictObject({
    max: z
      .union([z.literal('auto'), wholeNumber(2, 1_000)], {
        error: 'auto or a whole number from 2 to 1000',
      })
      .default('auto')
      .meta({
        type: '`auto` or a whole number',
        description:
          'The most threads and processes of all accounts together, outside of a fleet at least one more than there are accounts; `auto`: by cores and memory. Accounts take turns where they are too many to have one each.',
      }),
    idle: duration({ min: '1s', max: '1d' })
      .prefault('10m')
      .describe('How long a thread without work stays.'),
    deadline: z
      .strictObject({
        cached: callTime('60s').describe("The time for a read of the vendor's cloud."),
        force: callTime('180s').describe('The time for waking a car and reading it.'),
        command: callTime('60s').describe('The time for sending a remote command.'),
        sign_in: callTime('180s').describe('The time for a sign-in.'),
      })
      .prefault({}),
  })
  .transform(({ idle, deadline, ...rest }) => ({ ...rest, idle_ms: idle, deadline_ms: deadline }));

export const retry = z
  .strictObject({
    initial: duration({ min: '10ms', max: '1h' }).prefault('1s').describe('The first wait.'),
    factor: number(1, 10).default(2).describe('How much each wait is longer.'),
    max: duration({ min: '10ms', max: '1d' }).prefault('60s').describe('The longest wait.'),
    jitter: number(0, 1).default(0.1).describe('The part of a wait that is left to chance.'),
  })
  .transform(({ initial, max, ...rest }) => ({ ...rest, initial_ms: initial, max_ms: max }));
