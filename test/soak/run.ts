import { setTimeout as pause } from 'node:timers/promises';
import type { OnMessageCallback } from 'mqtt';
import { ControlClient } from '../../src/http/control-client.js';
import { auditLimits } from '../../src/vehicle/audit-entry.js';
import { isEnding } from '../../src/vehicle/life-cycle.js';
import { Chance } from '../support/crash-random.js';
import { within } from '../support/wait.js';
import { Requests } from './requests.js';
import { hold } from './sample.js';
import { Traffic } from './traffic.js';
import { Troubles } from './troubles.js';
import type { Sample } from './verdict.js';
import { type SoakWorld, base } from './world.js';

export interface Pace {
  /** Between two samples. */
  readonly every_ms: number;
  /** Without any work, before each sample. */
  readonly rest_ms: number;
}

/** More than any command takes: a job that pauses, behind a full queue. */
const endings_ms = 120_000;
const unanswered_ms = 10_000;

/** Keeps one daemon busy and in trouble, and looks now and then at what it holds. */
export class Soak {
  readonly traffic: Traffic;
  readonly requests: Requests;
  readonly troubles: Troubles;
  readonly #world: SoakWorld;
  readonly #pace: Pace;
  /** Each is drawn from a source of its own, so that one more of one changes nothing of the others. */
  readonly #ofTraffic: Chance;
  readonly #ofTroubles: Chance;
  readonly #ofRequests: Chance;
  readonly #found: string[] = [];
  readonly #since = performance.now();
  #witnesses = 0;

  constructor(world: SoakWorld, seed: number, pace: Pace) {
    const { daemon, broker, line, simulated, pythons, cars, sender: client, accounts } = world;
    this.#world = world;
    this.#pace = pace;
    this.#ofTraffic = new Chance(seed * 10 + 1);
    this.#ofTroubles = new Chance(seed * 10 + 2);
    this.#ofRequests = new Chance(seed * 10 + 3);
    this.traffic = new Traffic({ base, client, cars, chance: this.#ofTraffic });
    this.troubles = new Troubles({
      ...{ chance: this.#ofTroubles, daemon, broker, line, simulated, pythons },
    });
    this.requests = new Requests({
      ...{ chance: this.#ofRequests, path: world.controlPath, accounts },
      cars: cars.simulated,
      ids: () => this.traffic.ids,
    });
  }

  /** Every breach of a promise so far. */
  get violations(): readonly string[] {
    const { ledger, daemon } = this.#world;
    const leaks = daemon.lines.filter((line) => line.includes('MaxListenersExceededWarning'));
    return [...this.#found, ...ledger.violations, ...this.requests.violations, ...leaks];
  }

  /** What has a bound that is reached with time alone is filled at once. */
  async fill(messages: number): Promise<void> {
    for (let left = messages; left > 0; left -= 250) {
      this.traffic.send(Math.min(left, 250));
      await this.#witness();
    }
  }

  /** Work and trouble for the time between two samples; then peace, and a look. */
  async sample(): Promise<Sample & { readonly inside: unknown }> {
    const until = performance.now() + this.#pace.every_ms;
    await Promise.all([
      this.#repeat(until, 20, 380, this.#ofTraffic, () => {
        this.traffic.send(this.#ofTraffic.whole(1, 9));
      }),
      this.#repeat(until, 100, 500, this.#ofRequests, () => this.requests.ask()),
      this.#repeat(until, 200, 1800, this.#ofTroubles, () => this.troubles.happen()),
    ]);
    await this.#rest();
    const { daemon, probe, ledger } = this.#world;
    const { held, inside } = await hold(daemon, probe);
    return {
      at_h: (performance.now() - this.#since) / 3_600_000,
      commands: ledger.accepted,
      terminated: this.troubles.counts.get('thread terminated') ?? 0,
      ...{ held, inside },
    };
  }

  /** The audit log tells what the events told; then the daemon ends, and leaves nothing. */
  async end(): Promise<void> {
    const { daemon, ledger } = this.#world;
    const { taken, open } = await this.#audited();
    if (taken !== ledger.accepted) {
      const told = `${String(ledger.accepted)} commands were accepted`;
      this.#found.push(`${told}, the audit log knows ${String(taken)}`);
    }
    this.#found.push(...open.map((id) => `${id}: has no ending in the audit log`));
    try {
      const { code, signal } = await daemon.stop();
      if (code !== 0) this.#found.push(`the daemon ended with ${String(signal ?? code)}`);
    } catch (error) {
      this.#found.push(String(error));
    }
  }

  async #repeat(
    until: number,
    shortest_ms: number,
    longest_ms: number,
    chance: Chance,
    work: () => unknown,
  ): Promise<void> {
    while (performance.now() < until) {
      await work();
      await pause(chance.between(shortest_ms, longest_ms));
    }
  }

  async #rest(): Promise<void> {
    const { ledger, daemon } = this.#world;
    await this.troubles.cease();
    // What is tried again in ten seconds would be waited for.
    this.traffic.clearQueue();
    await this.#witness();
    const late = performance.now() + endings_ms;
    while (ledger.open.length > 0 && performance.now() < late) await pause(100);
    this.#found.push(...ledger.open.map((id) => `${id}: no ending in ${String(endings_ms)} ms`));
    await pause(this.#pace.rest_ms);
    // What was said long ago is of no further use to anybody.
    const { items } = daemon.output;
    if (items.length > 2_000) items.splice(0, items.length - 1_000);
  }

  /** Commands arrive in order: once the bridge answers this one, it has all that was sent before. */
  async #witness(): Promise<void> {
    const { sender, cars } = this.#world;
    const [car] = cars.simulated;
    const topic = 'soak/witness';
    await sender.subscribeAsync(topic, { qos: 1 });
    const late = performance.now() + endings_ms;
    for (let isAnswered = false; !isAnswered;) {
      if (performance.now() > late) throw new Error('the bridge answers nobody');
      const word = Buffer.from(`witness ${String((this.#witnesses += 1))}`);
      const properties = { responseTopic: topic, correlationData: word };
      const answered = this.#answer(word);
      await sender.publishAsync(`${base}/${car}/commands/refresh`, 'cached', {
        ...{ qos: 1, properties },
      });
      // A refusal is said once, and may be lost with a connection.
      isAnswered = await within(answered, unanswered_ms, () => 'an answer').then(
        () => true,
        () => false,
      );
    }
  }

  #answer(word: Buffer): Promise<void> {
    const { sender } = this.#world;
    return new Promise((resolve) => {
      const hear = (...[topic, payload, { properties }]: Heard): void => {
        if (topic !== 'soak/witness' || properties?.correlationData?.equals(word) !== true) return;
        const event = JSON.parse(payload.toString()) as { id: string; seq: number };
        if (event.seq > 0) this.traffic.noteId(event.id);
        sender.off('message', hear);
        resolve();
      };
      sender.on('message', hear);
      setTimeout(() => sender.off('message', hear), unanswered_ms).unref();
    });
  }

  /** How many commands the audit log knows that were taken, and which of them have not ended. */
  async #audited(): Promise<{ readonly taken: number; readonly open: readonly string[] }> {
    const client = new ControlClient({ path: this.#world.controlPath, signIn_ms: 0 });
    const open: string[] = [];
    let taken = 0;
    let cursor: string | undefined;
    do {
      const page = await client.commands({
        limit: auditLimits.max,
        ...(cursor !== undefined && { cursor }),
      });
      for (const { id, status, steps } of page.commands) {
        if (!steps.some((step) => step.status === 'accepted')) continue;
        taken += 1;
        if (!isEnding({ status })) open.push(id);
      }
      cursor = page.cursor ?? undefined;
    } while (cursor !== undefined);
    return { taken, open };
  }
}

type Heard = Parameters<OnMessageCallback>;
