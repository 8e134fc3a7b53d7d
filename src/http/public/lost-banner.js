import { fill, h, setText, show } from './dom.js';
import { ago, fullTime, span } from './time.js';

/** @typedef {import('./live.js').Live} Live */

/** Says that what is shown is old, how old, and when it is tried again. */
export class LostBanner {
  #element;
  #live;
  #age = h('span');
  #next = h('span');
  #isShown = false;

  /** @param {Element} element @param {() => Live} live */
  constructor(element, live) {
    this.#element = element;
    this.#live = live;
  }

  /** @param {boolean} isLost */
  update(isLost) {
    if (isLost !== this.#isShown) {
      this.#isShown = isLost;
      show(this.#element, isLost);
      const retry = h('button', { type: 'button', click: () => this.#live().tryNow() }, 'Try now');
      // The words that change each second are not read out each second.
      const clock = h('span', { 'aria-live': 'off' }, this.#age, ' ', this.#next);
      fill(
        this.#element,
        h('strong', {}, 'The connection to the bridge is lost.'),
        ' ',
        clock,
        retry,
      );
    }
    if (isLost) this.refresh();
  }

  refresh() {
    if (!this.#isShown) return;
    const { heardAt, nextTry, refusal } = this.#live();
    const old =
      heardAt === 0
        ? ''
        : `What you see is of ${fullTime(new Date(heardAt).toISOString())} (${ago(Date.now() - heardAt)}).`;
    setText(this.#age, refusal === '' ? old : `It says: ${refusal}. ${old}`);
    const wait_ms = nextTry - Date.now();
    setText(this.#next, wait_ms > 0 ? `Tried again in ${span(wait_ms)}.` : 'Trying …');
  }
}
