import type { MqttClient } from 'mqtt';
import { randomMessages } from '../fuzz/random-messages.js';
import type { Chance } from '../support/crash-random.js';

export interface SoakCars {
  /** Topic ids of the cars that take every command. */
  readonly simulated: readonly [string, ...string[]];
  /** Of the car behind a Python process, which is only read. */
  readonly sidecar: string | undefined;
}

export interface TrafficOptions {
  readonly base: string;
  readonly client: MqttClient;
  readonly chance: Chance;
  readonly cars: SoakCars;
}

interface Message {
  /** Below the base topic. */
  readonly topic: string;
  readonly payload: string | Buffer;
}

type Make = () => Message;

/**
 * A bridge remembers the ids that senders choose for an hour. From a set that never grows they fill that window once,
 * and what comes later is either known or free again.
 */
const chosenIds = 200;
const mostIdsKnown = 50;

/** Endless random commands: right ones, jobs, those to the bridge, known ids, and noise. */
export class Traffic {
  readonly #options: TrafficOptions;
  readonly #noise: ReturnType<typeof randomMessages>;
  readonly #makers: readonly (readonly [share: number, make: Make])[] = [
    [36, () => this.#refresh()],
    [30, () => this.#remote()],
    [4, () => this.#ofBridge()],
    [1, () => this.#job()],
    [16, () => this.#noise.next().value],
    [5, () => this.#chosenId()],
    [4, () => this.#knownId()],
    [3, () => this.#withManners()],
  ];
  readonly #wheel: readonly Make[];
  /** Of the bridge's own making, the newest last. */
  readonly #ids: string[] = [];
  #sent = 0;
  #unsent = 0;

  constructor(options: TrafficOptions) {
    this.#options = options;
    this.#noise = randomMessages(options.chance.whole(0, 1e6), options.cars.simulated);
    this.#wheel = this.#makers.flatMap(([share, make]) =>
      Array.from({ length: share }, () => make),
    );
  }

  get sent(): number {
    return this.#sent;
  }

  /** Messages that the broker has not acknowledged. */
  get unsent(): number {
    return this.#unsent;
  }

  /** Ids that somebody may send again, cancel, or ask for. */
  get ids(): readonly string[] {
    return this.#ids;
  }

  noteId(id: string): void {
    this.#ids.push(id);
    if (this.#ids.length > mostIdsKnown) this.#ids.shift();
  }

  send(count: number): void {
    const { client, base, chance } = this.#options;
    for (let left = count; left > 0; left -= 1) {
      if (chance.in(0.01)) this.#publish('homeassistant/status', 'online');
      const { topic, payload } = pick(chance, this.#wheel)();
      this.#publish(`${base}/${topic}`, payload, {
        // Whoever asks for it is answered there as well.
        ...(chance.in(0.1) && {
          properties: { responseTopic: 'soak/answers', correlationData: Buffer.from(topic) },
        }),
      });
    }
    if (!client.connected && this.#unsent > 5_000) throw new Error('the broker takes nothing');
  }

  /** Waiting commands end. */
  clearQueue(): void {
    this.#publish(`${this.#options.base}/bridge/commands/clear_queue`, 'PRESS');
  }

  #publish(topic: string, payload: string | Buffer, options: object = {}): void {
    this.#sent += 1;
    this.#unsent += 1;
    this.#options.client.publish(topic, payload, { qos: 1, ...options }, () => {
      this.#unsent -= 1;
    });
  }

  #car(): string {
    return pick(this.#options.chance, this.#options.cars.simulated);
  }

  #refresh(): Message {
    const { chance, cars } = this.#options;
    const car = cars.sidecar !== undefined && chance.in(0.4) ? cars.sidecar : this.#car();
    const age = `smart:${String(chance.whole(1, 90_000))}`;
    const payload = chance.oneOf('cached', 'cached', 'cached', 'force', 'smart', age);
    return { topic: `${car}/commands/refresh`, payload };
  }

  #remote(): Message {
    const { chance } = this.#options;
    const tens = (low: number): string => String(chance.whole(low, 10) * 10);
    const start = {
      ...{ value: 'start', temperature: chance.whole(32, 60) / 2 },
      ...{ duration: chance.whole(1, 10), defrost: chance.in(0.5) },
    };
    const [name, payload] = pick(chance, [
      ['lock', chance.oneOf('lock', 'unlock')],
      ['lock', chance.oneOf('LOCK', 'unlock')],
      ['climate', JSON.stringify(start)],
      ['climate', chance.oneOf('start', 'stop', 'auto', 'off')],
      ['climate_temperature', String(chance.whole(16, 30))],
      ['charge', chance.oneOf('start', 'stop', 'on')],
      ['charge_limit_ac', tens(5)],
      ['charge_limit_dc', tens(5)],
      ['charge_limits', JSON.stringify({ ac: 80, dc: Number(tens(5)) })],
      ['windows', chance.oneOf('open', 'close', 'vent')],
      ['horn', 'PRESS'],
      ['lights', 'PRESS'],
    ]);
    return { topic: `${this.#car()}/commands/${name}`, payload };
  }

  #ofBridge(): Message {
    const { chance } = this.#options;
    const [name, payload] = pick(chance, [
      ['refresh_all', chance.oneOf('cached', 'force', 'smart')],
      ['announce', 'PRESS'],
      ['reset_breaker', 'PRESS'],
      ['clear_queue', 'PRESS'],
      ['polling', chance.oneOf('on', 'off')],
      ['poll_interval', String(chance.whole(5, 60))],
      // Louder ones would only fill the memory of whoever reads the log.
      ['log_level', chance.oneOf('error', 'warn')],
      ['cancel', chance.oneOf('nothing', ...this.#ids)],
    ]);
    return { topic: `bridge/commands/${name}`, payload };
  }

  #job(): Message {
    const month = `2026-0${String(this.#options.chance.whole(1, 9))}`;
    return { topic: `${this.#car()}/commands/trips`, payload: JSON.stringify({ month }) };
  }

  /** Always the same car and payload for an id, so that it is known when it comes again. */
  #chosenId(): Message {
    const { chance, cars } = this.#options;
    const number = chance.whole(1, chosenIds);
    const car = cars.simulated[number % cars.simulated.length] ?? cars.simulated[0];
    const payload = JSON.stringify({ id: `soak-${String(number)}`, value: 'cached' });
    return { topic: `${car}/commands/refresh`, payload };
  }

  /** An id that the bridge has made: known with this car and payload, reused with any other. */
  #knownId(): Message {
    const id = this.#options.chance.oneOf('soak-1', ...this.#ids);
    const payload = JSON.stringify({ id, value: 'cached' });
    return { topic: `${this.#car()}/commands/refresh`, payload };
  }

  #withManners(): Message {
    const { chance } = this.#options;
    const manner = chance.oneOf<object>({ expires_in: 1 }, { dry_run: true }, { expires_in: 30 });
    const payload = JSON.stringify({ value: chance.oneOf('lock', 'unlock'), ...manner });
    return { topic: `${this.#car()}/commands/lock`, payload };
  }
}

function pick<T>(chance: Chance, [first, ...others]: readonly [T, ...T[]] | readonly T[]): T {
  if (first === undefined) throw new RangeError('nothing to choose from');
  return chance.oneOf(first, ...others);
}
