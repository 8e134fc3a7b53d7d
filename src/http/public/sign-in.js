import { Unreachable } from './api.js';
import { freshId } from './dialog.js';
import { h, setText } from './dom.js';
import { retryWords } from './plain-words.js';

/** @typedef {import('./api.js').Api} Api */

/** The way in. It lies over the page, which stays as it was: whoever signs in anew is back there. */
export class SignIn {
  #api;
  #onSignedIn;
  #said = h('p', { class: 'said', role: 'alert' });
  #why = h('p');
  #token = h('input', {
    ...{ id: freshId('token'), type: 'password', name: 'token', required: true },
    autocomplete: 'current-password',
    maxlength: 1024,
  });
  #dialog;
  #isNeeded = false;

  /** @param {Api} api @param {() => void} onSignedIn */
  constructor(api, onSignedIn) {
    this.#api = api;
    this.#onSignedIn = onSignedIn;
    const titleId = freshId('sign-in');
    // Posted, should a browser ever send it by itself: a token never becomes part of an address.
    const form = h(
      'form',
      { class: 'question', method: 'post', action: 'api/session' },
      h('img', { src: 'icon.svg', alt: '', width: 48, height: 48 }),
      h('h2', { id: titleId }, 'Sign in'),
      this.#why,
      h('input', { ...nameInput }),
      h('div', { class: 'field' }, h('label', { for: this.#token.id }, 'Token'), this.#token),
      this.#said,
      h('div', { class: 'answers' }, h('button', { type: 'submit', class: 'primary' }, 'Sign in')),
    );
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      void this.#try();
    });
    this.#dialog = h('dialog', { class: 'sign-in', 'aria-labelledby': titleId }, form);
    this.#dialog.addEventListener('cancel', (event) => {
      event.preventDefault();
    });
    // A browser closes it all the same when asked twice.
    this.#dialog.addEventListener('close', () => {
      if (this.#isNeeded) this.#dialog.showModal();
    });
    document.body.append(this.#dialog);
  }

  /** @param {boolean} wasIn */
  ask(wasIn) {
    if (this.#isNeeded) return;
    this.#isNeeded = true;
    setText(
      this.#why,
      wasIn
        ? 'You are not signed in any more: the session has ended, or the token is another one now.'
        : 'The token is the one of http.token_file in the configuration.',
    );
    setText(this.#said, '');
    this.#dialog.showModal();
    this.#token.focus();
  }

  async #try() {
    const token = this.#token.value;
    this.#token.value = '';
    setText(this.#said, '');
    try {
      const { ok, status, body } = await this.#api.post('session', { token });
      if (ok) {
        this.#isNeeded = false;
        this.#dialog.close();
        this.#onSignedIn();
      } else setText(this.#said, status === 401 ? 'This is not the token.' : refusalWords(body));
    } catch (error) {
      if (!(error instanceof Unreachable)) throw error;
      setText(this.#said, 'The bridge does not answer. Try again.');
    }
    this.#token.focus();
  }
}

/** @param {any} body */
function refusalWords(body) {
  if (body?.code !== 'rate_limited') return String(body?.message ?? 'It was refused.');
  return `Too many wrong tokens. ${retryWords(body.retry_after_s)}`;
}

/** For whoever keeps passwords: they want a name, too. */
const nameInput = {
  type: 'text',
  name: 'username',
  value: 'bluelink2mqtt',
  autocomplete: 'username',
  hidden: true,
  'aria-hidden': 'true',
  tabindex: -1,
};
