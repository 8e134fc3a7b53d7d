import { isDeepStrictEqual } from 'node:util';
import { Alarm } from '../daemon/alarm.js';
import type { Clock } from '../daemon/clock.js';
import type { Logger } from '../daemon/logger.js';
import { settlesWithin } from '../daemon/settles-within.js';
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
  readonly publisher: Pick<Publisher, 'retain' | 'remove' | 'release' | 'republish'>;
  readonly subscribe: (filter: string) => void;
  /** Every device as it is to be now, the bridge first. */
  readonly devices: () => readonly DeviceSource[];
  /** False while there may be devices that are not known yet. */
  readonly areAllKnown: () => boolean;
  /** What Home Assistant may have from earlier runs, by the ids of devices. */
  readonly kept: ReadonlyMap<string, Platforms>;
  /** Resolves when it is on the disk. */
  readonly keep: (id: string, platforms: Platforms) => Promise<void>;
  /** Everything has been announced as it is now. */
  readonly onAnnounced: () => void;
  /** So many messages were new or had changed. */
  readonly onTold?: (messages: number) => void;
  readonly random?: () => number;
}

/** What a device was told to be. */
interface Told {
  /** By their topics. None: the device is gone. */
  readonly messages: ReadonlyMap<string, string>;
  /** Monotonic. */
  readonly at: number;
  /** A person has deleted some of it since, and wants it back. */
  readonly isDeleted?: true;
}

/** What is told of a device next. */
interface Next {
  readonly messages: ReadonlyMap<string, string>;
  /** What Home Assistant may have then. */
  readonly platforms: Platforms;
  /** Another message has to follow. */
  readonly isFirstStep: boolean;
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
/** A disk that does not answer does not keep a car from being announced. */
const storePatience_ms = 5000;

const none: ReadonlyMap<string, string> = new Map();

/** When Home Assistant is told what there is: at a change, and whenever it comes back. */
export class Announcer {
  readonly #options: AnnouncerOptions;
  readonly #told = new Map<string, Told>();
  readonly #platforms: Map<string, Platforms>;
  /** Devices that may have to be told differently. */
  readonly #dirty = new Set<string>();
  /** Topics that a person has cleared by deleting a device, or an entity, in Home Assistant. */
  readonly #deleted = new Set<string>();
  /** Of these, what has not been logged. */
  readonly #burst = new Set<string>();
  readonly #due = new Alarm(() => {
    void this.#flush();
  });
  readonly #birth = new Alarm(() => {
    this.#welcome();
  });
  readonly #states = new Alarm(() => {
    this.#options.publisher.republish((topic) => !this.#isDiscovery(topic));
  });
  readonly #burstEnd = new Alarm(() => {
    this.#logBurst();
  });
  /** Messages of before are being removed: the first ones wait until that has settled. */
  #isReplacing = false;
  #hasBegun = false;
  /** Monotonic; undefined without a connection, since what is told then reaches nobody. */
  #connectedAt: number | undefined;
  #isFlushing = false;

  constructor(options: AnnouncerOptions) {
    this.#options = options;
    this.#platforms = new Map(options.kept);
  }

  /** Before the first connection. */
  start({ isReplacing }: { readonly isReplacing: boolean }): void {
    this.#isReplacing = isReplacing;
    this.#options.subscribe(this.#options.statusTopic);
    this.#markAll();
  }

  /** To the broker; what is retained has just been published again. */
  connected(): void {
    this.#connectedAt = this.#options.clock.monotonic();
    this.#due.atLatest(settle_ms);
  }

  disconnected(): void {
    this.#connectedAt = undefined;
  }

  /** A device may have changed; without an id any of them, or which there are. */
  changed(id?: string): void {
    if (id === undefined) this.#markAll();
    else this.#dirty.add(id);
    this.#due.atLatest(settle_ms);
  }

  /**
   * What is retained is published again just now, and a person wants what was deleted in Home Assistant to be there
   * again, too.
   */
  announce(): void {
    const at = this.#options.clock.monotonic();
    for (const [id, told] of this.#told) {
      const left = [...told.messages.keys()].filter((topic) => !this.#deleted.has(topic));
      const isDeleted = left.length < told.messages.size;
      this.#told.set(id, {
        ...told,
        ...(left.length > 0 ? { at } : {}),
        ...(isDeleted ? { isDeleted } : {}),
      });
    }
    this.#deleted.clear();
    this.#markAll();
    this.#due.atLatest(0);
  }

  /** What came on a topic of Home Assistant; where it was retained it is no news. */
  receive(topic: string, payload: string, isRetained: boolean): void {
    if (isRetained) return;
    const { random = Math.random } = this.#options;
    const { least, most } = birthDelay_ms;
    if (topic === this.#options.statusTopic) {
      if (payload === 'online') this.#birth.atLatest(least + random() * (most - least));
    } else if (payload === '' && this.#holds(topic)) {
      this.#deleted.add(topic);
      this.#burst.add(topic);
      this.#options.publisher.release(topic);
      this.#burstEnd.atLatest(burst_ms);
    }
  }

  /** Tells of any topic whether a message belongs there, now or once it is due. */
  belonging(): (topic: string) => boolean {
    const { devices, areAllKnown, discovery } = this.#options;
    const ids = areAllKnown() ? new Set(devices().map(({ id }) => id)) : undefined;
    return (topic) => {
      const id = deviceIdIn(discovery, topic);
      if (id === undefined) return false;
      const told = this.#told.get(id);
      return told === undefined ? ids?.has(id) !== false : told.messages.has(topic);
    };
  }

  stop(): void {
    this.#connectedAt = undefined;
    for (const alarm of [this.#due, this.#birth, this.#states, this.#burstEnd]) alarm.stop();
  }

  #markAll(): void {
    for (const { id } of this.#options.devices()) this.#dirty.add(id);
  }

  /** Whether we have a message there that nobody has cleared. */
  #holds(topic: string): boolean {
    const id = deviceIdIn(this.#options.discovery, topic);
    const told = id === undefined ? undefined : this.#told.get(id);
    return told?.messages.has(topic) === true && !this.#deleted.has(topic);
  }

  #isDiscovery(topic: string): boolean {
    return deviceIdIn(this.#options.discovery, topic) !== undefined;
  }

  #logBurst(): void {
    const ids = [...this.#burst].map((topic) => deviceIdIn(this.#options.discovery, topic));
    this.#burst.clear();
    this.#options.log.warn(
      { devices: [...new Set(ids)] },
      'deleted in Home Assistant: announced again when it starts, when the bridge does, or by the command announce',
    );
  }

  /** Home Assistant has started: what it missed is said again, first what there is, then how it is. */
  #welcome(): void {
    this.announce();
    this.#options.publisher.republish((topic) => this.#isDiscovery(topic));
    this.#states.atLatest(statesAfter_ms);
  }

  async #flush(): Promise<void> {
    if (this.#connectedAt === undefined) return;
    const wait_ms = this.#hasBegun || !this.#isReplacing ? 0 : this.#untilGap_ms(-Infinity);
    if (this.#isFlushing || wait_ms > 0) {
      this.#due.atLatest(Math.max(settle_ms, wait_ms));
      return;
    }
    this.#hasBegun = true;
    this.#isFlushing = true;
    const devices = this.#options.devices();
    const ids = new Set(devices.map(({ id }) => id));
    for (const id of this.#told.keys()) if (!ids.has(id)) this.#withdraw(id);
    const changed = devices.filter(({ id }) => this.#dirty.delete(id));
    const isDone = await this.#tell(changed);
    this.#isFlushing = false;
    if (isDone) this.#options.onAnnounced();
  }

  /** One device after another; false when the connection was lost meanwhile. */
  async #tell(devices: readonly DeviceSource[]): Promise<boolean> {
    for (const [nth, { id, message }] of devices.entries()) {
      // One device is some 80 entities: nobody waits while a fleet is told.
      await new Promise(setImmediate);
      if (this.#connectedAt === undefined) {
        for (const left of devices.slice(nth)) this.#dirty.add(left.id);
        return false;
      }
      try {
        await this.#bring(message());
      } catch (err) {
        this.#options.log.error({ err, device: id }, 'a device cannot be announced');
      }
    }
    return true;
  }

  async #bring(device: DeviceMessage): Promise<void> {
    const { id } = device;
    const { messages, platforms, isFirstStep } = this.#nextOf(device);
    const told = this.#told.get(id);
    if (told !== undefined && isTold(told, messages)) return;
    if (told !== undefined && this.#mustWait(id, told)) return;
    if (told === undefined) this.#options.subscribe(filterOf(this.#options.discovery, id));
    await this.#note(id, platforms);
    this.#put(id, messages);
    this.#options.onTold?.(messages.size);
    if (isFirstStep) this.#again(id, gap_ms);
  }

  /** What is of no more use in a device's message is named as removed first, and left out later. */
  #nextOf(device: DeviceMessage): Next {
    const { discovery } = this.#options;
    const { id } = device;
    const platforms = platformsOf(device);
    const plain = { messages: messagesOf(discovery, device), platforms, isFirstStep: false };
    const removed = this.#removed(id, platforms);
    if (Object.keys(removed).length === 0) return plain;
    const naming = messagesOf(discovery, device, removed);
    const told = this.#told.get(id);
    if (told !== undefined && isTold(told, naming)) return plain;
    return { messages: naming, platforms: { ...removed, ...platforms }, isFirstStep: true };
  }

  /** A device that is gone. */
  #withdraw(id: string): void {
    const told = this.#told.get(id);
    if (told === undefined || told.messages.size === 0 || this.#mustWait(id, told)) return;
    this.#put(id, none);
  }

  #put(id: string, messages: ReadonlyMap<string, string>): void {
    const { clock, publisher } = this.#options;
    const before = [...(this.#told.get(id)?.messages.keys() ?? [])];
    for (const topic of before) if (!messages.has(topic)) publisher.remove(topic);
    // Who deletes a device does not want what it gets later either.
    if (before.length > 0 && before.every((topic) => this.#deleted.has(topic)))
      for (const topic of messages.keys()) this.#deleted.add(topic);
    for (const [topic, payload] of messages)
      if (!this.#deleted.has(topic)) publisher.retain(topic, payload);
    this.#told.set(id, { messages, at: clock.monotonic() });
  }

  /** Whether it is too early for another message of a device; it is looked at again then. */
  #mustWait(id: string, { at }: Told): boolean {
    const wait_ms = this.#untilGap_ms(at);
    if (wait_ms > 0) this.#again(id, wait_ms);
    return wait_ms > 0;
  }

  /** What was told before the connection was told again with it. */
  #untilGap_ms(told: number): number {
    const since = Math.max(told, this.#connectedAt ?? told);
    return since + gap_ms - this.#options.clock.monotonic();
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

  /** Before it is told: after a crash nobody else knows what Home Assistant has. */
  async #note(id: string, platforms: Platforms): Promise<void> {
    if (isDeepStrictEqual(this.#platforms.get(id), platforms)) return;
    this.#platforms.set(id, platforms);
    await settlesWithin(this.#options.keep(id, platforms), storePatience_ms);
  }
}

function isTold(told: Told, messages: ReadonlyMap<string, string>): boolean {
  if (told.isDeleted === true || told.messages.size !== messages.size) return false;
  return [...messages].every(([topic, payload]) => told.messages.get(topic) === payload);
}
