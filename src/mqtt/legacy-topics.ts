import { isEnding, type LifeCycleEvent } from '../vehicle/life-cycle.js';
import type { StateDocument } from '../vehicle/state.js';
import { legacyError, legacyValues, type UpdateMethod } from './legacy-values.js';
import type { Publisher } from './publisher.js';
import type { Topics } from './topics.js';

export interface LegacyTopicsOptions {
  readonly topics: Topics;
  readonly publisher: Pick<Publisher, 'retain'>;
  /** The maker's id of the car with this topic id. The Python service called the car so. */
  readonly vendorIdOf: (vehicle: string) => string | undefined;
  /** When the bridge was started, in epoch milliseconds. */
  readonly startedAt: number;
}

/** The newest refresh of a car, and between which times it read: epoch milliseconds. */
interface NewestRefresh {
  readonly id: string;
  readonly method: UpdateMethod;
  readonly from: number;
  readonly until: number;
}

/** What the Python service took for an id, and what can be a level of a topic. */
const idPattern = /^[A-Za-z0-9_-]+$/;

/** The topics of the Python service, beside the contract's own: below the topic id and below the maker's id. */
export class LegacyTopics {
  readonly #options: LegacyTopicsOptions;
  readonly #refreshes = new Map<string, NewestRefresh>();
  /** Cars of which it has been said since the start how their last command ended. */
  readonly #saidError = new Set<string>();

  constructor(options: LegacyTopicsOptions) {
    this.#options = options;
  }

  state(document: StateDocument): void {
    const { id, polled_at } = document;
    if (polled_at === null) return;
    const values = legacyValues(document, this.#methodOf(id, polled_at));
    for (const [path, payload] of values) this.#retain(id, path, payload);
    // A read of this bridge went well, and no command has failed: what an earlier one left is over.
    if (Date.parse(polled_at) >= this.#options.startedAt && !this.#saidError.has(id)) {
      this.#sayError(id, legacyError(null, polled_at));
    }
  }

  step(event: LifeCycleEvent): void {
    const { vehicle } = event;
    if (vehicle === null || event.dry_run === true || event.replayed === true) return;
    this.#noteRefresh(vehicle, event);
    if (!isEnding(event)) return;
    // One that was called off, or made room for a later one, neither failed nor mended anything.
    if (event.status === 'cancelled' || event.status === 'superseded') return;
    this.#sayError(vehicle, legacyError(event, event.at));
  }

  #noteRefresh(vehicle: string, { id, command, value, status, at }: LifeCycleEvent): void {
    const method = command === 'refresh' ? methodOf(value) : undefined;
    if (method === undefined) return;
    const newest = this.#refreshes.get(vehicle);
    if (status === 'running' && newest?.id !== id) {
      this.#refreshes.set(vehicle, { id, method, from: Date.parse(at), until: Infinity });
    } else if (newest?.id === id && isEnding({ status })) {
      this.#refreshes.set(vehicle, { ...newest, until: Date.parse(at) });
    }
  }

  /** What a refresh brought has its name; what the bridge read by itself has none. */
  #methodOf(vehicle: string, polled_at: string): UpdateMethod | undefined {
    const newest = this.#refreshes.get(vehicle);
    const at = Date.parse(polled_at);
    return newest !== undefined && newest.from <= at && at <= newest.until
      ? newest.method
      : undefined;
  }

  #sayError(vehicle: string, payload: string): void {
    this.#saidError.add(vehicle);
    this.#retain(vehicle, 'status/error', payload);
  }

  #retain(vehicle: string, path: string, payload: string): void {
    const { publisher, topics, vendorIdOf } = this.#options;
    const vendorId = vendorIdOf(vehicle);
    const ids = new Set([vehicle]);
    if (vendorId !== undefined && idPattern.test(vendorId)) ids.add(vendorId);
    for (const id of ids) {
      publisher.retain(topics.vehicle(id).legacy(path), payload);
    }
  }
}

function methodOf(value: unknown): UpdateMethod | undefined {
  const word = typeof value === 'string' ? value.split(':')[0] : undefined;
  return word === 'cached' || word === 'force' || word === 'smart' ? word : undefined;
}
