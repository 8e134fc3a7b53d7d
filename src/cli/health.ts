import { ControlClient, ControlFault } from '../http/control-client.js';
import { controlPath } from '../http/control-path.js';
import { exitCodes, type ExitCode } from './exit-codes.js';
import { readConfig } from './read-config.js';

/** Asks the running daemon whether it does its work: clean where it does. */
export async function health(options: { readonly config?: string }): Promise<ExitCode> {
  const read = await readConfig(options.config);
  if (read === undefined) return exitCodes.configuration;
  const { state_dir, workers } = read.config;
  const client = new ControlClient({
    path: controlPath(state_dir),
    signIn_ms: workers.deadline_ms.sign_in,
  });
  try {
    const found = await client.health();
    if (found.ok) {
      console.log('ok');
      return exitCodes.clean;
    }
    for (const reason of found.reasons) console.error(reason);
  } catch (error) {
    if (!(error instanceof ControlFault)) throw error;
    console.error(error.message);
  }
  return exitCodes.crash;
}
