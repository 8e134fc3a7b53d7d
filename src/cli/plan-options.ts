import { type Command, InvalidArgumentError, Option } from 'commander';
import type { z } from 'zod';
import { budget, guards, polling } from '../config/reading.js';
import { brand, region } from '../config/vendor.js';
import { vendorLimit } from '../dispatch/vendor-limits.js';
import { requestCosts } from '../schedule/request-costs.js';
import { drivetrains, type Drivetrain } from '../vehicle/state.js';
import type { AccountPlan } from './plan-table.js';

/** As they are typed, checked one by one by the schemas of the configuration. */
export interface PlanOptions {
  readonly config?: string;
  readonly cars?: number;
  readonly region?: string | number;
  readonly brand?: string | number;
  readonly drivetrain?: Drivetrain;
  readonly every?: string;
  readonly whileCharging?: string;
  readonly forceEvery?: string;
  readonly quietHours?: string;
  readonly daily?: number | 'auto';
  readonly reserve?: string;
  readonly charging?: number;
}

/** What a configuration says by itself. */
const ofConfiguration = [
  'region',
  'brand',
  'every',
  'whileCharging',
  'forceEvery',
  'quietHours',
  'daily',
  'reserve',
];
const mostCars = 100;
const usualCharging_h = 6;

export function addPlanOptions(command: Command): Command {
  const option = (flags: string, description: string, parse?: (text: string) => unknown) => {
    const one = new Option(flags, description);
    command.addOption(parse === undefined ? one : one.argParser(parse));
  };
  command.addOption(
    new Option('--config <file>', 'take all from this configuration, a table for each account')
      // In its place.
      .conflicts(ofConfiguration),
  );
  option('--cars <n>', 'how many cars the account has; 1 where it is not said', carCount);
  option('--region <name>', 'where the account is (default: europe)', (text) =>
    checked(region, numberOr(text), "a region such as europe, or the library's number"),
  );
  option('--brand <name>', 'whose account it is (default: hyundai)', (text) =>
    checked(brand, numberOr(text)),
  );
  command.addOption(
    new Option('--drivetrain <kind>', 'what drives the cars (default: ev)').choices(drivetrains),
  );
  for (const [flags, key] of pollingFlags) {
    option(flags, `polling.${key}`, (text) => {
      checked(polling, { [key]: text });
      return text;
    });
  }
  option(
    '--daily <n>',
    'budget.daily',
    (text) =>
      checked(budget, { daily: numberOr(text) }, 'auto or a whole number from 1 to 1000000').daily,
  );
  option('--reserve <percent>', 'budget.reserve', (text) => {
    checked(budget, { reserve: text });
    return text;
  });
  option('--charging <hours>', 'how long each car charges a day (default: 6)', hoursOfDay);
  return command;
}

const pollingFlags = [
  ['--every <duration>', 'every'],
  ['--while-charging <duration>', 'while_charging'],
  ['--force-every <duration>', 'force_every'],
  ['--quiet-hours <from-to>', 'quiet_hours'],
] as const;

/** What the options alone say. */
export function planOfOptions(options: PlanOptions): AccountPlan {
  const { cars = 1, drivetrain = 'ev', daily = 'auto', reserve } = options;
  const { region: here = 'europe', brand: its = 'hyundai' } = options;
  const [where, whose] = [String(here), String(its)];
  const { reserve_percent } = budget.parse({ reserve });
  return {
    name: undefined,
    cars,
    region: where,
    brand: whose,
    drivetrain,
    isSimulated: false,
    costs: requestCosts(where, whose, drivetrain),
    polling: polling.parse({
      every: options.every,
      while_charging: options.whileCharging,
      force_every: options.forceEvery,
      quiet_hours: options.quietHours,
    }),
    budget: { limit: vendorLimit(where, whose, daily), reserve_percent },
    guards: guards.parse({}),
    charging_h: chargingOf(drivetrain, options.charging),
  };
}

/** What has no plug does not charge. */
export function chargingOf(drivetrain: Drivetrain, charging = usualCharging_h): number {
  return drivetrain === 'ev' || drivetrain === 'phev' ? charging : 0;
}

/** The value as the schema reads it, or what it expects; `expected` where its own words are too narrow. */
function checked<T extends z.ZodType>(schema: T, value: unknown, expected?: string): z.output<T> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const message = expected ?? result.error.issues[0]?.message ?? 'another value';
  throw new InvalidArgumentError(`expected ${message}`);
}

function numberOr(text: string): string | number {
  return /^\d{1,9}$/.test(text) ? Number(text) : text;
}

function carCount(text: string): number {
  const count = numberOr(text);
  if (typeof count === 'number' && count >= 1 && count <= mostCars) return count;
  throw new InvalidArgumentError(`expected a whole number from 1 to ${String(mostCars)}`);
}

function hoursOfDay(text: string): number {
  const hours = /^\d{1,2}(\.\d{1,2})?$/.test(text) ? Number(text) : NaN;
  if (hours >= 0 && hours <= 24) return hours;
  throw new InvalidArgumentError('expected a number of hours from 0 to 24');
}
