import { Unreachable } from './api.js';
import { now } from './time.js';

/** @typedef {import('./api.js').Api} Api */
/** @typedef {import('./lives.js').Lives} Lives */
/** @typedef {import('./lives.js').Asked} Asked */

/** Sends commands, each with an id of its own: so it is never done twice, and is found again after a lost connection. */
export class Commander {
  /** @type {Api} */
  #api;
  /** @type {Lives} */
  #lives;

  /** @param {Api} api @param {Lives} lives */
  constructor(api, lives) {
    this.#api = api;
    this.#lives = lives;
  }

  /**
   * @param {Asked} asked a car, or null for the bridge
   * @returns {Promise<string>} its id; what becomes of it is told by `lives`
   */
  async send(asked) {
    const id = newId();
    const { vehicle, name, payload } = asked;
    // A one-time code is kept nowhere.
    this.#lives.asked(id, name === 'otp' ? { ...asked, payload: {} } : asked, utcNow());
    const to = vehicle === null ? 'bridge' : `vehicles/${encodeURIComponent(vehicle)}`;
    try {
      const { status, body } = await this.#api.post(`${to}/commands/${name}`, { ...payload, id });
      // 202 says no more than the event that is on its way.
      if (status !== 202) this.#refused(id, asked, body);
    } catch (error) {
      if (!(error instanceof Unreachable)) throw error;
      this.#lives.say(id, 'unsent', utcNow());
    }
    return id;
  }

  /** @param {string} id */
  async cancel(id) {
    try {
      const { ok, body } = await this.#api.delete(`commands/${encodeURIComponent(id)}`);
      return ok ? undefined : body;
    } catch (error) {
      if (!(error instanceof Unreachable)) throw error;
      return { code: 'timeout', message: 'the bridge did not answer' };
    }
  }

  /** After a lost connection: what became of those whose answer was lost. */
  async findLost() {
    for (const { id } of this.#lives.unsent) {
      const { ok, status, body } = await this.#api.get(`commands/${encodeURIComponent(id)}`);
      if (ok) for (const event of body.events) this.#lives.note(event);
      else if (status === 404) this.#lives.say(id, 'lost', utcNow());
    }
  }

  /**
   * @param {string} id
   * @param {Asked} asked
   * @param {any} body an event, or a refusal that is none
   */
  #refused(id, { vehicle, name }, body) {
    const event = body !== null && 'seq' in body ? body : { status: 'rejected', ...body };
    this.#lives.note({ schema: 1, seq: 0, at: utcNow(), vehicle, command: name, ...event, id });
  }
}

/** Made here, as `crypto.randomUUID` is not there without TLS. */
function newId() {
  const random = crypto.getRandomValues(new Uint8Array(12));
  return `page-${[...random].map((byte) => byte.toString(16).padStart(2, '0')).join('')}`;
}

function utcNow() {
  return new Date(now()).toISOString();
}
