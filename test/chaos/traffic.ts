import { type MqttClient, connectAsync } from 'mqtt';
import { isEnding, lifeCycleEventSchema } from '../../src/vehicle/life-cycle.js';
import { Cuttable } from '../support/cuttable.js';
import type { Mosquitto } from '../support/mosquitto.js';
import { type Recorder, startRecorder } from '../support/recorder.js';
import { onTeardown } from '../support/teardown.js';
import type { Message } from './commands.js';

/** Sends commands and hears what becomes of them, with sessions at the broker that outlast it. */
export class Traffic {
  /** Of all results. */
  readonly recorder: Recorder;
  readonly senderLine: Cuttable;
  readonly #sender: MqttClient;
  readonly #accepted = new Set<string>();
  readonly #ended = new Set<string>();
  /** Messages that the broker has not acknowledged. */
  #unsent = 0;

  private constructor(recorder: Recorder, senderLine: Cuttable, sender: MqttClient) {
    this.recorder = recorder;
    this.senderLine = senderLine;
    this.#sender = sender;
    recorder.client.on('message', (topic, payload) => {
      if (topic.endsWith('/result')) this.#hear(payload.toString());
    });
  }

  static async start(broker: Mosquitto, base: string): Promise<Traffic> {
    const session = { clean: false, properties: { sessionExpiryInterval: 3600 } };
    const recorder = await startRecorder(broker.url, {
      filter: `${base}/+/result`,
      client: { clientId: 'chaos-recorder', ...session },
    });
    const senderLine = await Cuttable.before(broker.port);
    const sender = await connectAsync(senderLine.url, {
      ...{ protocolVersion: 5, reconnectPeriod: 50, clientId: 'chaos-sender', ...session },
    });
    sender.on('error', () => undefined);
    onTeardown(() => sender.endAsync(true));
    return new Traffic(recorder, senderLine, sender);
  }

  /** How many commands were accepted so far. */
  get accepted(): number {
    return this.#accepted.size;
  }

  /** Those of them without an ending. */
  get open(): string[] {
    return [...this.#accepted].filter((id) => !this.#ended.has(id));
  }

  get unsent(): number {
    return this.#unsent;
  }

  /** At least once, as a sender does that wants to be sure: what is not acknowledged is sent again. */
  send({ topic, payload, retain, properties }: Message): void {
    this.#unsent += 1;
    this.#sender.publish(topic, payload, { qos: 1, retain, properties }, () => {
      this.#unsent -= 1;
    });
  }

  /** To be called while the broker is away; resolves when both clients are back, and their sessions with them. */
  async back(): Promise<void> {
    await Promise.all(
      [this.recorder.client, this.#sender].map(
        (client) => new Promise((resolve) => client.once('connect', resolve)),
      ),
    );
  }

  #hear(payload: string): void {
    const event = lifeCycleEventSchema.parse(JSON.parse(payload));
    if (event.seq === 0) return;
    if (event.status === 'accepted') this.#accepted.add(event.id);
    if (isEnding(event)) this.#ended.add(event.id);
  }
}
