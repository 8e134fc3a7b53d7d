import { request } from 'node:http';
import { finished } from 'node:stream/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { ControlClient } from '../../src/http/control-client.js';
import { statuses } from '../../src/vehicle/life-cycle.js';
import type { Chance } from '../support/crash-random.js';

export interface RequestsOptions {
  readonly chance: Chance;
  /** Of the control socket. */
  readonly path: string;
  readonly accounts: readonly [string, ...string[]];
  readonly cars: readonly [string, ...string[]];
  /** Commands that can be asked for. */
  readonly ids: () => readonly string[];
}

/** Asked without a client of the project's own, and often left in the middle of the answer. */
const routes = [
  ...['/api/state', '/api/vehicles', '/api/accounts', '/api/events', '/api/openapi.json'],
  ...['/healthz', '/readyz', '/metrics', '/', '/api/commands?limit=0', '/nothing/there'],
] as const;
const signIn_ms = 30_000;
const patience_ms = 10_000;
const mostLate = 3;

/** Random requests over the control socket, one after the other. */
export class Requests {
  readonly violations: string[] = [];
  readonly #options: RequestsOptions;
  readonly #client: ControlClient;
  #count = 0;
  #late = 0;
  #cursor: string | null = null;

  constructor(options: RequestsOptions) {
    this.#options = options;
    this.#client = new ControlClient({ path: options.path, signIn_ms });
  }

  get count(): number {
    return this.#count;
  }

  async ask(): Promise<void> {
    const { chance, accounts, ids } = this.#options;
    this.#count += 1;
    try {
      await chance.oneOf<() => Promise<unknown>>(
        () => this.#raw(),
        () => this.#raw(),
        () => this.#raw(),
        () => this.#page(),
        () => this.#client.eventsIfKnown(chance.oneOf('nobody', ...ids())),
        () => this.#client.accounts(),
        () => this.#client.list(chance.oneOf(...accounts)),
        () => this.#client.command('announce', {}),
        () => this.#client.command('poll_interval', { value: 'never' }),
      )();
      this.#late = 0;
    } catch (error) {
      // One that is late says that the machine has much to do; one after the other, that nobody answers.
      this.#late += 1;
      if (this.#late >= mostLate) this.violations.push(`requests fail: ${String(error)}`);
    }
  }

  /** On through the audit log, or from its beginning. */
  async #page(): Promise<void> {
    const { chance, cars } = this.#options;
    const page = await this.#client.commands({
      limit: chance.whole(1, 100),
      ...(this.#cursor !== null && { cursor: this.#cursor }),
      ...(chance.in(0.3) && { vehicle: chance.oneOf(...cars) }),
      ...(chance.in(0.3) && { status: chance.oneOf(...statuses) }),
    });
    this.#cursor = chance.in(0.2) ? null : page.cursor;
  }

  async #raw(): Promise<void> {
    const { chance, path, cars } = this.#options;
    const route = chance.oneOf(...routes, ...cars.map((car) => `/api/vehicles/${car}`));
    // A stream of events never ends by itself.
    const stays_ms = route === '/api/events' || chance.in(0.3) ? chance.between(0, 300) : undefined;
    const asked = request({ socketPath: path, path: route, agent: false });
    const leave = new AbortController();
    const answered = new Promise<void>((resolve, reject) => {
      asked.on('error', reject);
      asked.on('response', (response) => {
        const { statusCode = 0 } = response;
        if (statusCode === 500) this.violations.push(`${route} answers 500`);
        response.resume();
        finished(response).then(resolve, reject);
      });
    });
    asked.end();
    const late = pause(stays_ms ?? patience_ms, 'late', { signal: leave.signal });
    late.catch(() => undefined);
    const first = await Promise.race([answered, late]);
    leave.abort();
    asked.destroy();
    answered.catch(() => undefined);
    if (first === 'late' && stays_ms === undefined) {
      throw new Error(`${route} was not answered in ${String(patience_ms)} ms`);
    }
  }
}
