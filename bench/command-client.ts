import type { MqttClient } from 'mqtt';
import { within } from '../test/support/wait.js';
import type { Bridge } from './bridge.js';
import { connect } from './connect.js';

/** Milliseconds from the command's publication to its events' arrival. */
export interface Latency {
  readonly accepted_ms: number;
  readonly succeeded_ms: number;
}

interface Event {
  readonly id: string;
  readonly status: string;
  readonly code?: string;
  readonly message?: string;
}

const patience_ms = 60_000;
const isUnderWay = ['accepted', 'running', 'confirming', 'progress'];

/** Somebody who sends commands to one bridge and listens to nothing but their events. */
export class CommandClient {
  readonly #client: MqttClient;
  readonly #base: string;
  #listener: (topic: string, payload: Buffer) => void = () => undefined;
  #count = 0;

  private constructor(client: MqttClient, base: string) {
    this.#client = client;
    this.#base = base;
    client.on('message', (topic, payload) => {
      this.#listener(topic, payload);
    });
  }

  static async connect(url: string, { base }: Pick<Bridge, 'base'>): Promise<CommandClient> {
    const client = await connect(url);
    await client.subscribeAsync(`${base}/+/result`, { qos: 1 });
    return new CommandClient(client, base);
  }

  /** One command from its publication to its success. */
  measure(car: string, value: string): Promise<Latency> {
    const id = `bench-${(this.#count += 1)}`;
    const succeeded = new Promise<Latency>((resolve, reject) => {
      let accepted_ms = NaN;
      this.#listener = (_topic, payload) => {
        const elapsed_ms = performance.now() - begun;
        const event = JSON.parse(payload.toString()) as Event;
        if (event.id !== id) return;
        if (event.status === 'accepted') accepted_ms = elapsed_ms;
        if (event.status === 'succeeded') resolve({ accepted_ms, succeeded_ms: elapsed_ms });
        else if (!isUnderWay.includes(event.status)) reject(failed(event));
      };
    });
    const begun = performance.now();
    this.send(car, JSON.stringify({ value, id }));
    return within(succeeded, patience_ms, () => `${car} ${value} to succeed`);
  }

  /**
   * Keeps so many commands under way for at least this long, spread over the cars, and answers how many succeeded a
   * second. Resolves when all have ended. Bare words: the bridge gives them their ids.
   */
  perSecond(cars: readonly string[], outstanding: number, duration_ms: number): Promise<number> {
    const begun = performance.now();
    return this.#closedLoop(cars, outstanding, () => performance.now() - begun < duration_ms);
  }

  /** The same until so many commands have been sent. */
  total(cars: readonly string[], outstanding: number, commands: number): Promise<number> {
    let left = commands - outstanding;
    return this.#closedLoop(cars, outstanding, () => (left -= 1) >= 0);
  }

  /** All at once; resolves when each has ended. */
  async burst(commands: readonly (readonly [car: string, value: string])[]): Promise<void> {
    let left = commands.length;
    const ended = new Promise<void>((resolve, reject) => {
      this.#listener = (_topic, payload) => {
        const text = payload.toString();
        if (isUnderWay.some((status) => text.includes(`"status":"${status}"`))) return;
        if (!text.includes('"status":"succeeded"')) reject(failed(JSON.parse(text) as Event));
        else if ((left -= 1) === 0) resolve();
      };
    });
    for (const [car, value] of commands) this.send(car, value);
    await within(ended, patience_ms, () => `${left} of ${commands.length} commands to end`);
  }

  send(car: string, payload: string): void {
    this.#client.publish(`${this.#base}/${car}/commands/refresh`, payload, { qos: 1 });
  }

  async #closedLoop(
    cars: readonly string[],
    outstanding: number,
    more: () => boolean,
  ): Promise<number> {
    const begun = performance.now();
    let underWay = outstanding;
    let ended = 0;
    await new Promise<void>((resolve, reject) => {
      this.#listener = (topic, payload) => {
        const text = payload.toString();
        if (isUnderWay.some((status) => text.includes(`"status":"${status}"`))) return;
        if (!text.includes('"status":"succeeded"')) {
          reject(failed(JSON.parse(text) as Event));
          return;
        }
        ended += 1;
        if (more()) this.send(topic.split('/').at(-2) ?? '', 'cached');
        else if ((underWay -= 1) === 0) resolve();
      };
      for (let index = 0; index < outstanding; index += 1) {
        this.send(cars[index % cars.length] ?? '', 'cached');
      }
    });
    return (ended / (performance.now() - begun)) * 1000;
  }
}

function failed({ status, code, message }: Event): Error {
  return new Error(`a command of the bench ended ${status}: ${code ?? ''} ${message ?? ''}`);
}
