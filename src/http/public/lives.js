/** @typedef {import('../../vehicle/life-cycle.js').LifeCycleEvent} LifeCycleEvent */

/**
 * A command as this page knows it: its newest event, and what it was asked with if it was asked here.
 * `sending` and `unsent` are steps of this page's own: not answered yet; whether it arrived is not known.
 * @typedef {object} Life
 * @property {string} id
 * @property {string | null} vehicle
 * @property {string | null} command
 * @property {unknown} value
 * @property {string} status
 * @property {number} seq
 * @property {string} since when the status began
 * @property {Partial<LifeCycleEvent>} event
 * @property {Asked | undefined} asked
 */
/** @typedef {{ vehicle: string | null, name: string, payload: Record<string, unknown> }} Asked */

const endings = ['succeeded', 'failed', 'rejected', 'expired', 'superseded', 'cancelled', 'lost'];
const mostEnded = 50;

/** @param {Pick<Life, 'status'>} life */
export function isOver({ status }) {
  return endings.includes(status);
}

/** The commands under way, and the newest that are over. */
export class Lives {
  /** @type {Map<string, Life>} oldest first */
  #lives = new Map();
  /** @type {((life: Life) => void)[]} */
  #listeners = [];

  /** @param {(life: Life) => void} listener told of each step */
  listen(listener) {
    this.#listeners.push(listener);
  }

  /** Asked here, and on its way. @param {string} id @param {Asked} asked @param {string} at */
  asked(id, asked, at) {
    const { vehicle, name: command, payload } = asked;
    const value = payload['value'] ?? payload;
    this.#put({
      id,
      vehicle,
      command,
      value,
      status: 'sending',
      seq: -1,
      since: at,
      event: {},
      asked,
    });
  }

  /**
   * A step of a command, whoever asked for it. One that is known, or older, changes nothing.
   * @param {LifeCycleEvent} event
   */
  note(event) {
    const known = this.#lives.get(event.id);
    if (known !== undefined) {
      const isRefusal = event.seq === 0 && known.seq < 0;
      if (event.seq <= known.seq && !isRefusal) return;
      if (isOver(known) && known.status !== 'lost') return;
    }
    const { id, vehicle, command, value, status, seq, at } = event;
    const since = known?.status === status ? known.since : at;
    const kept = value ?? known?.value;
    this.#put({
      id,
      vehicle,
      command,
      value: kept,
      status,
      seq,
      since,
      event,
      asked: known?.asked,
    });
  }

  /**
   * The page's own word on a command that it sent.
   * @param {string} id
   * @param {'unsent' | 'lost'} status
   * @param {string} at
   */
  say(id, status, at) {
    const known = this.#lives.get(id);
    if (known !== undefined && known.seq < 0) this.#put({ ...known, status, since: at });
  }

  /** @returns {Life[]} newest first */
  get open() {
    return [...this.#lives.values()].filter((life) => !isOver(life)).reverse();
  }

  /** @returns {Life[]} newest first */
  get unsent() {
    return this.open.filter(({ status }) => status === 'unsent' || status === 'sending');
  }

  /** @param {string} id */
  get(id) {
    return this.#lives.get(id);
  }

  /** The newest of a car that fits. @param {(life: Life) => boolean} fits */
  newest(fits) {
    return [...this.#lives.values()].findLast(fits);
  }

  /** What a fresh look shows to be over: whoever is not among these has ended while nobody listened. */
  forgetOpenBut(/** @type {ReadonlySet<string>} */ ids) {
    for (const life of this.open) {
      if (!ids.has(life.id) && life.seq >= 0) this.#lives.delete(life.id);
    }
  }

  /** @param {Life} life */
  #put(life) {
    if (!this.#lives.has(life.id)) this.#makeRoom();
    this.#lives.set(life.id, life);
    for (const listener of this.#listeners) listener(life);
  }

  #makeRoom() {
    const over = [...this.#lives.values()].filter(isOver);
    for (const { id } of over.slice(0, Math.max(0, over.length - mostEnded)))
      this.#lives.delete(id);
  }
}
