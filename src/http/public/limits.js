import { fill, h, icon, isOff, setText, show } from './dom.js';
import { setTime, ticking, timeOfDay } from './time.js';

/** @typedef {import('./desk.js').Desk} Desk */
/** @typedef {import('./bridge-document.js').Breaker} Breaker */
/** @typedef {import('./bridge-document.js').Budget} Budget */
/** @typedef {{ account: string, callClass: string, breaker: Breaker }} NamedBreaker */

/** A breaker: whether calls go out, and when it tries again. */
export class BreakerPart {
  #name = h('span', { class: 'name' });
  #chip = h('span', { class: 'chip' });
  #words = h('p', { class: 'words' });
  #until = ticking('until');
  #wait = h('p', {}, 'Tried again in ', this.#until);
  #reset = h('button', { type: 'button', class: 'quiet' }, 'Reset');
  #account = '';
  #desk;
  element = h(
    'li',
    {},
    h('div', { class: 'line' }, this.#name, this.#chip, this.#reset),
    this.#words,
    this.#wait,
  );

  /** @param {Desk} desk */
  constructor(desk) {
    this.#desk = desk;
    this.#reset.addEventListener('click', () => {
      const asked = { vehicle: null, name: 'reset_breaker', payload: { value: this.#account } };
      if (!isOff(this.#reset)) void this.#desk.commander.send(asked);
    });
  }

  /** @param {NamedBreaker} named */
  update({ account, callClass, breaker: { state, failures, retry_at, reason } }) {
    this.#account = account;
    setText(this.#name, `${account}, ${callClass === 'wake' ? 'wakes' : 'reads'}`);
    this.#reset.setAttribute('aria-label', `Reset the breakers of ${account}`);
    const isClosed = state === 'closed';
    const word = isClosed
      ? 'Closed: calls go out'
      : state === 'open'
        ? 'Open: nothing goes out'
        : 'Half open: one call tries';
    fill(this.#chip, icon(isClosed ? 'check' : 'warning'), word);
    this.#chip.className = `chip ${isClosed ? 'good' : 'bad'}`;
    const counted =
      failures > 0 ? `${failures} failure${failures === 1 ? '' : 's'} in a row. ` : '';
    setText(this.#words, `${counted}${reason ?? ''}`);
    show(this.#words, this.#words.textContent !== '');
    show(this.#wait, state === 'open' && retry_at !== null);
    setTime(this.#until, retry_at);
    show(this.#reset, !isClosed && this.#desk.access === 'full');
  }
}

/** @typedef {{ name: string, budget: Budget }} NamedBudget */

/** @param {NamedBudget} named */
export function budgetPart({ name }) {
  const figure = h('span', { class: 'figure' });
  const level = h('span', { class: 'level' });
  const bar = h(
    'div',
    { class: 'bar', role: 'meter', 'aria-label': `Budget of ${name}, used`, 'aria-valuemin': 0 },
    level,
  );
  const resets = ticking('until');
  const words = h('p', { class: 'words' });
  const element = h(
    'li',
    {},
    h('div', { class: 'line' }, h('span', {}, name), figure),
    bar,
    words,
    h('p', {}, 'Counted anew in ', resets),
  );
  return {
    element,
    /** @param {NamedBudget} named */
    update({ budget: { used, left, limit, resets_at, state, blocked_until } }) {
      const said = limit === null ? `${used} used, no limit known` : `${left} of ${limit} left`;
      setText(figure, said);
      show(bar, limit !== null);
      bar.setAttribute('aria-valuemax', String(limit ?? 0));
      bar.setAttribute('aria-valuenow', String(Math.min(used, limit ?? used)));
      bar.setAttribute('aria-valuetext', said);
      level.style.setProperty(
        'width',
        `${limit === null ? 0 : Math.min(100, (used / limit) * 100)}%`,
      );
      bar.classList.toggle('low', state !== 'ok');
      setTime(resets, resets_at);
      setText(words, budgetWords(state, blocked_until));
      show(words, state !== 'ok');
    },
  };
}

/** @param {string} state @param {string | null} until */
function budgetWords(state, until) {
  if (state === 'reserve') return 'What is left is kept for people: polls and jobs wait.';
  if (state !== 'blocked') return '';
  const end = until === null ? '' : ` until ${timeOfDay(until)}`;
  return `The maker's own limit is reached: nothing is sent${end}.`;
}
