import { execFile } from 'node:child_process';
import type { Health } from './health.js';
import type { Logger } from './logger.js';

export interface ServiceManagerOptions {
  readonly environment: Readonly<NodeJS.ProcessEnv>;
  readonly log: Pick<Logger, 'error' | 'info' | 'warn'>;
  readonly health: () => Health;
  /** How the bridge stands, in one line of plain words. */
  readonly status: () => string;
}

export interface ServiceManager {
  /** From now on the service is up, and told of as long as it is healthy. */
  ready(): void;
  stopping(): void;
}

const nobody: ServiceManager = { ready: () => undefined, stopping: () => undefined };

/** Without a watchdog the status still changes. */
const beatWithoutWatchdog_ms = 10_000;

/** Tells systemd how the bridge stands and, while it is healthy, that it lives. Without systemd it does nothing. */
export function createServiceManager(options: ServiceManagerOptions): ServiceManager {
  const { NOTIFY_SOCKET: socket, WATCHDOG_PID: pid, WATCHDOG_USEC: limit } = options.environment;
  if (socket === undefined || socket === '') return nobody;
  const isWatched = pid === undefined || Number(pid) === process.pid;
  return new Told(options, socket, isWatched ? watchdogOf(limit) : undefined);
}

function watchdogOf(limit_us: string | undefined): number | undefined {
  const limit_ms = Math.floor(Number(limit_us) / 1000);
  return limit_ms > 0 ? limit_ms : undefined;
}

class Told implements ServiceManager {
  readonly #options: ServiceManagerOptions;
  readonly #messages: Messages;
  readonly #watchdog_ms: number | undefined;
  #timer: NodeJS.Timeout | undefined;
  #status = '';
  #fault = '';

  constructor(options: ServiceManagerOptions, socket: string, watchdog_ms: number | undefined) {
    this.#options = options;
    this.#watchdog_ms = watchdog_ms;
    this.#messages = new Messages(socket, options.environment['PATH'], options.log);
  }

  ready(): void {
    this.#messages.send({ READY: '1' });
    this.#beat();
    const every_ms =
      this.#watchdog_ms === undefined ? beatWithoutWatchdog_ms : this.#watchdog_ms / 3;
    // On the main loop: while that stands still nobody says that all is well.
    this.#timer = setInterval(() => {
      this.#beat();
    }, every_ms).unref();
  }

  stopping(): void {
    clearInterval(this.#timer);
    this.#messages.send({ STOPPING: '1', STATUS: 'stopping' });
  }

  #beat(): void {
    const health = this.#options.health();
    this.#logChange(health);
    const status = health.ok ? this.#options.status() : `out of order: ${because(health)}`;
    this.#messages.send({
      ...(status === this.#status ? {} : { STATUS: status }),
      ...(health.ok && this.#watchdog_ms !== undefined ? { WATCHDOG: '1' } : {}),
    });
    this.#status = status;
  }

  #logChange(health: Health): void {
    const { log } = this.#options;
    // Seconds that pass are no other fault.
    const fault = because(health).replaceAll(/\d+/g, '');
    if (fault === this.#fault) return;
    this.#fault = fault;
    if (health.ok) log.info('the bridge is in order again');
    else log.error(`the bridge is out of order${this.#consequence}: ${because(health)}`);
  }

  get #consequence(): string {
    if (this.#watchdog_ms === undefined) return '';
    const limit_s = Math.round(this.#watchdog_ms / 1000);
    return `, and systemd's watchdog ends it if that lasts ${String(limit_s)} s`;
  }
}

function because(health: Health): string {
  return health.ok ? '' : health.reasons.join('; ');
}

type Fields = Readonly<Record<string, string>>;

/** Longer than systemd-notify itself waits for the service manager. */
const giveUp_ms = 10_000;

/**
 * Messages to systemd, one after the other, the newest word of each kind. Node has no datagrams on Unix sockets:
 * `systemd-notify` sends them. It ends when systemd has read them, so that none is of a process that is gone.
 */
class Messages {
  readonly #environment: NodeJS.ProcessEnv;
  readonly #log: Pick<Logger, 'warn'>;
  #waiting: Fields = {};
  #isSending = false;
  #hasFailed = false;

  constructor(socket: string, path: string | undefined, log: Pick<Logger, 'warn'>) {
    this.#environment = { NOTIFY_SOCKET: socket, ...(path === undefined ? {} : { PATH: path }) };
    this.#log = log;
  }

  send(fields: Fields): void {
    this.#waiting = { ...this.#waiting, ...fields };
    if (!this.#isSending) this.#sendWaiting();
  }

  #sendWaiting(): void {
    const fields = Object.entries(this.#waiting).map(
      ([name, value]) => `${name}=${value.replaceAll('\n', ' ')}`,
    );
    this.#waiting = {};
    this.#isSending = fields.length > 0;
    if (!this.#isSending) return;
    const options = { env: this.#environment, timeout: giveUp_ms };
    execFile('systemd-notify', fields, options, (error) => {
      this.#note(error);
      this.#sendWaiting();
    });
  }

  /** Once: a systemd that cannot be told stays like that as a rule. */
  #note(error: Error | null): void {
    if (error !== null && !this.#hasFailed) {
      this.#log.warn({ err: error }, 'systemd could not be told how the bridge stands');
    }
    this.#hasFailed = error !== null;
  }
}
