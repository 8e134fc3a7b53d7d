import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Config } from '../config/schema.js';
import { openLevelStore } from '../store/level-store.js';
import { StoreError, type Store } from '../store/store.js';
import type { ListedVehicle } from '../vehicle/task.js';
import { StartFault } from './bridge-options.js';
import { listThroughDaemon } from './daemon-vehicles.js';
import { exitCodes, type ExitCode } from './exit-codes.js';
import { openOwnAccount } from './own-account.js';
import { inPlainWords } from './plain-words.js';
import { readConfig } from './read-config.js';

/** Lists the cars of each account, through the daemon where one runs, for a person who writes the configuration. */
export async function vehicles(options: {
  readonly config?: string;
  readonly json?: boolean;
}): Promise<ExitCode> {
  const read = await readConfig(options.config);
  if (read === undefined) return exitCodes.configuration;
  const asJson = options.json ?? false;
  const done = await listThroughDaemon(read.config, (account, cars) => {
    print(account, cars, asJson);
  });
  if (done !== undefined) return done;
  try {
    await mkdir(read.config.state_dir, { recursive: true, mode: 0o700 });
    const store = await openLevelStore(join(read.config.state_dir, 'store'));
    try {
      return await listAll(read.config, store, asJson);
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
  for (const account of config.accounts) {
    const own = await openOwnAccount(config, account, store);
    try {
      const refusal = await own.keeper.listOrSignIn();
      if (refusal === undefined) print(account.name, own.listed, asJson);
      else {
        console.error(`${account.name}: ${inPlainWords(refusal)}`);
        code = exitCodes.crash;
      }
    } finally {
      await own.close();
    }
  }
  return code;
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
