import type { LifeCycleEvent } from '../vehicle/life-cycle.js';
import type { StateDocument } from '../vehicle/state.js';
import type { VehicleInfo } from '../vehicle/vehicle-info.js';

/** Something that happened, for whoever looks on: what the topics of the same name say. */
export type LiveEvent =
  | { readonly kind: 'state'; readonly data: StateDocument }
  | { readonly kind: 'info'; readonly data: VehicleInfo }
  | {
      readonly kind: 'availability';
      readonly data: { readonly vehicle: string; readonly available: boolean };
    }
  /** A step of any command; `progress` of long work. */
  | { readonly kind: 'result' | 'progress'; readonly data: LifeCycleEvent }
  | { readonly kind: 'bridge'; readonly data: unknown };

type Listener = (event: LiveEvent) => void;

/** Passes on what happens to everybody who looks on at the moment. Nothing is kept. */
export class LiveEvents {
  readonly #listeners = new Set<Listener>();

  tell(event: LiveEvent): void {
    for (const listener of this.#listeners) listener(event);
  }

  /** Answers the removal of the listener. */
  listen(listener: Listener): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }
}

export function stepEvent(event: LifeCycleEvent): LiveEvent {
  return { kind: event.status === 'progress' ? 'progress' : 'result', data: event };
}
