import { Socket } from 'node:net';
import { type IClientOptions, type IPublishPacket, type MqttClient, connectAsync } from 'mqtt';
import {
  type LifeCycleEvent,
  endings,
  lifeCycleEventSchema,
} from '../../src/vehicle/life-cycle.js';
import { GrowingList } from './growing-list.js';
import { expectNoSecrets } from './secret-scan.js';
import { onTeardown } from './teardown.js';

export interface Recorded {
  readonly topic: string;
  readonly payload: string;
  readonly qos: number;
  readonly retain: boolean;
  readonly properties: NonNullable<IPublishPacket['properties']>;
  /** `performance.now()` at arrival. */
  readonly at_ms: number;
}

const patience_ms = 10_000;

/** A client that writes down every message of the broker. */
export class Recorder {
  readonly client: MqttClient;
  readonly #received = new GrowingList<Recorded>();

  constructor(client: MqttClient) {
    this.client = client;
    client.on('message', (topic, payload, { qos, retain, properties = {} }) => {
      const at_ms = performance.now();
      this.#received.add({ topic, payload: payload.toString(), qos, retain, properties, at_ms });
    });
  }

  /** Everything so far, in the order of arrival. */
  get messages(): readonly Recorded[] {
    return this.#received.items;
  }

  on(topic: string): readonly Recorded[] {
    return this.messages.filter((message) => message.topic === topic);
  }

  /** The first message that matches, of those from index `from` on: recorded already, or yet to come. */
  waitFor(
    matches: (message: Recorded) => boolean,
    timeout_ms = patience_ms,
    from = 0,
  ): Promise<Recorded> {
    const what = (): string => `a message with ${matches.toString()}${this.#newest()}`;
    return this.#received.waitFor(matches, timeout_ms, what, from);
  }

  /** The next message that matches; nothing recorded already counts. */
  waitForNext(
    matches: (message: Recorded) => boolean,
    timeout_ms = patience_ms,
  ): Promise<Recorded> {
    return this.waitFor(matches, timeout_ms, this.messages.length);
  }

  /** The first message of a topic, or with `payload` the first that says just that. */
  waitForTopic(topic: string, payload?: string, timeout_ms = patience_ms): Promise<Recorded> {
    const matches = (message: Recorded): boolean =>
      message.topic === topic && (payload === undefined || message.payload === payload);
    const what = (): string => `${topic} ${payload ?? ''}${this.#newest()}`;
    return this.#received.waitFor(matches, timeout_ms, what);
  }

  /** The life-cycle events of a command on the result topics, each checked against the contract's schema. */
  events(id: string): LifeCycleEvent[] {
    return this.messages.flatMap((message) => {
      const event = lifeCycleEvent(message);
      return event?.id === id ? [event] : [];
    });
  }

  /** The first event of a command with one of these statuses. */
  async waitForStatus(
    id: string,
    wanted: readonly LifeCycleEvent['status'][],
    timeout_ms = patience_ms,
  ): Promise<LifeCycleEvent> {
    const found = await this.#received.waitFor(
      (message) => {
        const event = lifeCycleEvent(message);
        return event?.id === id && wanted.includes(event.status);
      },
      timeout_ms,
      () => `${id} to be ${wanted.join(' or ')}; it was ${this.#statuses(id)}`,
    );
    return lifeCycleEventSchema.parse(JSON.parse(found.payload));
  }

  waitForEnding(id: string, timeout_ms = patience_ms): Promise<LifeCycleEvent> {
    return this.waitForStatus(id, endings, timeout_ms);
  }

  /** As a person would, without the process that mosquitto_pub is; resolves when the broker has it. */
  async publish(topic: string, payload: string): Promise<void> {
    await this.client.publishAsync(topic, payload, { qos: 1 });
  }

  async stop(): Promise<void> {
    await this.client.endAsync(true);
    // What a person sends to a command topic comes back from the broker, not from the bridge.
    const said = this.messages.filter(({ topic }) => !topic.includes('/commands/'));
    expectNoSecrets(
      said.map(({ topic, payload }) => `${topic} ${payload}`),
      'a message',
    );
  }

  #statuses(id: string): string {
    return this.events(id)
      .map((event) => event.status)
      .join(', ');
  }

  #newest(): string {
    const newest = this.messages.slice(-5).map(({ topic, payload }) => `${topic} ${payload}`);
    return `; the newest messages were\n${newest.join('\n')}`;
  }
}

export interface RecorderOptions {
  /** Default: everything. */
  readonly filter?: string;
  readonly client?: IClientOptions;
}

/** Resolves when the subscription is in force; what is retained arrives as the first messages. */
export async function startRecorder(url: string, options: RecorderOptions = {}): Promise<Recorder> {
  const client = await connectAsync(url, {
    protocolVersion: 5,
    reconnectPeriod: 50,
    ...options.client,
  });
  withoutDelay(client);
  client.on('connect', () => {
    withoutDelay(client);
  });
  const recorder = new Recorder(client);
  onTeardown(() => recorder.stop());
  await client.subscribeAsync(options.filter ?? '#', { qos: 1, rap: true });
  return recorder;
}

function withoutDelay(client: MqttClient): void {
  if (client.stream instanceof Socket) client.stream.setNoDelay(true);
}

/** Each is looked at again and again, and stays what it is. */
const parsed = new WeakMap<Recorded, LifeCycleEvent>();

function lifeCycleEvent(message: Recorded): LifeCycleEvent | undefined {
  if (!message.topic.endsWith('/result')) return undefined;
  const event = parsed.get(message) ?? lifeCycleEventSchema.parse(JSON.parse(message.payload));
  parsed.set(message, event);
  return event;
}
