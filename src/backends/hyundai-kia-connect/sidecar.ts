import { systemClock } from '../../daemon/clock.js';
import type { Clock } from '../../daemon/clock.js';
import { retryDelay } from '../../daemon/retry.js';
import type { RetryPolicy } from '../../daemon/retry.js';
import { protocolVersion } from './protocol.js';
import type { Hello } from './protocol.js';
import { SidecarProcess } from './sidecar-process.js';
import type { SidecarCommand, SidecarListener } from './sidecar-process.js';

const restarts: RetryPolicy = { initial_ms: 1000, factor: 2, max_ms: 60_000, jitter: 0 };

interface Ready {
  readonly is: 'ready';
  readonly process: SidecarProcess;
  readonly hello: Hello;
}

/** `ended`: it was told to go before it was ready. `failed`: it cannot start, and is not tried before `retryAfter_s`. */
export type Started =
  | Ready
  | { readonly is: 'ended' }
  | { readonly is: 'failed'; readonly why: string; readonly retryAfter_s: number };

/** Times of `waiting` are monotonic milliseconds. */
type SidecarStatus =
  | { readonly is: 'stopped' }
  | {
      readonly is: 'starting';
      readonly process: SidecarProcess;
      readonly started: Promise<Started>;
    }
  | Ready
  | { readonly is: 'stopping'; readonly process: SidecarProcess; readonly done: Promise<void> }
  | {
      readonly is: 'waiting';
      readonly failures: number;
      readonly retryAt: number;
      readonly why: string;
    };

export interface SidecarOptions {
  readonly command: SidecarCommand;
  readonly listener: SidecarListener;
  /** Told of each process that said who it is, and of each that went unasked. */
  readonly onReady: (hello: Hello) => void;
  readonly onLost: (message: string) => void;
  /** For the first word of a process, on a slow machine too. */
  readonly hello_ms?: number;
  readonly clock?: Clock;
}

/** Keeps at most one process of the sidecar: starts it when it is asked for, and paces starts that fail. */
export class Sidecar {
  readonly #options: SidecarOptions;
  readonly #hello_ms: number;
  readonly #clock: Clock;
  #status: SidecarStatus = { is: 'stopped' };

  constructor(options: SidecarOptions) {
    this.#options = options;
    this.#hello_ms = options.hello_ms ?? 60_000;
    this.#clock = options.clock ?? systemClock;
  }

  /** The process, started if there is none. Never rejects. */
  async ready(): Promise<Started> {
    const status = this.#status;
    switch (status.is) {
      case 'ready':
        return status;
      case 'starting':
        return status.started;
      case 'stopping':
        await status.done;
        return this.ready();
      case 'waiting':
        return this.#clock.monotonic() < status.retryAt
          ? this.#failed(status)
          : this.#start(status.failures);
      case 'stopped':
        return this.#start(0);
    }
  }

  /** Ends the process, at once or politely, and is done when it is gone. */
  async end(how: 'stop' | 'kill'): Promise<void> {
    const status = this.#status;
    if (status.is === 'stopped' || status.is === 'waiting') return;
    const gone = status.process[how]();
    if (status.is === 'stopping') {
      await gone;
      return status.done;
    }
    const done = gone.then(() => {
      this.#status = { is: 'stopped' };
    });
    this.#status = { is: 'stopping', process: status.process, done };
    await done;
  }

  #start(failures: number): Promise<Started> {
    const process = SidecarProcess.start(this.#options.command, this.#options.listener);
    const started = this.#greet(process, failures);
    this.#status = { is: 'starting', process, started };
    return started;
  }

  async #greet(process: SidecarProcess, failures: number): Promise<Started> {
    const hello = await this.#firstWord(process);
    if (this.#status.is !== 'starting') return { is: 'ended' };
    const why = typeof hello === 'string' ? hello : faultOf(hello);
    if (why !== undefined || typeof hello === 'string') {
      await process.kill();
      return this.#giveUp(why ?? '', failures + 1);
    }
    const ready: Ready = { is: 'ready', process, hello };
    this.#status = ready;
    void process.ended.then((end) => {
      if (this.#status !== ready) return;
      this.#status = { is: 'stopped' };
      this.#options.onLost(end.message);
    });
    this.#options.onReady(hello);
    return ready;
  }

  /** The hello, or in words why there is none. */
  #firstWord(process: SidecarProcess): Promise<Hello | string> {
    return new Promise((resolve) => {
      const late = `the Python process said nothing for ${this.#hello_ms / 1000} s`;
      const timer = setTimeout(resolve, this.#hello_ms, late);
      const settle = (value: Hello | string): void => {
        clearTimeout(timer);
        resolve(value);
      };
      void process.hello.then(settle);
      void process.ended.then((end) => {
        settle(end.message);
      });
    });
  }

  #giveUp(why: string, failures: number): Started {
    // It may have been told to go while the refused process was being ended.
    if (this.#status.is !== 'starting') return { is: 'ended' };
    const retryAt = this.#clock.monotonic() + (retryDelay(restarts, failures) ?? restarts.max_ms);
    this.#status = { is: 'waiting', failures, retryAt, why };
    return this.#failed(this.#status);
  }

  #failed({ why, retryAt }: { readonly why: string; readonly retryAt: number }): Started {
    const retryAfter_s = Math.ceil((retryAt - this.#clock.monotonic()) / 1000);
    return { is: 'failed', why, retryAfter_s: Math.max(0, retryAfter_s) };
  }
}

/** Why a process that answers is of no use, or undefined. */
function faultOf(hello: Hello): string | undefined {
  if (hello.protocol !== protocolVersion) {
    return `the sidecar speaks protocol ${hello.protocol}, expected ${protocolVersion}`;
  }
  if (hello.library === null) {
    return `Python ${hello.python} has no vendor library (${hello.error ?? 'not installed'})`;
  }
  return undefined;
}
