import { Unreachable } from './api.js';

/** @typedef {import('./api.js').Api} Api */
/** @typedef {'state' | 'info' | 'availability' | 'result' | 'progress' | 'bridge'} Kind */
/** @typedef {'connecting' | 'live' | 'lost' | 'signed-out'} Standing */

/** @type {readonly Kind[]} */
const kinds = ['state', 'info', 'availability', 'result', 'progress', 'bridge'];
/** The bridge tells its own state every minute: who hears nothing for longer hears nothing any more. */
const silence_ms = 90_000;
const pauses_ms = [1000, 2000, 4000, 8000, 15_000];
const probe_ms = 8000;

/**
 * @typedef {object} Watcher
 * @property {(kind: Kind, data: any) => void} onEvent
 * @property {() => Promise<boolean>} load reads every document anew; false where one was refused
 * @property {(standing: Standing) => void} onStanding
 */

/** What happens at the bridge, as it happens. Gets up again by itself; nothing that was missed is missing then. */
export class Live {
  /** @type {Api} */
  #api;
  /** @type {Watcher} */
  #watcher;
  /** @type {EventSource | undefined} */
  #source;
  /** @type {[Kind, unknown][] | undefined} what comes while the documents are read */
  #held;
  #heardAt = 0;
  #failures = 0;
  #timer = 0;
  #isOpening = false;
  /** @type {Standing} */
  standing = 'connecting';
  /** Epoch milliseconds of this clock: when it is tried again. */
  nextTry = 0;
  /** What the bridge says to this page instead of letting it in. */
  refusal = '';

  /** @param {Api} api @param {Watcher} watcher */
  constructor(api, watcher) {
    this.#api = api;
    this.#watcher = watcher;
    setInterval(() => {
      this.#watch();
    }, 5000);
    document.addEventListener('visibilitychange', () => {
      if (document.visibilityState === 'visible') this.#watch();
    });
    addEventListener('online', () => {
      if (this.standing === 'lost') this.tryNow();
    });
  }

  /** When something was heard last; this clock's milliseconds. */
  get heardAt() {
    return this.#heardAt;
  }

  tryNow() {
    clearTimeout(this.#timer);
    void this.#open();
  }

  /** The connection has turned out to be gone. */
  lost() {
    if (this.standing === 'signed-out') return;
    this.#close();
    this.#stand('lost');
    const pause_ms = pauses_ms[Math.min(this.#failures, pauses_ms.length - 1)] ?? 0;
    this.#failures += 1;
    this.nextTry = Date.now() + pause_ms;
    clearTimeout(this.#timer);
    this.#timer = window.setTimeout(() => {
      void this.#open();
    }, pause_ms);
  }

  signedOut() {
    clearTimeout(this.#timer);
    this.#close();
    this.#stand('signed-out');
  }

  async #open() {
    if (this.#isOpening) return;
    this.#isOpening = true;
    this.#close();
    try {
      // An event source does not tell why it fails.
      const { status, body } = await this.#api.get('session', probe_ms);
      this.refusal = status === 200 || status === 401 ? '' : String(body?.message ?? status);
      if (status === 401) this.signedOut();
      else if (status !== 200) this.lost();
      else this.#listen();
    } catch (error) {
      if (!(error instanceof Unreachable)) throw error;
      this.refusal = '';
    } finally {
      this.#isOpening = false;
    }
  }

  #listen() {
    const source = new EventSource('api/events');
    this.#source = source;
    this.#held = [];
    source.addEventListener('open', () => {
      void this.#load(source);
    });
    source.addEventListener('error', () => {
      if (source === this.#source) this.lost();
    });
    for (const kind of kinds) {
      source.addEventListener(kind, ({ data }) => {
        this.#heard();
        const event = JSON.parse(data);
        if (this.#held === undefined) this.#watcher.onEvent(kind, event);
        else this.#held.push([kind, event]);
      });
    }
  }

  /** Behind the opening: what changes meanwhile is told, and nothing falls between. @param {EventSource} source */
  async #load(source) {
    let isLoaded = false;
    try {
      isLoaded = await this.#watcher.load();
    } catch (error) {
      if (!(error instanceof Unreachable)) throw error;
    }
    // Whoever could not be reached has said so to `lost` already.
    if (source !== this.#source) return;
    if (!isLoaded) {
      this.lost();
      return;
    }
    const held = this.#held ?? [];
    this.#held = undefined;
    this.#heard();
    this.#failures = 0;
    this.#stand('live');
    for (const [kind, event] of held) this.#watcher.onEvent(kind, event);
  }

  #heard() {
    this.#heardAt = Date.now();
  }

  #watch() {
    if (this.standing === 'live' && Date.now() - this.#heardAt > silence_ms) this.lost();
  }

  #close() {
    this.#source?.close();
    this.#source = undefined;
    this.#held = undefined;
  }

  /** @param {Standing} standing */
  #stand(standing) {
    if (this.standing === standing && standing !== 'lost') return;
    this.standing = standing;
    this.#watcher.onStanding(standing);
  }
}
