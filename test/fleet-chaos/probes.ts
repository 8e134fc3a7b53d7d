import { setTimeout as pause } from 'node:timers/promises';
import type { Traffic } from '../chaos/traffic.js';
import { lifeCycleEventSchema } from '../../src/vehicle/life-cycle.js';
import { type Fleet, base } from './fleet.js';

/** A broker that was killed may have forgotten what it was given last. */
const again_ms = 3_000;
const look_ms = 50;
const idOf = /^probe-(\d+)-(.+)$/;

export interface Answered {
  /** How long the last one took. */
  readonly after_ms: number;
  /** The accounts that did not answer in all the time there was. */
  readonly missing: readonly string[];
}

/**
 * Finds out whether every account is served: each gets a command that its owner refuses, without a word in the journal.
 * What nobody takes waits at the broker for the next owner.
 */
export class Probes {
  readonly #traffic: Traffic;
  readonly #fleet: Fleet;
  #round = 0;
  #missing = new Set<string>();

  constructor(traffic: Traffic, fleet: Fleet) {
    this.#traffic = traffic;
    this.#fleet = fleet;
    traffic.recorder.client.on('message', (topic, payload) => {
      if (topic.endsWith('/result')) this.#hear(payload.toString());
    });
  }

  /** Resolves when every account has answered once, or at `until` (`performance.now()`). */
  async allAnswer(since: number, until: number): Promise<Answered> {
    this.#round += 1;
    this.#missing = new Set(this.#fleet.accounts);
    let sentAt = -Infinity;
    while (this.#missing.size > 0 && performance.now() < until) {
      if (performance.now() - sentAt > again_ms) {
        sentAt = performance.now();
        for (const account of this.#missing) this.#ask(account);
      }
      await pause(look_ms);
    }
    return { after_ms: performance.now() - since, missing: [...this.#missing] };
  }

  static isProbe(id: string): boolean {
    return idOf.test(id);
  }

  #ask(account: string): void {
    const [car] = this.#fleet.carsOf(account);
    this.#traffic.send({
      topic: `${base}/${car?.alias ?? ''}/commands/refresh`,
      payload: JSON.stringify({ id: `probe-${String(this.#round)}-${account}`, value: 'nothing' }),
      ...{ retain: false, properties: {} },
    });
  }

  #hear(payload: string): void {
    const { id, code } = lifeCycleEventSchema.parse(JSON.parse(payload));
    const [, round, account = ''] = idOf.exec(id) ?? [];
    // Who speaks for the bridge answers for a car that nobody knows yet: that is not its owner.
    if (code === 'invalid_payload' && Number(round) === this.#round) this.#missing.delete(account);
  }
}
