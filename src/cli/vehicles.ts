import type { Config } from '../config/schema.js';
import { StoreError, type Store } from '../store/store.js';
import type { ListedVehicle } from '../vehicle/task.js';
import { StartFault } from './bridge-options.js';
import { listThroughDaemon } from './daemon-vehicles.js';
import { exitCodes, type ExitCode } from './exit-codes.js';
import { openOwnAccount } from './own-account.js';
import { openOwnStore } from './own-store.js';
import { inPlainWords } from './plain-words.js';
import { readConfig } from './read-config.js';

/** Lists the cars of each account, through the daemon where one runs, for a person who writes the configuration. */
export async function vehicles(options: {
  readonly config?: string;
  readonly json?: boolean;
}): Promise<ExitCode> {
  const read = await readConfig(options.config);
  if (read === undefined) return exitCodes.configuration;
  const listings: Listing[] = [];
  const code = await list(read.config, (account, vehicles) => {
    listings.push({ account, vehicles });
    if (options.json !== true) print({ account, vehicles });
  });
  if (options.json === true) console.log(JSON.stringify(listings, null, 2));
  return code;
}

interface Listing {
  readonly account: string;
  readonly vehicles: readonly ListedVehicle[];
}

type OnListed = (account: string, vehicles: readonly ListedVehicle[]) => void;

async function list(config: Config, onListed: OnListed): Promise<ExitCode> {
  const done = await listThroughDaemon(config, onListed);
  if (done !== undefined) return done;
  try {
    const store = await openOwnStore(config);
    try {
      return await listAll(config, store, onListed);
    } finally {
      await store.close();
    }
  } catch (error) {
    if (error instanceof StartFault) {
      console.error(error.message);
      return exitCodes.configuration;
    }
    if (!(error instanceof StoreError)) throw error;
    const question = '; is the daemon running? Then its cars are in <base>/+/info';
    console.error(config.store.engine === 'level' ? error.message + question : error.message);
    return exitCodes.crash;
  }
}

async function listAll(config: Config, store: Store, onListed: OnListed): Promise<ExitCode> {
  let code: ExitCode = exitCodes.clean;
  for (const account of config.accounts) {
    const own = await openOwnAccount(config, account, store);
    try {
      const refusal = await own.keeper.listOrSignIn();
      if (refusal === undefined) onListed(account.name, own.listed);
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

function print({ account, vehicles: cars }: Listing): void {
  console.log(`${account}: ${String(cars.length)} car(s)`);
  for (const { id, vin, name, model, year, drivetrain } of cars) {
    const words = [name, model, year, drivetrain].filter((word) => word !== null);
    console.log(`  ${vin ?? id}  ${words.join(', ')}`);
  }
}
