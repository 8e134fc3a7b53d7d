import type { AccountOutput } from './account-options.js';
import type { CommandedAccounts } from './commanded-accounts.js';
import type { Clock } from './daemon/clock.js';
import type { Logger } from './daemon/logger.js';
import type { Metrics } from './daemon/metrics.js';
import type { RetryPolicy } from './daemon/retry.js';
import { BridgeCommands, type ForBridge } from './dispatch/bridge-commands.js';
import { CommandBook, rememberEnded_ms } from './dispatch/command-book.js';
import { createJobLife } from './dispatch/job-life.js';
import { RefreshAllLane } from './dispatch/refresh-all-lane.js';
import type { Polling } from './schedule/polling.js';
import { createJournal } from './store/journal.js';
import type { Store, Write } from './store/store.js';
import { firstKnown } from './vehicle/cancelled.js';
import type { RefreshMode } from './vehicle/command.js';
import type { Parcel } from './vehicle/journal-record.js';

export interface OwnCommandsOptions {
  readonly clock: Clock;
  readonly retry: RetryPolicy;
  readonly store: Store;
  readonly boot: number;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly output: AccountOutput;
  readonly accounts: CommandedAccounts;
  readonly allow: readonly string[] | undefined;
  /** Of `refresh_all`, by its mode. */
  readonly expiresIn_ms: Readonly<Record<RefreshMode, number>>;
  readonly polling: Pick<Polling, 'change'>;
  /** Publishes everything retained again. */
  readonly announce: () => void;
}

/** The commands to the bridge itself, with a journal of their own: they belong to no account. */
export async function createOwnCommands(options: OwnCommandsOptions) {
  const { clock, log, metrics, output, accounts } = options;
  const journal = createJournal(options.store, 'bridge/');
  const recovered = await journal.recover(clock.now(), rememberEnded_ms);

  const deliver = (parcel: Parcel): void => {
    output.deliver(parcel, () => {
      journal.delivered(parcel);
    });
  };

  const book = new CommandBook<Write>({
    clock,
    retry: options.retry,
    boot: options.boot,
    journal,
    address: (event, response) => output.address(event, response),
    deliver,
    publish: (messages) => {
      output.publish(messages);
    },
    onEvent: (event) => {
      const { id, command, value, status } = event;
      const level = status === 'progress' ? 'debug' : 'info';
      log[level]({ command_id: id, command, value, status }, 'command');
      output.step(event);
      output.changed();
      metrics.commandStep(event);
    },
    onReplay: (event) => {
      output.step(event);
    },
    onStoreTrouble: (err, delay_ms) => {
      log.warn({ err, delay_ms }, 'an ending could not be stored yet');
    },
  });

  const refreshAll = new RefreshAllLane(
    {
      clock,
      retry: options.retry,
      life: createJobLife(book),
      accounts: accounts.refreshable,
      changed: () => {
        output.changed();
      },
    },
    accounts.haveCars,
  );

  const commands = new BridgeCommands<Write>({
    clock,
    book,
    allow: options.allow,
    find: async (id) => firstKnown([await accounts.find(id), refreshAll.peek(id)]),
    cancel: (id) => {
      const own = refreshAll.cancel(id);
      return own === 'unknown_id' ? accounts.cancel(id) : own;
    },
    refreshAll,
    expiresIn_ms: options.expiresIn_ms,
    clearQueue: accounts.clearQueue,
    accounts: accounts.names,
    resetBreaker: accounts.resetBreakers,
    setLogLevel: (level) => {
      log.level = level;
      accounts.setLogLevel(level);
      output.changed();
    },
    announce: options.announce,
    setPolling: (command) =>
      options.polling.change(
        command.name === 'polling'
          ? { enabled: command.enabled }
          : { every_ms: command.minutes * 60_000 },
      ),
    otp: accounts.otp,
    reject: (event, response) => {
      metrics.commandStep(event);
      output.step(event);
      output.publish(output.address(event, response));
      log.warn({ command: event.command, failure: event.code }, 'command refused');
    },
  });

  return {
    handle: (command: ForBridge<Write>): Promise<void> => commands.handle(command),
    get jobs() {
      return refreshAll.documents;
    },
    start(): void {
      for (const parcel of recovered.parcels) deliver(parcel);
      commands.restore(recovered.open, recovered.remembered);
    },
    /** Before the accounts, whose cars it reads: it goes on at the next start. */
    stopJobs: (): Promise<void> => refreshAll.stop(),
    async stop(grace_ms: number): Promise<void> {
      await commands.quiet(grace_ms);
      await book.stop(grace_ms);
    },
  };
}
