import { vi } from 'vitest';
import type { Clock } from '../../src/daemon/clock.js';
import { Announcer } from '../../src/homeassistant/announcer.js';
import { deviceIdIn, type Form } from '../../src/homeassistant/device-message.js';
import type { DeviceSource } from '../../src/homeassistant/discovery.js';
import { Publisher } from '../../src/mqtt/publisher.js';
import { WrittenTopics } from '../../src/mqtt/written-topics.js';
import { createBridgeStore } from '../../src/store/bridge-store.js';
import { MemoryStore } from '../dispatch/memory-store.js';
import { aLog } from '../mqtt/silent-log.js';

export interface Heard {
  readonly topic: string;
  readonly payload: string;
  readonly at: number;
}

export interface WorldOptions {
  readonly clock: Clock;
  readonly form?: Form;
  /** A broker of MQTT 3.1.1 sends us what we have published ourselves. */
  readonly hasEcho?: boolean;
}

export const prefix = 'homeassistant';
export const statusTopic = 'homeassistant/status';
export const stateTopic = 'bluelink/car/state';

/** A bridge that announces devices, a broker that keeps what is retained, and a Home Assistant that listens. */
export class AnnouncedWorld {
  /** The keys of the components of each device that there is, the bridge's first; all of them are sensors. */
  readonly devices = new Map<string, Set<string>>();
  areAllKnown = true;
  readonly store = new MemoryStore();
  readonly heard: Heard[] = [];
  /** What the broker has. */
  readonly retained = new Map<string, string>();
  /** What Home Assistant has: omitting a component does not remove it. */
  readonly known = new Map<string, Set<string>>();
  readonly subscribed = new Set<string>();
  /** How often everything was announced. */
  announced = 0;
  /** Cars that Home Assistant heard of before the bridge through which they are reached. */
  readonly carsBeforeBridge: string[] = [];
  publisher!: Publisher;
  announcer!: Announcer;
  readonly #options: WorldOptions;
  #isConnected = false;
  #hasBridge = false;
  #bridges = 0;
  #lines: { level: string; msg: string }[] = [];

  private constructor(options: WorldOptions) {
    this.#options = options;
  }

  static async create(options: WorldOptions): Promise<AnnouncedWorld> {
    const world = new AnnouncedWorld(options);
    await world.startBridge();
    return world;
  }

  get form(): Form {
    return this.#options.form ?? 'device';
  }

  /** A new process on the same store; the one before is killed. */
  async startBridge(): Promise<void> {
    this.#isConnected = false;
    if (this.#bridges > 0) this.announcer.stop();
    const number = (this.#bridges += 1);
    const { log, lines } = aLog();
    const stored = createBridgeStore(this.store);
    const record = { add: stored.addWrittenTopic, delete: stored.deleteWrittenTopic };
    const written = new WrittenTopics(record, await stored.writtenTopics());
    const publish = (topic: string, payload: string): Promise<void> => {
      if (number !== this.#bridges || !this.#isConnected) return Promise.reject(new Error('lost'));
      this.#take(topic, payload, true);
      return Promise.resolve();
    };
    this.publisher = new Publisher(publish, log, written);
    this.announcer = new Announcer({
      discovery: { form: this.form, prefix },
      statusTopic,
      clock: this.#options.clock,
      log,
      publisher: this.publisher,
      subscribe: (filter) => {
        this.subscribed.add(filter);
      },
      devices: () => this.#sources(),
      areAllKnown: () => this.areAllKnown,
      kept: await stored.announced(),
      keep: stored.putAnnounced,
      onAnnounced: () => {
        this.announced += 1;
        this.#clearLeftovers(written);
      },
      random: () => 0.5,
    });
    this.#lines = lines;
    const left = this.#clearLeftovers(written);
    this.announcer.start({ isReplacing: left.length > 0 });
  }

  /** What has been logged as a warning or worse since the bridge was started. */
  get warnings(): string[] {
    return this.#lines.filter(({ level }) => level !== 'debug').map(({ msg }) => msg);
  }

  connect(): void {
    if (this.#isConnected) return;
    this.#isConnected = true;
    this.publisher.connected();
    this.announcer.connected();
  }

  disconnect(): void {
    if (!this.#isConnected) return;
    this.#isConnected = false;
    this.publisher.disconnected();
    this.announcer.disconnected();
  }

  setDevice(id: string, ...components: string[]): void {
    this.devices.set(id, new Set(components));
    this.announcer.changed();
  }

  removeDevice(id: string): void {
    this.devices.delete(id);
    this.announcer.changed();
  }

  /** A person deletes a device in Home Assistant: its topics are cleared, once for each of its entities. */
  deleteInHomeAssistant(id: string): void {
    const components = this.known.get(id) ?? new Set();
    const topics = [...this.retained.keys()].filter((topic) => this.#idIn(topic) === id);
    this.known.delete(id);
    for (let nth = 0; nth < components.size; nth += 1) {
      for (const topic of topics) {
        this.#take(topic, '', false);
        if (this.#isConnected) this.announcer.receive(topic, '', false);
      }
    }
  }

  birth({ isRetained = false } = {}): void {
    if (this.#isConnected) this.announcer.receive(statusTopic, 'online', isRetained);
  }

  /** As the command does. */
  announce(): void {
    this.announcer.announce();
    this.publisher.republish();
  }

  /** The messages of a device, as they came, from one of all to another. */
  messagesOf(id: string, from = 0, until?: number): Heard[] {
    return this.heard.slice(from, until).filter(({ topic }) => this.#idIn(topic) === id);
  }

  /** The names of the components in the newest message of a device, or what has become of it. */
  componentsOf(id: string): string[] | undefined {
    const payload = this.retained.get(`${prefix}/device/${id}/config`);
    return payload === undefined ? undefined : Object.keys(componentsIn(payload)).sort();
  }

  #idIn(topic: string): string | undefined {
    return deviceIdIn({ form: this.form, prefix }, topic);
  }

  #sources(): DeviceSource[] {
    return [...this.devices].map(([id, keys]) => ({
      id,
      message: () => {
        if (keys.has('broken')) throw new Error('this device cannot be described');
        const platform = 'sensor' as const;
        const components = [...keys]
          .sort()
          .map((key) => [key, { platform, unique_id: `${id}_${key}` }] as const);
        const device = { identifiers: [id] };
        return { id, device, origin: {}, components: Object.fromEntries(components) };
      },
    }));
  }

  #clearLeftovers({ all }: WrittenTopics): string[] {
    const belongs = this.announcer.belonging();
    const left = all.filter((topic) => topic.startsWith(`${prefix}/`) && !belongs(topic));
    for (const topic of left) this.publisher.remove(topic);
    return left;
  }

  #take(topic: string, payload: string, isOurs: boolean): void {
    if (isOurs) this.heard.push({ topic, payload, at: this.#options.clock.monotonic() });
    if (payload === '') this.retained.delete(topic);
    else this.retained.set(topic, payload);
    this.#tellHomeAssistant(topic, payload);
    if (isOurs && this.#options.hasEcho === true) {
      const { announcer } = this;
      queueMicrotask(() => {
        announcer.receive(topic, payload, false);
      });
    }
  }

  #tellHomeAssistant(topic: string, payload: string): void {
    const id = this.#idIn(topic);
    if (id === undefined) return;
    if (id === 'bridge') this.#hasBridge = true;
    else if (payload !== '' && !this.#hasBridge) this.carsBeforeBridge.push(id);
    const known = this.known.get(id) ?? new Set<string>();
    for (const [key, isThere] of this.#changesIn(topic, payload, known))
      if (isThere) known.add(key);
      else known.delete(key);
    if (known.size === 0) this.known.delete(id);
    else this.known.set(id, known);
  }

  /** Which components a message makes or removes. */
  #changesIn(topic: string, payload: string, known: ReadonlySet<string>): [string, boolean][] {
    if (this.form === 'component') return [[topic.split('/').at(-2) ?? '', payload !== '']];
    if (payload === '') return [...known].map((key) => [key, false]);
    const components = Object.entries(componentsIn(payload));
    return components.map(([key, component]) => [key, 'unique_id' in component]);
  }
}

function componentsIn(payload: string): Record<string, object> {
  return (JSON.parse(payload) as { components: Record<string, object> }).components;
}

export async function seconds(count: number): Promise<void> {
  await vi.advanceTimersByTimeAsync(count * 1000);
}
