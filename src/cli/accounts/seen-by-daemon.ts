import { setTimeout as pause } from 'node:timers/promises';
import type { Config } from '../../config/schema.js';
import type { AccountReport } from '../../http/account-report.js';
import { ControlClient, ControlFault, NoDaemonError } from '../../http/control-client.js';
import { controlPath } from '../../http/control-path.js';

const look_ms = 250;
const patience_ms = 10_000;

/** What the running daemon says of its accounts; undefined where none runs. */
export async function reportsOf(config: Config): Promise<readonly AccountReport[] | undefined> {
  const client = new ControlClient({
    path: controlPath(config.state_dir),
    signIn_ms: config.workers.deadline_ms.sign_in,
  });
  try {
    return await client.accounts();
  } catch (error) {
    if (error instanceof NoDaemonError) return undefined;
    throw error;
  }
}

/** Waits until the running daemon has this account, or has it no longer. */
export async function untilDaemonHas(
  config: Config,
  name: string,
  isWanted: boolean,
): Promise<'done' | 'no daemon' | 'not yet'> {
  const end = performance.now() + patience_ms;
  for (;;) {
    const reports = await reportsUnlessBusy(config);
    if (reports === undefined) return 'no daemon';
    if (reports.some((one) => one.name === name) === isWanted) return 'done';
    if (performance.now() > end) return 'not yet';
    await pause(look_ms);
  }
}

/** A daemon that does not answer now may do so the next time: it has what it has. */
async function reportsUnlessBusy(config: Config): Promise<readonly { name: string }[] | undefined> {
  try {
    return await reportsOf(config);
  } catch (error) {
    if (error instanceof ControlFault) return [];
    throw error;
  }
}
