import type { GrowingList } from '../support/growing-list.js';
import type { Recorder } from '../support/recorder.js';
import type { HaChange, HomeAssistant } from './home-assistant.js';
import { type EntityIds, waitForEntities } from './registry.js';

const patience_ms = 30_000;

/** What becomes of the entities of one device in Home Assistant, from the moment at which it is known there. */
export class DeviceOnlooker {
  /** By their keys. */
  readonly #ids: EntityIds;
  readonly #changes: GrowingList<HaChange>;

  private constructor(ids: EntityIds, changes: GrowingList<HaChange>) {
    this.#ids = ids;
    this.#changes = changes;
  }

  /** Resolves when all its entities exist. */
  static async of(
    ha: HomeAssistant,
    recorder: Recorder,
    identity: string,
  ): Promise<DeviceOnlooker> {
    const changes = await ha.changes();
    return new DeviceOnlooker(await waitForEntities(ha, recorder, identity), changes);
  }

  /** The present moment, for what is asked from it on. */
  get now(): number {
    return this.#changes.items.length;
  }

  idOf(key: string): string {
    const id = this.#ids.get(key);
    if (id === undefined) throw new Error(`there is no ${key}`);
    return id;
  }

  waitFor(key: string, matches: (change: HaChange) => boolean, from = 0): Promise<HaChange> {
    const id = this.idOf(key);
    return this.#changes.waitFor(
      (change) => change.entity_id === id && matches(change),
      patience_ms,
      () => `${id}; it was ${JSON.stringify(this.#of(key, from).slice(-3))}`,
      from,
    );
  }

  /** Of a person's command, that it has ended. */
  waitForEnding(command: string, from: number): Promise<HaChange> {
    return this.waitFor(
      'command',
      ({ attributes }) => {
        const type = String(attributes['event_type']);
        return (
          attributes['command'] === command && !['accepted', 'running', 'confirming'].includes(type)
        );
      },
      from,
    );
  }

  waitForState(key: string, state: string, from = 0): Promise<HaChange> {
    return this.waitFor(key, (change) => change.state === state, from);
  }

  /** Without repetitions. */
  statesOf(key: string, from: number): (string | null)[] {
    const states = this.#of(key, from).map(({ state }) => state);
    return states.filter((state, place) => state !== states[place - 1]);
  }

  /** What the entity of events has told. */
  eventTypes(from: number): unknown[] {
    return this.#of('command', from).map(({ attributes }) => attributes['event_type']);
  }

  newest(key: string): HaChange {
    const newest = this.#of(key, 0).at(-1);
    if (newest === undefined) throw new Error(`${key} has not changed`);
    return newest;
  }

  #of(key: string, from: number): HaChange[] {
    const id = this.idOf(key);
    return this.#changes.items.slice(from).filter(({ entity_id }) => entity_id === id);
  }
}
