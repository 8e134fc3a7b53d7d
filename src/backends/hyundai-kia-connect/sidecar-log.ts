import type { Session } from '../../vehicle/task.js';
import type { BackendLog } from '../contract.js';
import { createRedaction, secretsIn } from './redaction.js';
import type { HyundaiKiaConnectSettings } from './settings.js';

const mostLines = 300;

/** What the Python process has to say, made fit for a log: without secrets, and never a flood. */
export class SidecarLog {
  readonly #log: (line: BackendLog) => void;
  readonly #ofAccount: readonly string[];
  #secrets: readonly string[];
  #redact: (text: string) => string;
  #lines = 0;

  constructor(settings: HyundaiKiaConnectSettings, log: (line: BackendLog) => void) {
    this.#log = log;
    this.#ofAccount = [settings.password, settings.pin ?? ''];
    this.#secrets = this.#ofAccount;
    this.#redact = createRedaction(this.#ofAccount);
  }

  /** A new task: a new allowance of lines, and the secrets of its session. */
  begin(session: Session | null): void {
    this.#lines = 0;
    this.#secrets = this.#ofAccount;
    this.learn(session);
  }

  /** A session that the task has got meanwhile: its secrets too stay out. */
  learn(session: Session | null): void {
    this.#secrets = [...this.#secrets, ...secretsIn(session)];
    this.#redact = createRedaction(this.#secrets);
  }

  write(level: BackendLog['level'], message: string): void {
    this.#lines += 1;
    if (this.#lines < mostLines) this.#log({ level, message: this.#redact(message) });
    else if (this.#lines === mostLines) {
      this.#log({
        level: 'warn',
        message: `more than ${mostLines} log lines; the rest is dropped`,
      });
    }
  }

  redact(text: string): string {
    return this.#redact(text);
  }
}
