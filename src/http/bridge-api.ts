import type { Health } from '../daemon/health.js';
import type { AuditPage, AuditQuery } from '../vehicle/audit-entry.js';
import type { LifeCycleEvent } from '../vehicle/life-cycle.js';
import type { StateDocument } from '../vehicle/state.js';
import type { VehicleInfo } from '../vehicle/vehicle-info.js';
import type { AccountReport } from './account-report.js';
import type { LiveEvent } from './live-events.js';

export type { AccountReport } from './account-report.js';

/** Known here, or asked of another instance of a fleet first. */
type Told<T> = T | Promise<T>;

/** What HTTP asks of the bridge: its documents as they are now, and what a person can set going. */
export interface BridgeApi {
  /** Whether the loop and the threads turn. */
  health(): Health;
  /** Whether broker and accounts are there, too. */
  readiness(): Health;
  /** In Prometheus' text format. */
  metrics(): Promise<{ readonly contentType: string; readonly text: string }>;
  /** The bridge's own state (contract, section 6), or a promise of it; null while it starts or stops. */
  state(): unknown;
  vehicles(): Told<readonly VehicleDocuments[]>;
  /** By the topic id, the VIN in any case, or the vendor's id. */
  vehicle(id: string): Told<VehicleDocuments | undefined>;
  accounts(): Told<readonly AccountReport[]>;
  account(name: string): Told<AccountReport | undefined>;
  /** A person asks for a sign-in now: refusals are forgotten. Resolves when it has ended one way or the other. */
  login(account: string): Promise<AccountReport | undefined>;
  /** Lists the account's cars anew. */
  list(account: string): Promise<AccountReport | undefined>;
  /**
   * Takes a command to a car, however it may be called, or to the `bridge`. Resolves with its first event: accepted or
   * rejected, or the last one of a known id, replayed.
   */
  command(target: string, name: string, payload: Uint8Array): Promise<LifeCycleEvent>;
  /** The events of a command that are still known, oldest first; undefined where the id is unknown. */
  events(id: string): Promise<readonly LifeCycleEvent[] | undefined>;
  /** The audit log, newest first. */
  commands(query: AuditQuery): Promise<AuditPage>;
  /** Tells what happens from now on; answers the removal of the listener. */
  listen(listener: (event: LiveEvent) => void): () => void;
}

export interface VehicleDocuments {
  /** The topic id. */
  readonly vehicle: string;
  /** As `<base>/<vehicle>/availability` says. */
  readonly available: boolean;
  readonly info: VehicleInfo;
  /** null until the car has been read for the first time. */
  readonly state: StateDocument | null;
}
