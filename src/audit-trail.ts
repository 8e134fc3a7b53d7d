import type { Account } from './account.js';
import type { Clock } from './daemon/clock.js';
import type { Logger } from './daemon/logger.js';
import type { CommandHistory } from './dispatch/command-history.js';
import { createAuditLog, type AuditSources } from './store/audit-log.js';
import { Refusals } from './store/refusals.js';
import type { Store } from './store/store.js';
import { vehicleCommandNames } from './vehicle/command.js';
import type { CommandSource } from './vehicle/command-source.js';
import type { LifeCycleEvent } from './vehicle/life-cycle.js';

export interface AuditTrailOptions {
  readonly clock: Clock;
  readonly log: Logger;
  /** Of the refusals. */
  readonly store: Store;
  readonly journals: AuditSources['journals'];
  readonly accounts: () => readonly Pick<Account, 'name' | 'vehicles'>[];
  readonly history: CommandHistory;
  readonly keep_ms: number;
}

const day_ms = 86_400_000;

/** What the running bridge adds to the audit log: the steps that are not stored yet, refusals, and an end. */
export async function createAuditTrail(options: AuditTrailOptions) {
  const { clock, log, store, journals, accounts, history } = options;
  const refusals = await Refusals.open(store);
  const audit = createAuditLog({
    journals,
    refusals,
    laterSteps: (record) => history.stepsBehind(record),
  });

  function prune(): void {
    audit.prune(clock.now() - options.keep_ms).catch((err: unknown) => {
      log.warn({ err }, 'the end of old entries of the audit log could not be stored');
    });
  }
  const pruning = setInterval(prune, day_ms).unref();

  return {
    log: audit,
    start: prune,

    /** Somebody was refused. What names no car and no command of one would only fill the log. */
    refused(event: LifeCycleEvent, source: CommandSource | undefined): void {
      const { vehicle, command } = event;
      if (vehicle === null || !vehicleCommandNames.some((name) => name === command)) return;
      const account = accounts().find(({ vehicles }) => vehicles.find(vehicle) !== undefined);
      refusals.note({
        account: account?.name ?? null,
        event,
        ...(source === undefined ? {} : { source }),
      });
    },

    /** The store is about to be closed. */
    stop(): void {
      clearInterval(pruning);
      refusals.flush();
    },
  };
}

export type AuditTrail = Awaited<ReturnType<typeof createAuditTrail>>;
