import { Unreachable } from './api.js';
import { formOf } from './dialog.js';
import { fill, h, icon, isOff, partsIn, setOff, setText, show } from './dom.js';
import { isOver } from './lives.js';
import { accountWords, inPlainWords, retryWords } from './plain-words.js';
import { fullTime } from './time.js';

/** @typedef {import('../account-report.js').AccountReport} AccountReport */
/** @typedef {import('./desk.js').Desk} Desk */

/** A sign-in takes as long as the maker does. */
const signIn_ms = 200_000;

/** The accounts: how each stands, its one-time code, and a sign-in by hand. */
export class Accounts {
  /** @type {AccountPart[]} */
  #shown = [];
  #parts;

  /**
   * @param {Element} section
   * @param {Desk} desk
   * @param {() => void} onChanged an account may stand otherwise now
   */
  constructor(section, desk, onChanged) {
    const list = h('div', { class: 'accounts' });
    section.append(list);
    this.#parts = partsIn(
      list,
      (/** @type {AccountReport} */ { name }) => name,
      ({ name }) => {
        const part = new AccountPart(name, desk, onChanged);
        this.#shown.push(part);
        return part;
      },
    );
  }

  /** @param {readonly AccountReport[]} accounts */
  update(accounts) {
    this.#parts.update(accounts);
  }

  refresh() {
    for (const part of this.#shown) part.refresh();
  }
}

class AccountPart {
  #name;
  #desk;
  #onChanged;
  #chip = h('span', { class: 'chip' });
  #why = h('div', { class: 'why' });
  #expiry = h('p', { class: 'note' });
  #said = h('p', { class: 'said', role: 'status' });
  #signIn = h('button', { type: 'button' }, 'Sign in now');
  #ways = h('div', { class: 'answers' });
  #code = formOf([{ name: 'code', label: 'One-time code', type: 'text', isRequired: true }]);
  #form;
  #challenge;
  #drawnWays = '';
  /** The command whose end is awaited. */
  #awaited = '';
  element;

  /** @param {string} name @param {Desk} desk @param {() => void} onChanged */
  constructor(name, desk, onChanged) {
    this.#name = name;
    this.#desk = desk;
    this.#onChanged = onChanged;
    const submit = h('button', { type: 'submit', class: 'primary' }, 'Hand over');
    this.#form = h('form', { class: 'code' }, ...this.#code.elements, submit);
    const input = /** @type {HTMLInputElement} */ (this.#form.querySelector('input'));
    for (const [key, value] of Object.entries(codeInput)) input.setAttribute(key, value);
    this.#form.addEventListener('submit', (event) => {
      event.preventDefault();
      const code = input.value.trim();
      input.value = '';
      void this.#otp({ code }, 'The maker looks at the code …');
    });
    this.#challenge = h(
      'div',
      { class: 'challenge' },
      h('p', {}, 'The maker wants a one-time code. How shall it be sent?'),
      this.#ways,
      this.#form,
    );
    this.#signIn.addEventListener('click', () => {
      if (!isOff(this.#signIn)) void this.#login();
    });
    this.element = h(
      'article',
      { class: 'account', 'data-account': name, 'aria-label': `Account ${name}` },
      h('div', { class: 'line' }, h('h3', {}, icon('user'), name), this.#chip, this.#signIn),
      this.#why,
      this.#challenge,
      this.#said,
      this.#expiry,
    );
    desk.lives.listen((life) => {
      if (life.id === this.#awaited && isOver(life)) this.#ended(life.status, life.event);
    });
  }

  /** @param {AccountReport} account */
  update({ state, reason, challenge, session_expires_at, library, vehicles }) {
    const isReady = state === 'ready';
    fill(this.#chip, icon(isReady ? 'check' : 'warning'), accountWords(state));
    this.#chip.className = `chip ${isReady ? 'good' : state === 'signing_in' ? '' : 'bad'}`;
    this.#whyNot(reason);
    const cars = `${vehicles.length} car${vehicles.length === 1 ? '' : 's'}`;
    const expiry =
      session_expires_at === null ? '' : `, session until ${fullTime(session_expires_at)}`;
    setText(this.#expiry, [cars + expiry, library].filter((part) => part !== null).join(' · '));
    show(this.#challenge, state === 'otp_required' && this.#desk.access === 'full');
    this.#drawWays(challenge);
    this.refresh();
  }

  refresh() {
    const isAsking = this.#awaited !== '';
    show(this.#signIn, this.#desk.access === 'full');
    for (const button of this.element.querySelectorAll('button')) {
      setOff(button, isAsking || !this.#desk.canAct);
    }
  }

  /** @param {AccountReport['reason']} reason */
  #whyNot(reason) {
    show(this.#why, reason !== null);
    if (reason === null) return;
    const { what, toDo, detail } = inPlainWords(reason);
    const lines = [`${what}. ${toDo}`, retryWords(reason.retry_after_s)];
    fill(
      this.#why,
      ...lines.filter((line) => line !== '').map((line) => h('p', {}, line)),
      h('p', { class: 'detail' }, detail),
    );
  }

  /** @param {AccountReport['challenge']} challenge */
  #drawWays(challenge) {
    const drawn = JSON.stringify(challenge);
    if (drawn === this.#drawnWays) return;
    this.#drawnWays = drawn;
    const ways = challenge?.methods ?? [];
    fill(
      this.#ways,
      ...ways.map((method) => {
        const button = h('button', { type: 'button', 'data-way': method });
        const to = challenge?.[method] ?? '';
        fill(
          button,
          `${method === 'email' ? 'By e-mail' : 'By SMS'}${to === '' ? '' : ` to ${to}`}`,
        );
        button.addEventListener('click', () => {
          if (!isOff(button)) void this.#otp({ method }, 'The maker is asked to send a code …');
        });
        return button;
      }),
    );
  }

  /** @param {Record<string, string>} step @param {string} words */
  async #otp(step, words) {
    if (!this.#desk.canAct || this.#awaited !== '') return;
    setText(this.#said, words);
    this.#awaited = 'sending';
    this.refresh();
    const payload = { account: this.#name, ...step };
    const isCode = 'code' in step;
    const id = await this.#desk.commander.send({ vehicle: null, name: 'otp', payload });
    this.#isCode = isCode;
    this.#awaited = id;
    const life = this.#desk.lives.get(id);
    if (life !== undefined && isOver(life)) this.#ended(life.status, life.event);
  }

  #isCode = false;

  /** @param {string} status @param {any} event */
  #ended(status, event) {
    this.#awaited = '';
    if (status === 'succeeded') {
      setText(
        this.#said,
        this.#isCode ? 'The code was right.' : 'The code is on its way. Enter it here.',
      );
      if (!this.#isCode) this.#form.querySelector('input')?.focus();
    } else if (event.code === 'otp_required') {
      setText(this.#said, 'The code was not accepted. Try again, or have a new one sent.');
    } else {
      const { what, toDo } = inPlainWords(event);
      setText(this.#said, `${what}. ${toDo}`);
    }
    this.refresh();
    this.#onChanged();
  }

  async #login() {
    setText(this.#said, 'Signing in …');
    this.#awaited = 'login';
    this.refresh();
    try {
      const path = `accounts/${encodeURIComponent(this.#name)}/login`;
      const { ok, body } = await this.#desk.api.post(path, undefined, signIn_ms);
      const isIn = ok && body.state === 'ready';
      setText(
        this.#said,
        isIn ? 'Signed in.' : ok ? `${accountWords(body.state)}.` : inPlainWords(body).what,
      );
    } catch (error) {
      if (!(error instanceof Unreachable)) throw error;
      setText(this.#said, 'The bridge did not answer.');
    }
    this.#awaited = '';
    this.refresh();
    this.#onChanged();
  }
}

const codeInput = {
  inputmode: 'numeric',
  autocomplete: 'one-time-code',
  pattern: '\\s*[0-9]{4,10}\\s*',
  title: '4 to 10 digits',
  maxlength: '12',
};
