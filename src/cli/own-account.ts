import { accountReport, createAccountSession, keptSession } from '../account-session.js';
import type { BackendNotes, VehicleBackend } from '../backends/contract.js';
import { createBackend } from '../backends/create-backend.js';
import type { Config } from '../config/schema.js';
import { systemClock } from '../daemon/clock.js';
import { createNews } from '../daemon/news.js';
import { Budget } from '../dispatch/budget.js';
import { createHandOff } from '../dispatch/hand-off.js';
import type { SessionKeeper } from '../dispatch/session-keeper.js';
import type { AccountReport } from '../http/account-report.js';
import { createAccountStore } from '../store/account-store.js';
import type { Store } from '../store/store.js';
import { mergeVehicles } from '../vehicle/known-vehicle.js';
import type { ListedVehicle } from '../vehicle/task.js';
import { backendSettings, budgetOf, sessionOptions } from './bridge-options.js';

type AccountConfig = Config['accounts'][number];

/** An account as a subcommand works with it while no daemon runs: the same session in the same store. */
export interface OwnAccount {
  readonly keeper: SessionKeeper;
  /** The cars as listed since this was opened. */
  readonly listed: readonly ListedVehicle[];
  report(): AccountReport;
  close(): Promise<void>;
}

/** @throws StartFault where the backend lacks something. */
export async function openOwnAccount(
  config: Config,
  account: AccountConfig,
  store: Store,
): Promise<OwnAccount> {
  const stored = createAccountStore(store, account.name);
  const options = sessionOptions(config, account);
  const session = await keptSession(options, stored);
  let known = session.wasAnother ? [] : ((await stored.vehicles()) ?? []);
  const isNews = createNews();
  const settings = backendSettings(config, account);
  let library: string | null = null;
  let backend: VehicleBackend | undefined;
  const notes: BackendNotes = {
    request: () => {
      budget.requestSent(undefined, 1);
    },
    process: () => undefined,
    log: ({ level, message, once }) => {
      const isTold = level === 'warn' || level === 'error';
      if (isTold && (once !== true || isNews(message))) console.error(message);
    },
  };
  const budget = new Budget({
    clock: systemClock,
    ...budgetOf(config, account),
    kept: await stored.usage(),
    keepLater: stored.putUsageLater,
    keep: (usage) => {
      stored.putUsage(usage).catch((err: unknown) => {
        console.error(`the maker's limit could not be stored: ${String(err)}`);
      });
    },
    onChange: () => undefined,
  });
  const { handOff } = createHandOff({
    clock: systemClock,
    // A process is started only for who needs one.
    run: (task) => (backend ??= createBackend(settings, notes)).run(task),
    refusal: () => budget.refusal,
    onLeave: () => undefined,
    onRequest: () => undefined,
    onReturn: (_, outcome) => {
      library = outcome.library ?? library;
      return budget.returned(outcome);
    },
  });
  let listed: readonly ListedVehicle[] = [];
  let writing: Promise<void> = Promise.resolve();
  const closed = new AbortController();
  const keeper = createAccountSession(options, session, {
    clock: systemClock,
    closed: closed.signal,
    retry: config.retry,
    stored,
    handOff,
    onVehicles: (vehicles) => {
      listed = vehicles;
      // A daemon that finds a session does not sign in, so it would never hear of the cars.
      known = mergeVehicles(known, vehicles, account.vehicles, systemClock.now());
      writing = stored.putVehicles(known).catch((err: unknown) => {
        console.error(`the cars could not be stored: ${String(err)}`);
      });
    },
    onState: () => undefined,
    onStoreTrouble: (err) => {
      console.error(`the session could not be stored: ${String(err)}`);
    },
  });
  return {
    keeper,
    get listed() {
      return listed;
    },
    report: () => {
      const cars = known.filter(({ enabled, gone_at }) => enabled && gone_at === null);
      return accountReport(account.name, keeper, cars, library);
    },
    async close() {
      const signedOff = keeper.stop();
      await backend?.close();
      await signedOff;
      await writing;
      closed.abort();
      budget.stop();
    },
  };
}
