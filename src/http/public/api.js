import { setServerDate } from './time.js';

/** @typedef {{ ok: boolean, status: number, body: any }} Answer */

const usual_ms = 20_000;

/** The bridge cannot be reached: what was asked may have arrived or not. */
export class Unreachable extends Error {}

/** The routes of the bridge, relative to this page: it may be served at a path. */
export class Api {
  /** @type {() => void} */
  #onSignedOut;
  /** @type {() => void} */
  #onUnreachable;

  /**
   * @param {() => void} onSignedOut nobody is signed in any more
   * @param {() => void} onUnreachable
   */
  constructor(onSignedOut, onUnreachable) {
    this.#onSignedOut = onSignedOut;
    this.#onUnreachable = onUnreachable;
  }

  /**
   * @param {string} path
   * @param {number} [within_ms]
   * @returns {Promise<Answer>}
   */
  get(path, within_ms) {
    return this.#ask('GET', path, undefined, within_ms);
  }

  /**
   * @param {string} path
   * @param {unknown} [body]
   * @param {number} [within_ms]
   * @returns {Promise<Answer>}
   */
  post(path, body, within_ms) {
    return this.#ask('POST', path, body, within_ms);
  }

  /**
   * @param {string} path
   * @returns {Promise<Answer>}
   */
  delete(path) {
    return this.#ask('DELETE', path, undefined);
  }

  /**
   * @param {string} method
   * @param {string} path
   * @param {unknown} body
   * @param {number} [within_ms]
   * @returns {Promise<Answer>}
   */
  async #ask(method, path, body, within_ms = usual_ms) {
    /** @type {RequestInit} */
    const request = { method, cache: 'no-store', signal: AbortSignal.timeout(within_ms) };
    if (body !== undefined) {
      request.headers = { 'content-type': 'application/json' };
      request.body = JSON.stringify(body);
    }
    /** @type {Answer} */
    let answer;
    try {
      const response = await fetch(`api/${path}`, request);
      setServerDate(response.headers.get('date'));
      const text = await response.text();
      answer = {
        ok: response.ok,
        status: response.status,
        body: text === '' ? null : JSON.parse(text),
      };
    } catch (error) {
      this.#onUnreachable();
      throw new Unreachable(String(error));
    }
    if (answer.status === 401 && path !== 'session') this.#onSignedOut();
    return answer;
  }
}
