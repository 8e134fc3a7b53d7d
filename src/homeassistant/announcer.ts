import { setImmediate as nextTurn } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { Alarm } from '../daemon/alarm.js';
import type { Clock } from '../daemon/clock.js';
import type { Logger } from '../daemon/logger.js';
import type { Publisher } from '../mqtt/publisher.js';
import {
  deviceIdIn,
  filterOf,
  messagesOf,
  platformsOf,
  type DeviceMessage,
  type DiscoveryTopics,
  type Platforms,
} from './device-message.js';
import type { DeviceSource } from './discovery.js';

export interface AnnouncerOptions {
  readonly discovery: DiscoveryTopics;
  /** Where Home Assistant says that it is back. */
  readonly statusTopic: string;
  readonly clock: Clock;
  readonly log: Logger;
  readonly publisher: Pick<Publisher, 'retain' | 'remove' | 'forget' | 'republish'>;
  readonly subscribe: (filter: string) => void;
  /** Every device as it is to be now, the bridge first. */
  readonly devices: () => readonly DeviceSource[];
  /** False while there may be devices that are not known yet. */
  readonly areAllKnown: () => boolean;
  /** What Home Assistant may have from earlier runs, by the ids of devices. */
  readonly kept: ReadonlyMap<string, Platforms>;
  readonly keep: (id: string, platforms: Platforms) => void;
  /** Everything has been announced as it is now. */
  readonly onAnnounced: () => void;
  readonly random?: () => number;
}

interface Sent {
  readonly messages: ReadonlyMap<string, string>;
  /** Monotonic. */
  readonly at: number;
}

/** Changes that come together are told together. */
const settle_ms = 1000;
/**
 * While it sets up the first of a device's components Home Assistant drops all but one of a second, different message
 * (up to 2026.11 at least).
 */
const gap_ms = 10_000;
/** Home Assistant asks for a random delay, and is not ready at once. */
const birthDelay_ms = { least: 2000, most: 10_000 };
/** Entities take a moment to exist; only then do they take a state. */
const statesAfter_ms = 2000;
/** The deletion of a device clears its topic once for each of its entities. */
const burst_ms = 1000;

/** When Home Assistant is told what there is: at a change, and whenever it comes back. */
export class Announcer {
  readonly #options: AnnouncerOptions;
  readonly #sent = new Map<string, Sent>();
  readonly #platforms: Map<string, Platforms>;
  /** Devices that may have to be told differently. */
  readonly #dirty = new Set<string>();
  /** Topics that a person has cleared by deleting a device, or an entity, in Home Assistant. */
  readonly #deleted = new Set<string>();
  readonly #due = new Alarm(() => {
    void this.#flush();
  });
  readonly #birth = new Alarm(() => {
    this.#welcome();
  });
  readonly #states = new Alarm(() => {
    this.#options.publisher.republish((topic) => !this.#isDiscovery(topic));
  });
  readonly #burst = new Alarm(() => {
    this.#options.log.warn(
      { topics: [...this.#deleted] },
      'deleted in Home Assistant: announced again when it starts, when the bridge does, or by the command announce',
    );
  });
  #isFlushing = false;
  #isStopped = false;

  constructor(options: AnnouncerOptions) {
    this.#options = options;
    this.#platforms = new Map(options.kept);
  }

  /** From now on; after a pause where messages of another form were just removed. */
  start({ isAnotherForm }: { readonly isAnotherForm: boolean }): void {
    this.#options.subscribe(this.#options.statusTopic);
    this.#markAll();
    this.#due.atLatest(isAnotherForm ? gap_ms : settle_ms);
  }

  /** A device may have changed; without an id any of them, or which there are. */
  changed(id?: string): void {
    if (id === undefined) this.#markAll();
    else this.#dirty.add(id);
    this.#due.atLatest(settle_ms);
  }

  /** A person wants everything said again, what was deleted in Home Assistant included. */
  announce(): void {
    this.#sayDeletedAgain();
    this.#markAll();
    this.#due.atLatest(0);
  }

  /** What came on a topic of Home Assistant. */
  receive(topic: string, payload: string): void {
    const { random = Math.random } = this.#options;
    const { least, most } = birthDelay_ms;
    if (topic === this.#options.statusTopic) {
      if (payload === 'online') this.#birth.atLatest(least + random() * (most - least));
    } else if (payload === '' && this.#holds(topic)) {
      this.#deleted.add(topic);
      this.#options.publisher.forget(topic);
      this.#burst.atLatest(burst_ms);
    }
  }

  /** Whether a message belongs on this topic, now or once it is due. */
  belongs(topic: string): boolean {
    const id = deviceIdIn(this.#options.discovery, topic);
    if (id === undefined) return false;
    const { devices, areAllKnown } = this.#options;
    const sent = this.#sent.get(id);
    if (sent !== undefined) return sent.messages.has(topic);
    return devices().some((device) => device.id === id) || !areAllKnown();
  }

  stop(): void {
    this.#isStopped = true;
    for (const alarm of [this.#due, this.#birth, this.#states, this.#burst]) alarm.clear();
  }

  #markAll(): void {
    for (const { id } of this.#options.devices()) this.#dirty.add(id);
  }

  /** Whether we have a message there that nobody has cleared. */
  #holds(topic: string): boolean {
    const id = deviceIdIn(this.#options.discovery, topic);
    const sent = id === undefined ? undefined : this.#sent.get(id);
    return sent?.messages.has(topic) === true && !this.#deleted.has(topic);
  }

  #isDiscovery(topic: string): boolean {
    return topic.startsWith(`${this.#options.discovery.prefix}/`);
  }

  /** Home Assistant has started: what it missed is said again, first what there is, then how it is. */
  #welcome(): void {
    this.announce();
    this.#options.publisher.republish((topic) => this.#isDiscovery(topic));
    this.#states.atLatest(statesAfter_ms);
  }

  #sayDeletedAgain(): void {
    for (const topic of this.#deleted) {
      const id = deviceIdIn(this.#options.discovery, topic);
      if (id !== undefined) this.#sent.delete(id);
    }
    this.#deleted.clear();
  }

  async #flush(): Promise<void> {
    if (this.#isFlushing) {
      this.#due.atLatest(settle_ms);
      return;
    }
    this.#isFlushing = true;
    const devices = this.#options.devices();
    const ids = new Set(devices.map(({ id }) => id));
    for (const id of this.#sent.keys()) if (!ids.has(id)) this.#sent.delete(id);
    const dirty = devices.filter(({ id }) => this.#dirty.has(id));
    this.#dirty.clear();
    for (const { message } of dirty) {
      // One device is some 80 entities: nobody waits while a fleet is told.
      await nextTurn();
      if (this.#isStopped) return;
      this.#bring(message());
    }
    this.#isFlushing = false;
    this.#options.onAnnounced();
  }

  #bring(device: DeviceMessage): void {
    const { clock, discovery, publisher, subscribe } = this.#options;
    const { id } = device;
    const platforms = platformsOf(device);
    const removed = this.#removed(id, platforms);
    const hasRemoved = Object.keys(removed).length > 0;
    const sent = this.#sent.get(id);
    const naming = messagesOf(discovery, device, removed);
    const isNamed = hasRemoved && sent !== undefined && areEqual(sent.messages, naming);
    const messages = isNamed ? messagesOf(discovery, device) : naming;
    if (sent !== undefined && areEqual(sent.messages, messages)) return;
    const wait_ms = sent === undefined ? 0 : sent.at + gap_ms - clock.monotonic();
    if (wait_ms > 0) {
      this.#again(id, wait_ms);
      return;
    }
    if (sent === undefined) subscribe(filterOf(discovery, id));
    for (const topic of sent?.messages.keys() ?? [])
      if (!messages.has(topic)) publisher.remove(topic);
    for (const [topic, payload] of messages)
      if (!this.#deleted.has(topic)) publisher.retain(topic, payload);
    this.#sent.set(id, { messages, at: clock.monotonic() });
    this.#note(id, isNamed ? platforms : { ...removed, ...platforms });
    if (hasRemoved && !isNamed) this.#again(id, gap_ms);
  }

  #again(id: string, delay_ms: number): void {
    this.#dirty.add(id);
    this.#due.atLatest(delay_ms);
  }

  /** What Home Assistant may still have and is to have no longer; messages of their own are removed by their topics. */
  #removed(id: string, platforms: Platforms): Platforms {
    if (this.#options.discovery.form !== 'device') return {};
    const before = Object.entries(this.#platforms.get(id) ?? {});
    return Object.fromEntries(before.filter(([key]) => !Object.hasOwn(platforms, key)));
  }

  #note(id: string, platforms: Platforms): void {
    if (isDeepStrictEqual(this.#platforms.get(id), platforms)) return;
    this.#platforms.set(id, platforms);
    this.#options.keep(id, platforms);
  }
}

function areEqual(one: ReadonlyMap<string, string>, other: ReadonlyMap<string, string>): boolean {
  return one.size === other.size && [...one].every(([key, value]) => other.get(key) === value);
}
