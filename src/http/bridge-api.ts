import type { AuditPage, AuditQuery } from '../vehicle/audit-entry.js';
import type { LifeCycleEvent } from '../vehicle/life-cycle.js';
import type { StateDocument } from '../vehicle/state.js';
import type { VehicleInfo } from '../vehicle/vehicle-info.js';
import type { AccountReport } from './account-report.js';

export type { AccountReport } from './account-report.js';

/** What HTTP asks of the bridge: its documents as they are now, and what a person can set going. */
export interface BridgeApi {
  /** The bridge's own state (contract, section 6). */
  state(): unknown;
  vehicles(): readonly VehicleDocuments[];
  /** By the topic id, the VIN in any case, or the vendor's id. */
  vehicle(id: string): VehicleDocuments | undefined;
  accounts(): readonly AccountReport[];
  account(name: string): AccountReport | undefined;
  /** A person asks for a sign-in now: refusals are forgotten. Resolves when it has ended one way or the other. */
  login(account: string): Promise<AccountReport | undefined>;
  /** Lists the account's cars anew. */
  list(account: string): Promise<AccountReport | undefined>;
  /**
   * Takes a command to the bridge. Resolves with its first event: accepted or rejected, or the last one of a known
   * id, replayed.
   */
  command(name: string, payload: Uint8Array): Promise<LifeCycleEvent>;
  /** The events of a command that are still known, oldest first; undefined where the id is unknown. */
  events(id: string): Promise<readonly LifeCycleEvent[] | undefined>;
  /** The audit log, newest first. */
  commands(query: AuditQuery): Promise<AuditPage>;
}

export interface VehicleDocuments {
  /** The topic id. */
  readonly vehicle: string;
  readonly info: VehicleInfo;
  /** null until the car has been read for the first time. */
  readonly state: StateDocument | null;
}
