import type { Account } from './account.js';
import type { RefreshableAccount } from './dispatch/refresh-all.js';
import type { CodeStep } from './vehicle/bridge-command.js';
import { firstKnown, type Cancelled } from './vehicle/cancelled.js';
import type { Failure } from './vehicle/outcome.js';

/** What the commands to the bridge ask of the accounts, wherever these are. */
export interface CommandedAccounts {
  readonly names: () => readonly string[];
  /** Whether any of them knows its cars. */
  readonly haveCars: () => boolean;
  readonly refreshable: () => readonly RefreshableAccount[];
  /** Whether `cancel` would find a command that has not started, once what is being stored is stored. */
  readonly find: (id: string) => Promise<Cancelled>;
  readonly cancel: (id: string) => Cancelled | Promise<Cancelled>;
  readonly clearQueue: () => void;
  /** Of this account, or of `all`. */
  readonly resetBreakers: (account: string) => void;
  readonly setLogLevel: (level: string) => void;
  /** Why the step was not taken. Never rejects. */
  readonly otp: (account: string, step: CodeStep) => Promise<Failure | undefined>;
}

/** The accounts of this process. */
export function commandedHere(accounts: () => readonly Account[]): CommandedAccounts {
  return {
    names: () => accounts().map(({ name }) => name),
    haveCars: () => accounts().some(({ vehicles }) => vehicles.hasListed),
    refreshable: () => accounts().map(({ refreshable }) => refreshable),
    find: async (id) => {
      await Promise.all(accounts().map(({ admissions }) => admissions.settled(id)));
      return firstKnown(accounts().map(({ admissions }) => admissions.peek(id)));
    },
    cancel: (id) => firstKnown(accounts().map(({ admissions }) => admissions.cancel(id))),
    clearQueue: () => {
      for (const account of accounts()) account.clearQueue();
    },
    resetBreakers: (name) => {
      const meant = accounts().filter((account) => name === 'all' || account.name === name);
      for (const account of meant) account.resetBreakers();
    },
    setLogLevel: (level) => {
      for (const account of accounts()) account.setLogLevel(level);
    },
    otp: async (name, step) =>
      accounts()
        .find((account) => account.name === name)
        ?.otp(step),
  };
}
