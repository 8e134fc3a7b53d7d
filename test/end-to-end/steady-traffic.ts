import { randomUUID } from 'node:crypto';
import type { MqttClient } from 'mqtt';
import { isEnding, lifeCycleEventSchema } from '../../src/vehicle/life-cycle.js';

export interface Sent {
  readonly id: string;
  readonly car: string;
  readonly command: string;
  readonly value: string;
}

export interface TrafficOptions {
  readonly client: MqttClient;
  readonly base: string;
  readonly cars: readonly string[];
  /** What a car is sent, one after the other. */
  readonly turns: readonly (readonly [command: string, value: string])[];
  /** How many commands are under way at any time; a car has one at most. */
  readonly underWay: number;
}

/**
 * Somebody who always has so many commands under way: as one ends, the next car gets its next one. So the load is what
 * the machine can bear.
 */
export class SteadyTraffic {
  readonly sent: Sent[] = [];
  readonly #options: TrafficOptions;
  readonly #open = new Map<string, Sent>();
  readonly #turnOf = new Map<string, number>();
  /** Who was sent something last comes last. */
  readonly #waiting: string[];
  #isOver = false;
  #failed: Error | undefined;

  constructor(options: TrafficOptions) {
    this.#options = options;
    this.#waiting = [...options.cars];
    options.client.on('message', this.#hear);
  }

  start(): void {
    while (this.#open.size < this.#options.underWay) this.#next();
  }

  /** Nothing more is sent; what is under way goes on. */
  stop(): void {
    this.#isOver = true;
  }

  get open(): readonly Sent[] {
    return [...this.#open.values()];
  }

  /** How many have ended. */
  get ended(): number {
    if (this.#failed !== undefined) throw this.#failed;
    return this.sent.length - this.#open.size;
  }

  readonly #hear = (topic: string, payload: Buffer): void => {
    if (!topic.endsWith('/result')) return;
    const event = lifeCycleEventSchema.parse(JSON.parse(payload.toString()));
    const one = this.#open.get(event.id);
    if (one === undefined || !isEnding(event)) return;
    this.#open.delete(event.id);
    this.#waiting.push(one.car);
    if (!this.#isOver) this.#next();
  };

  #next(): void {
    const { client, base, turns } = this.#options;
    const car = this.#waiting.shift();
    if (car === undefined) throw new Error('more commands under way than there are cars');
    const turn = this.#turnOf.get(car) ?? this.#turnOf.size;
    this.#turnOf.set(car, turn + 1);
    const [command, value] = turns[turn % turns.length] ?? ['refresh', 'cached'];
    const one = { id: randomUUID(), car, command, value };
    this.#open.set(one.id, one);
    this.sent.push(one);
    const topic = `${base}/${car}/commands/${command}`;
    client
      .publishAsync(topic, JSON.stringify({ id: one.id, value }), { qos: 1 })
      .catch((error: unknown) => {
        this.#failed ??= error instanceof Error ? error : new Error(String(error));
      });
  }
}
