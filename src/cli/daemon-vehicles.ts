import type { Config } from '../config/schema.js';
import type { AccountReport } from '../http/account-report.js';
import { ControlClient, ControlFault, NoDaemonError } from '../http/control-client.js';
import { controlPath } from '../http/control-path.js';
import type { ListedVehicle } from '../vehicle/task.js';
import { exitCodes, type ExitCode } from './exit-codes.js';
import { inPlainWords } from './plain-words.js';

type Print = (account: string, cars: readonly ListedVehicle[]) => void;

/** Has the running daemon list the cars of each account anew. Undefined where no daemon runs. */
export async function listThroughDaemon(
  config: Config,
  print: Print,
): Promise<ExitCode | undefined> {
  const client = new ControlClient({
    path: controlPath(config.state_dir),
    signIn_ms: config.workers.deadline_ms.sign_in,
  });
  try {
    let code: ExitCode = exitCodes.clean;
    for (const { name } of await client.accounts()) {
      const listed = await client.list(name);
      const reason = listed.ok ? listed.value.reason : listed.failure;
      if (listed.ok && reason === null) print(name, carsOf(listed.value));
      if (reason === null) continue;
      console.error(`${name}: ${inPlainWords(reason)}`);
      code = exitCodes.crash;
    }
    return code;
  } catch (error) {
    if (error instanceof NoDaemonError) return undefined;
    if (!(error instanceof ControlFault)) throw error;
    console.error(error.message);
    return exitCodes.crash;
  }
}

/** As an account lists them when no daemon runs: without the topic id. */
function carsOf({ vehicles }: AccountReport): ListedVehicle[] {
  return vehicles.map(({ vehicle: _, ...listed }) => listed);
}
