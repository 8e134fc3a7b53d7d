import type { MqttClient } from 'mqtt';
import { within } from '../support/wait.js';
import { randomMessages } from './random-messages.js';

export interface FloodOptions {
  readonly client: MqttClient;
  readonly base: string;
  /** Topic ids of the cars that are flooded. */
  readonly cars: readonly string[];
  /** One that is left in peace: it has to be served between the waves. */
  readonly witness: string;
  readonly seed: number;
}

/** What has come of the messages so far. */
export interface Tally {
  sent: number;
  /** Messages that carried something: each has to be answered once. */
  deserving: number;
  answered: number;
  readonly byCode: Map<string, number>;
}

interface Event {
  readonly id: string;
  readonly seq: number;
  readonly status: string;
  readonly code?: string;
  readonly replayed?: true;
}

const wave = 500;
const patience_ms = 60_000;

/** Sends random messages in waves, and sees to it that the bridge serves an honest command after each. */
export class Flood {
  readonly tally: Tally = { sent: 0, deserving: 0, answered: 0, byCode: new Map() };
  readonly #options: FloodOptions;
  readonly #messages: ReturnType<typeof randomMessages>;
  #onWitness: (event: Event) => void = () => undefined;
  #waves = 0;

  private constructor(options: FloodOptions) {
    this.#options = options;
    this.#messages = randomMessages(options.seed, options.cars);
    options.client.on('message', (_topic, payload) => {
      this.#note(JSON.parse(payload.toString()) as Event);
    });
  }

  static async start(options: FloodOptions): Promise<Flood> {
    const flood = new Flood(options);
    await options.client.subscribeAsync(`${options.base}/+/result`, { qos: 1 });
    return flood;
  }

  /** Resolves when so many more were sent and the bridge has answered for each. */
  async send(count: number): Promise<void> {
    const { client, base } = this.#options;
    for (let left = count; left > 0; left -= wave) {
      const sending: Promise<unknown>[] = [];
      for (let at = 0; at < Math.min(wave, left); at += 1) {
        const { value: message } = this.#messages.next();
        this.tally.sent += 1;
        if (message.payload.length > 0) this.tally.deserving += 1;
        sending.push(client.publishAsync(`${base}/${message.topic}`, message.payload, { qos: 1 }));
      }
      await Promise.all(sending);
      await this.#witness();
    }
  }

  /** An honest command for a car of its own, which succeeds however much noise there was. */
  async #witness(): Promise<void> {
    const { client, base, witness } = this.#options;
    const id = `witness-${String((this.#waves += 1))}`;
    const served = new Promise<void>((resolve, reject) => {
      this.#onWitness = (event) => {
        if (event.id !== id || ['accepted', 'running'].includes(event.status)) return;
        if (event.status === 'succeeded') resolve();
        else reject(new Error(`the honest command ended ${JSON.stringify(event)}`));
      };
    });
    const payload = JSON.stringify({ value: 'cached', id });
    await client.publishAsync(`${base}/${witness}/commands/refresh`, payload, { qos: 1 });
    await within(
      served,
      patience_ms,
      () => `the bridge to serve after ${this.tally.sent} messages`,
    );
  }

  #note(event: Event): void {
    if (event.id.startsWith('witness-')) {
      this.#onWitness(event);
      return;
    }
    const isFirst = event.seq === 0 || event.status === 'accepted' || event.replayed === true;
    if (!isFirst) return;
    this.tally.answered += 1;
    const said = event.replayed === true ? 'replayed' : (event.code ?? event.status);
    this.tally.byCode.set(said, (this.tally.byCode.get(said) ?? 0) + 1);
  }
}
