import type { AccountSessionOptions } from './account-session.js';
import type { BackendSettings } from './backends/create-backend.js';
import type { Clock } from './daemon/clock.js';
import type { Logger } from './daemon/logger.js';
import type { Metrics } from './daemon/metrics.js';
import type { RetryPolicy } from './daemon/retry.js';
import type { BudgetOptions } from './dispatch/budget.js';
import type { RateLimit } from './dispatch/command-rate.js';
import type { SharedSlots } from './dispatch/shared-slots.js';
import type { OwnSettings } from './dispatch/vehicles.js';
import type { WaitingCount } from './dispatch/waiting-count.js';
import type { WakeGuards } from './dispatch/wake-guard.js';
import type { PollSettings } from './schedule/next-poll.js';
import type { Store } from './store/store.js';
import type { CommandSource } from './vehicle/command-source.js';
import type { ExpiryKey } from './vehicle/command.js';
import type { Outgoing, Parcel, ResponseAddress } from './vehicle/journal-record.js';
import type { LifeCycleEvent } from './vehicle/life-cycle.js';
import type { Failure } from './vehicle/outcome.js';
import type { StateDocument } from './vehicle/state.js';
import type { TripMonth } from './vehicle/trips.js';
import type { VehicleInfo } from './vehicle/vehicle-info.js';

/** An account's part of the configuration. */
export interface AccountOptions extends AccountSessionOptions {
  readonly region: string;
  readonly backend: BackendSettings;
  readonly vehicles: Readonly<Record<string, OwnSettings>>;
  readonly allow: readonly (readonly string[] | undefined)[];
  /** Refuses every remote command. */
  readonly readOnly: boolean;
  readonly rate: RateLimit;
  /** Milliseconds by name, mode or value of a command. */
  readonly expiresIn_ms: Readonly<Record<ExpiryKey, number>>;
  readonly queuePerVehicle: number;
  readonly readOnStart: boolean;
  /** A car that was read so lately is not read at the start. 0: each one is. */
  readonly readOnStartAfter_ms: number;
  readonly maxAge_ms: number;
  readonly staleAfter_ms: number;
  readonly keepAudit_ms: number;
  readonly budget: Pick<BudgetOptions, 'limit' | 'reserve_percent'>;
  readonly guards: WakeGuards;
  /** Requests of a cached read, before one has shown it. */
  readonly usualRequests: number;
  readonly breaker: {
    readonly failures: number;
    readonly reset_ms: number;
    readonly max_reset_ms: number;
  };
  readonly deadline_ms: {
    readonly cached: number;
    readonly force: number;
    readonly command: number;
    readonly sign_in: number;
  };
  readonly confirm: {
    /** Null: the region's own rhythm. */
    readonly poll_ms: number | null;
    readonly for_ms: number;
    /** The gaps before reading back what a command or a wake did not show at once. */
    readonly read_back_ms: readonly number[];
  };
  readonly idle_ms: number;
}

/** Where an account's words go: topics are the business of who listens. */
export interface AccountOutput {
  address(event: LifeCycleEvent, response: ResponseAddress | undefined): Outgoing[];
  deliver(parcel: Parcel, delivered: () => void): void;
  publish(messages: readonly Outgoing[]): void;
  state(document: StateDocument): void;
  info(info: VehicleInfo): void;
  availability(vehicle: string, online: boolean): void;
  /** An account has other cars than before, or they are called or known otherwise. */
  carsChanged(): void;
  /** What a car has driven in a month, by its topic id. */
  trips(vehicle: string, month: TripMonth): void;
  /** Every step of every command, for who follows one by its id; of a refusal with who asked. */
  step(event: LifeCycleEvent, source?: CommandSource): void;
  /** The bridge's own state has changed. */
  changed(): void;
  /** Something that a person should see in the bridge's state. */
  trouble(reason: Failure): void;
}

/** The right to act for an account, where several could; by the own monotonic clock. */
export interface AccountLease {
  /** How long it still holds for certain; 0 or less: it does not. */
  readonly remaining_ms: number;
}

/** What all accounts share: the broker behind `output`, the store, the process and the count of its slots. */
export interface AccountDependencies {
  readonly clock: Clock;
  readonly retry: RetryPolicy;
  readonly store: Store;
  readonly boot: number;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly sharedSlots: SharedSlots;
  readonly waiting: WaitingCount;
  readonly clockTrusted: () => boolean;
  /** What the bridge reads by itself, as it is now. */
  readonly polling: () => PollSettings;
  /** What spreads the polls, and the return after a vendor's limit; `Math.random` unless told. */
  readonly random?: () => number;
  /** False from the second time on that any account asks for this text. */
  readonly isNews: (message: string) => boolean;
  readonly workerEntry: string;
  readonly output: AccountOutput;
  /** Absent where nobody else can have the account. */
  readonly lease?: AccountLease;
}
