import { deed } from './command-words.js';
import { confirmed } from './command-forms.js';
import { fill, h, icon, isOff, setOff, setText, show } from './dom.js';
import { isOver } from './lives.js';
import { inPlainWords, statusWord, stepWords } from './plain-words.js';
import { setTime, span, ticking } from './time.js';

/** @typedef {import('./desk.js').Desk} Desk */
/** @typedef {import('./lives.js').Life} Life */

/** How long a success is told. */
const done_ms = 20_000;

/** What became of the newest command of a car, or of the bridge: while it lasts, and what to do where it failed. */
export class Outcome {
  /** @type {Desk} */
  #desk;
  /** @type {string | null} */
  #vehicle;
  #dismissed = '';
  #shown = '';
  #again = h('button', { type: 'button', class: 'quiet' });
  element = h('div', { class: 'outcome', hidden: true });

  /** @param {Desk} desk @param {string | null} vehicle */
  constructor(desk, vehicle) {
    this.#desk = desk;
    this.#vehicle = vehicle;
    this.#again.addEventListener('click', () => {
      const life = this.#life;
      if (life?.asked !== undefined && !isOff(this.#again)) void this.#tryAgain(life);
    });
  }

  get #life() {
    return this.#desk.lives.newest(
      (life) =>
        life.vehicle === this.#vehicle && life.command !== 'cancel' && life.command !== 'otp',
    );
  }

  refresh() {
    const life = this.#life;
    const isTold = life !== undefined && life.id !== this.#dismissed && this.#isWorthTelling(life);
    show(this.element, isTold);
    if (!isTold) return;
    const shown = `${life.id} ${life.status} ${life.seq}`;
    if (shown !== this.#shown) {
      this.#shown = shown;
      this.#draw(life);
    }
    this.#countDown(life);
  }

  /** @param {Life} life */
  #isWorthTelling(life) {
    return life.status !== 'succeeded' || Date.now() - this.#desk.seenAt(life) < done_ms;
  }

  /** @param {Life} life */
  #draw(life) {
    const { id, command, value, event, status } = life;
    this.element.setAttribute('data-status', status);
    const age = ticking('age');
    setTime(age, life.since);
    const title = h(
      'p',
      { class: 'title' },
      icon(pictureOf(life)),
      h('strong', {}, `${deed(command, value)}: ${titleOf(life)}`),
      ' ',
      age,
    );
    const lines = linesOf(life).map((line) => h('p', {}, line));
    const detail = inPlainWords(event).detail;
    const close = () => {
      this.#dismissed = id;
      this.refresh();
    };
    fill(
      this.element,
      title,
      ...lines,
      detail !== '' && isOver(life) && h('p', { class: 'detail' }, detail),
      h(
        'div',
        { class: 'answers' },
        this.#again,
        this.#overrideOf(life),
        isOver(life) && h('button', { type: 'button', class: 'quiet', click: close }, 'Dismiss'),
      ),
    );
  }

  /** @param {Life} life */
  #countDown(life) {
    const { event, asked } = life;
    const mayRepeat = event.retryable === true && event.outcome !== 'unknown';
    const wasAskedHere = asked !== undefined && (mayRepeat || life.status === 'lost');
    show(this.#again, wasAskedHere && isOver(life) && this.#desk.access === 'full');
    const wait_ms = (event.retry_after_s ?? 0) * 1000 - (Date.now() - this.#desk.seenAt(life));
    setOff(this.#again, wait_ms > 0 || !this.#desk.canAct);
    setText(this.#again, wait_ms > 0 ? `Try again in ${span(wait_ms)}` : 'Try again');
  }

  /**
   * A person may know better than the guard of the 12 V battery.
   * @param {Life} life
   */
  #overrideOf({ vehicle, command, event, asked }) {
    const isHeld = event.code === 'battery_guard' && command === 'refresh';
    if (!isHeld || asked === undefined || this.#desk.access !== 'full') return null;
    const wake = async () => {
      const payload = { ...asked.payload, override: true };
      if (this.#desk.canAct) await this.#desk.commander.send({ vehicle, name: 'refresh', payload });
    };
    return h(
      'button',
      { type: 'button', class: 'quiet', click: () => void wake() },
      'Wake all the same',
    );
  }

  /** @param {Life} life */
  async #tryAgain({ asked, value }) {
    if (asked === undefined) return;
    const { vehicle, name } = asked;
    if (
      vehicle === null ||
      (await confirmed(this.#desk.nameOf(vehicle), name, asked.payload['value'] ?? value))
    ) {
      await this.#desk.commander.send(asked);
    }
  }
}

/** @param {Life} life */
function pictureOf(life) {
  if (!isOver(life)) return 'clock';
  return life.status === 'succeeded' ? 'check' : 'warning';
}

/** @param {Life} life */
function titleOf({ status, event }) {
  if (status === 'sending') return 'asking the bridge';
  if (status === 'unsent') return 'not known whether it arrived';
  if (status === 'lost') return 'it did not arrive';
  const isUnsure = status === 'failed' && event.outcome === 'unknown';
  return isUnsure ? 'not known whether it was done' : statusWord(status).toLowerCase();
}

/** @param {Life} life */
function linesOf({ status, event }) {
  if (status === 'sending') return [];
  if (status === 'unsent')
    return ['The connection was lost. What became of it is looked up as soon as it is back.'];
  if (status === 'lost')
    return ['The connection was lost before the bridge had it: nothing was done.'];
  if (status !== 'failed' && status !== 'rejected') return [stepWords({ ...event, status })];
  const { what, toDo } = inPlainWords(event);
  return [`${what}.`, toDo].filter((line) => line !== '');
}
