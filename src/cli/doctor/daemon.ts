import type { Config } from '../../config/schema.js';
import type { AccountReport } from '../../http/account-report.js';
import { ControlClient, ControlFault, NoDaemonError } from '../../http/control-client.js';
import { controlPath } from '../../http/control-path.js';
import type { Check, Tell } from './finding.js';

/** Whether a daemon runs on this state directory, as far as this user can see. */
export type DaemonStanding =
  | {
      readonly is: 'running';
      readonly client: ControlClient;
      readonly accounts: readonly AccountReport[];
    }
  | { readonly is: 'absent' }
  | { readonly is: 'unclear'; readonly reason: string };

/** The longest that is waited for its first answer; every other check that needs it waits as long. */
export const daemon_ms = 12_000;

export async function findDaemon(config: Config): Promise<DaemonStanding> {
  const client = new ControlClient({
    path: controlPath(config.state_dir),
    signIn_ms: config.workers.deadline_ms.sign_in,
  });
  try {
    return { is: 'running', client, accounts: await client.accounts() };
  } catch (error) {
    if (error instanceof NoDaemonError) return { is: 'absent' };
    if (error instanceof ControlFault) return { is: 'unclear', reason: error.message };
    throw error;
  }
}

export function daemonCheck(config: Config, standing: Promise<DaemonStanding>): Check {
  return {
    what: 'bridge',
    limit_ms: 2 * daemon_ms,
    look: async (tell) => {
      const daemon = await standing;
      const path = controlPath(config.state_dir);
      if (daemon.is === 'unclear') {
        const advice = 'run this as the user of the bridge or as root; else restart the bridge';
        tell('fault', daemon.reason, advice);
      } else if (daemon.is === 'absent') tell('ok', `none runs on ${config.state_dir}`);
      else await tellOfHealth(daemon.client, `runs, and answers on ${path}`, tell);
    },
  };
}

async function tellOfHealth(client: ControlClient, found: string, tell: Tell): Promise<void> {
  const restart = 'restart the bridge; if it comes back, its log says more';
  try {
    const health = await client.health();
    if (health.ok) tell('ok', found);
    else tell('fault', `${found}, but: ${health.reasons.join('; ')}`, restart);
  } catch (error) {
    if (!(error instanceof ControlFault)) throw error;
    tell('fault', error.message, restart);
  }
}
