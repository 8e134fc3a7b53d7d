import type { Logger } from '../daemon/logger.js';
import type { CodeStep } from '../vehicle/bridge-command.js';
import { firstKnown, type Cancelled } from '../vehicle/cancelled.js';
import { failure, type Failure } from '../vehicle/outcome.js';
import { accountMethods, type FleetRefreshable } from './account-methods.js';
import { CallError } from './call-error.js';
import type { CallMethod } from './call-wire.js';
import type { Directory } from './directory.js';
import { RemoteAccount, type RemoteAccountOptions } from './remote-account.js';

export { serveAccountCalls } from './account-methods.js';

export interface FleetAccountsOptions extends RemoteAccountOptions {
  readonly directory: Pick<Directory, 'carsOf' | 'unlisted'>;
  /** The instances that are there now, this one among them. */
  readonly instances: () => readonly string[];
  readonly log: Logger;
}

const answer_ms = 5000;
const signIn_ms = 300_000;
const watch_ms = 5000;

/** The accounts of the whole fleet, as the commands to the bridge need them. Nothing rejects. */
export function createFleetAccounts(options: FleetAccountsOptions) {
  const { calls, directory, accountNames, instances, ownerOf, log } = options;
  const remote = new Map<string, RemoteAccount>();

  async function askAll<P, R>(method: CallMethod<P, R>, params: P): Promise<R[]> {
    const told = await calls.askAll(instances(), method, params, { timeout_ms: answer_ms });
    const silent = [...told].flatMap(([name, answer]) => (answer === undefined ? [name] : []));
    if (silent.length > 0) log.warn({ instances: silent, what: method.name }, 'no answer');
    return [...told.values()].filter((answer) => answer !== undefined);
  }

  function refreshable(): readonly FleetRefreshable[] {
    const names = accountNames();
    for (const name of remote.keys()) if (!names.includes(name)) remote.delete(name);
    return names.map((name) => {
      const known = remote.get(name) ?? new RemoteAccount(name, options);
      remote.set(name, known);
      return known;
    });
  }

  return {
    names: accountNames,
    haveCars: (): boolean => directory.unlisted(accountNames()).length < accountNames().length,
    refreshable,
    find: async (id: string): Promise<Cancelled> =>
      firstKnown(await askAll(accountMethods.find, { id })),
    cancel: async (id: string): Promise<Cancelled> =>
      firstKnown(await askAll(accountMethods.cancel, { id })),
    clearQueue: (): void => {
      void askAll(accountMethods.clearQueue, null);
    },
    resetBreakers: (account: string): void => {
      void askAll(accountMethods.resetBreakers, { account });
    },
    setLogLevel: (level: string): void => {
      void askAll(accountMethods.setLogLevel, { level });
    },

    /** Why the step was not taken. */
    async otp(account: string, step: CodeStep): Promise<Failure | undefined> {
      const nobody = failure('not_ready', `no instance has the account ${account} at the moment`);
      const owner = ownerOf(account);
      if (owner === undefined) return nobody;
      const patience = { timeout_ms: signIn_ms, watch_ms };
      try {
        const told = await calls.ask(owner, accountMethods.otp, { account, step }, patience);
        return told.is_here ? (told.failure ?? undefined) : nobody;
      } catch (error) {
        if (!(error instanceof CallError)) throw error;
        if (!error.mayHaveRun) return failure('not_ready', error.message);
        return failure('interrupted', error.message, { outcome: 'unknown' });
      }
    },
  };
}
