import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { v7 as uuidv7 } from 'uuid';
import { createBackend } from '../backends/create-backend.js';
import type { Config } from '../config/schema.js';
import { createNews } from '../daemon/news.js';
import { createAccountStore, markOf } from '../store/account-store.js';
import { openLevelStore } from '../store/level-store.js';
import { StoreError, type Store } from '../store/store.js';
import { mergeVehicles } from '../vehicle/known-vehicle.js';
import type { ListedVehicle, Outcome, Session } from '../vehicle/task.js';
import { backendSettings, credentialsOf, identityOf, StartFault } from './bridge-options.js';
import { exitCodes, type ExitCode } from './exit-codes.js';
import { readConfig } from './read-config.js';

type AccountConfig = Config['accounts'][number];

/** Signs in to each account and lists its cars, for a person who writes the configuration. */
export async function vehicles(options: {
  readonly config?: string;
  readonly json?: boolean;
}): Promise<ExitCode> {
  const read = await readConfig(options.config);
  if (read === undefined) return exitCodes.configuration;
  try {
    await mkdir(read.config.state_dir, { recursive: true, mode: 0o700 });
    const store = await openLevelStore(join(read.config.state_dir, 'store'));
    try {
      return await listAll(read.config, store, options.json ?? false);
    } finally {
      await store.close();
    }
  } catch (error) {
    if (error instanceof StartFault) {
      console.error(error.message);
      return exitCodes.configuration;
    }
    if (!(error instanceof StoreError)) throw error;
    console.error(`${error.message}; is the daemon running? Then its cars are in <base>/+/info`);
    return exitCodes.crash;
  }
}

async function listAll(config: Config, store: Store, asJson: boolean): Promise<ExitCode> {
  let code: ExitCode = exitCodes.clean;
  const isNews = createNews();
  for (const account of config.accounts) {
    const outcome = await signIn(config, account, store, isNews);
    if (outcome.ok && outcome.result.operation === 'sign_in') {
      print(account.name, outcome.result.vehicles, asJson);
    } else if (!outcome.ok) {
      console.error(`${account.name}: ${outcome.failure.code}: ${outcome.failure.message}`);
      code = exitCodes.crash;
    }
  }
  return code;
}

/** With the kept session where there is one; what the sign-in changed is kept for the daemon. */
async function signIn(
  config: Config,
  account: AccountConfig,
  store: Store,
  isNews: (message: string) => boolean,
): Promise<Outcome> {
  const stored = createAccountStore(store, account.name);
  const kept = await stored.session();
  const identity = markOf(account.name, identityOf(account));
  const backend = createBackend(backendSettings(config, account), {
    request: () => undefined,
    process: () => undefined,
    log: ({ level, message, once }) => {
      const isTold = level === 'warn' || level === 'error';
      if (isTold && (once !== true || isNews(message))) console.error(message);
    },
  });
  try {
    const session: Session | null = kept?.identity === identity ? kept.session : null;
    const outcome = await backend.run({
      account: account.name,
      attempt: uuidv7(),
      operation: 'sign_in',
      remaining_ms: config.workers.deadline_ms.sign_in,
      session,
    });
    if (outcome.session !== undefined) {
      await stored.putSession({
        session: outcome.session,
        generation: (kept?.generation ?? 0) + 1,
        refusals: 0,
        blocked: null,
        credentials: markOf(account.name, credentialsOf(account)),
        identity,
      });
    }
    if (outcome.ok && outcome.result.operation === 'sign_in') {
      // A daemon that finds a session does not sign in, so it would never hear of the cars.
      const known = (await stored.vehicles()) ?? [];
      const cars = mergeVehicles(known, outcome.result.vehicles, account.vehicles);
      await stored.putVehicles(cars);
    }
    return outcome;
  } finally {
    await backend.close();
  }
}

function print(account: string, cars: readonly ListedVehicle[], asJson: boolean): void {
  if (asJson) {
    console.log(JSON.stringify({ account, vehicles: cars }, null, 2));
    return;
  }
  console.log(`${account}: ${String(cars.length)} car(s)`);
  for (const { id, vin, name, model, year, drivetrain } of cars) {
    const words = [name, model, year, drivetrain].filter((word) => word !== null);
    console.log(`  ${vin ?? id}  ${words.join(', ')}`);
  }
}
