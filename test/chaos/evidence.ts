import type { SimulatorEffect } from '../../src/backends/simulator.js';
import type { AuditEntry } from '../../src/vehicle/audit-entry.js';
import type { LifeCycleEvent } from '../../src/vehicle/life-cycle.js';
import type { Recorded } from '../support/recorder.js';

/** A command as its sender meant it. */
export interface Asked {
  readonly id: string;
  /** The topic id of the car; null for the bridge itself. */
  readonly vehicle: string | null;
  readonly command: string;
  /** What its car does when it obeys, as `deedOf` says it, with `*` for a word that the sender left open; null: nothing. */
  readonly deed: string | null;
  /** How long after its arrival it may start at most. */
  readonly expires_s: number;
  /** It was too late or retained when it was sent: it must never be taken. */
  readonly isVoid: boolean;
}

/** What a car of the fake cloud has carried out. */
export interface Execution {
  readonly vehicle: string;
  readonly deed: string;
  /** Epoch ms. */
  readonly at: number;
}

/** All that was seen of a run from the outside. */
export interface Evidence {
  /** What was published, in the order of arrival. */
  readonly recorded: readonly Recorded[];
  /** What `bluelink2mqtt log` tells after the end. */
  readonly journal: readonly AuditEntry[];
  readonly asked: readonly Asked[];
  readonly executions: readonly Execution[];
  /** What the simulated cars and their cloud were made to do. */
  readonly effects: readonly SimulatorEffect[];
  /** Topic ids of the simulated cars. */
  readonly simulated: readonly string[];
}

export interface Violation {
  /** The command that it is about; null where none can be named. */
  readonly id: string | null;
  readonly says: string;
}

/** One command that was accepted: everything the bridge said of it, by `seq`, and what its sender meant. */
export interface Life {
  readonly id: string;
  readonly events: readonly LifeCycleEvent[];
  readonly accepted: LifeCycleEvent;
  readonly ending: LifeCycleEvent | undefined;
  readonly asked: Asked | undefined;
}
