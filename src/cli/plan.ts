import type { Config } from '../config/schema.js';
import { requestCosts } from '../schedule/request-costs.js';
import { budgetOf } from './bridge-options.js';
import { exitCodes, type ExitCode } from './exit-codes.js';
import { chargingOf, planOfOptions, type PlanOptions } from './plan-options.js';
import { planLines, type AccountPlan } from './plan-table.js';
import { planWeek } from './plan-week.js';
import { readConfig } from './read-config.js';

const day_ms = 86_400_000;

/** Tells what a configuration will ask of the vendor in a day. Resolves to the exit code. */
export async function plan(options: PlanOptions): Promise<ExitCode> {
  const plans = await plansOf(options);
  if (plans === undefined) return exitCodes.configuration;
  const begin = Math.floor(Date.now() / day_ms) * day_ms;
  for (const [index, account] of plans.entries()) {
    const week = await planWeek({ ...account, begin });
    if (index > 0) console.log('');
    for (const line of planLines(account, week)) console.log(line);
  }
  return exitCodes.clean;
}

async function plansOf(options: PlanOptions): Promise<AccountPlan[] | undefined> {
  if (options.config === undefined) return [planOfOptions(options)];
  const loaded = await readConfig(options.config);
  return loaded?.config.accounts.map((account) => planOfAccount(loaded.config, account, options));
}

function planOfAccount(
  config: Config,
  account: Config['accounts'][number],
  { cars, charging, drivetrain = 'ev' }: PlanOptions,
): AccountPlan {
  const [region, brand] = [String(account.region), String(account.brand)];
  return {
    name: account.name,
    cars: cars ?? carsOf(account),
    region,
    brand,
    drivetrain,
    isSimulated: account.backend === 'simulator',
    costs: requestCosts(region, brand, drivetrain),
    polling: config.polling,
    budget: budgetOf(config, account),
    guards: config.guards,
    charging_h: chargingOf(drivetrain, charging),
  };
}

/** Those that are named; nobody else knows how many there are before the vendor is asked. */
function carsOf(account: Config['accounts'][number]): number {
  if (account.backend === 'simulator') return account.simulator.vehicles;
  return Math.max(1, Object.values(account.vehicles).filter(({ enabled }) => enabled).length);
}
