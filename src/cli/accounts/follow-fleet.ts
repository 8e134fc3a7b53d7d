import { isDeepStrictEqual } from 'node:util';
import type { AccountConfig } from '../../config/accounts.js';
import { KnownAccounts } from '../../config/known-accounts.js';
import type { Logger } from '../../daemon/logger.js';
import type { AccountList } from '../../fleet/account-list.js';
import type { StoredAccount } from '../../fleet/stored-account.js';
import { fleetAccount } from './fleet-account.js';

export interface FollowFleetOptions {
  readonly list: Pick<AccountList, 'watch'>;
  /** The accounts of the configuration itself, those that are switched off among them. */
  readonly fixed: readonly AccountConfig[];
  /** All accounts that are to run now, the fixed ones among them; the first time as soon as they are known. */
  readonly onChange: (accounts: readonly AccountConfig[]) => void;
  readonly log: Logger;
}

export interface FleetFollower {
  stop(): void;
}

/**
 * Tells of the accounts of the fleet as they come, change and go. One that has a fault, or does not go with the others,
 * stays as it was, and is warned of once for each new fault.
 */
export function followFleet({ list, fixed, onChange, log }: FollowFleetOptions): FleetFollower {
  const known = new KnownAccounts(fixed);
  const revisions = new Map<string, number>();
  const warned = new Map<string, string>();
  let told: readonly AccountConfig[] | undefined;
  let isStopped = false;
  /** One after the other: the later list is the newer one. */
  let work: Promise<void> = Promise.resolve();

  function warn(name: string, message: string): void {
    if (warned.get(name) === message) return;
    warned.set(name, message);
    log.warn({ account: name }, message);
  }

  async function take(stored: readonly StoredAccount[]): Promise<void> {
    const names = new Set(stored.map(({ name }) => name));
    known.remove(known.written.filter((name) => !names.has(name)));
    for (const name of [...revisions.keys()].filter((one) => !names.has(one)))
      revisions.delete(name);
    const changed = stored.filter(({ name, revision }) => revisions.get(name) !== revision);
    const written = await Promise.all(changed.map(fleetAccount));
    for (const { name, revision } of changed) revisions.set(name, revision);
    for (const { name, faults } of written) {
      const [fault] = faults;
      if (fault === undefined) warned.delete(name);
      else warn(name, `${fault.message}; the account stays as it was`);
    }
    for (const { name, message } of await known.take(written))
      warn(name, `${message}; the account stays as it was`);
    const { enabled } = known;
    if (isStopped || isDeepStrictEqual(enabled, told)) return;
    told = enabled;
    onChange(enabled);
  }

  const watch = list.watch({
    log,
    onChange: (stored) => {
      work = work
        .then(() => take(stored))
        .catch((err: unknown) => {
          log.error({ err }, 'the accounts of the fleet could not be taken over');
        });
    },
  });
  return {
    stop() {
      isStopped = true;
      watch.stop();
    },
  };
}
