import { fileURLToPath } from 'node:url';
import { settlesWithin } from '../../daemon/settles-within.js';
import { laterTask, tooLateToSend } from '../../vehicle/later-task.js';
import { failure } from '../../vehicle/outcome.js';
import type { Failure, FailureCode } from '../../vehicle/outcome.js';
import type { Outcome, Task } from '../../vehicle/task.js';
import type { BackendNotes, VehicleBackend } from '../contract.js';
import { Exchange } from './exchange.js';
import { libraryName, testedLock } from './lock-file.js';
import { processEnvironment } from './process-environment.js';
import { taskLine } from './protocol.js';
import type { Hello, SidecarMessage } from './protocol.js';
import { SidecarLog } from './sidecar-log.js';
import type { HyundaiKiaConnectSettings } from './settings.js';
import { Sidecar } from './sidecar.js';
import type { Started } from './sidecar.js';
import type { SidecarCommand, SidecarEnd, SidecarProcess } from './sidecar-process.js';

/** The program of `sidecar/`, which stands beside `dist` and `src`. */
export function sidecarCommand(python: string): SidecarCommand {
  const sidecar = fileURLToPath(new URL('../../../sidecar', import.meta.url));
  return {
    file: python,
    args: ['-W', 'ignore', '-m', 'bluelink_sidecar'],
    env: processEnvironment(process.env, sidecar),
  };
}

const noAnswer = 'no answer in time; the Python process was killed';

/** Reaches an account through one Python process, which is started at once and kept between tasks. */
export class HyundaiKiaConnect implements VehicleBackend {
  readonly #settings: HyundaiKiaConnectSettings;
  readonly #notes: BackendNotes;
  readonly #log: SidecarLog;
  readonly #sidecar: Sidecar;
  #exchange: Exchange | undefined;
  #lastId = 0;

  private constructor(
    settings: HyundaiKiaConnectSettings,
    notes: BackendNotes,
    command: SidecarCommand,
  ) {
    this.#settings = settings;
    this.#notes = notes;
    this.#log = new SidecarLog(settings, (line) => {
      notes.log(line);
    });
    this.#sidecar = new Sidecar({
      command,
      listener: {
        message: (message) => {
          this.#receive(message);
        },
        stderr: (line) => {
          this.#log.write('warn', line);
        },
        process: (event, pid) => {
          notes.process(event, pid);
        },
      },
      onReady: (hello) => {
        this.#meet(hello);
      },
      onLost: (message) => {
        this.#log.write('warn', message);
      },
    });
  }

  /** Starts the process too, so that the first task need not wait for all of it. */
  static start(
    settings: HyundaiKiaConnectSettings,
    notes: BackendNotes,
    command = sidecarCommand(settings.python),
  ): HyundaiKiaConnect {
    const backend = new HyundaiKiaConnect(settings, notes, command);
    void backend.#sidecar.ready();
    return backend;
  }

  async run(task: Task): Promise<Outcome> {
    if (this.#exchange !== undefined) return notSent('internal', 'another task is still running');
    const exchange = new Exchange((this.#lastId += 1), task);
    this.#exchange = exchange;
    this.#log.begin(task.session);
    try {
      return this.#withoutSecrets(await this.#perform(exchange, performance.now()));
    } finally {
      this.#exchange = undefined;
    }
  }

  async close(): Promise<void> {
    await this.#sidecar.end('stop');
  }

  async #perform(exchange: Exchange, since: number): Promise<Outcome> {
    const deadline = since + exchange.task.remaining_ms;
    const starting = this.#sidecar.ready();
    if (!(await settlesWithin(starting, deadline - performance.now()))) {
      await this.#sidecar.end('kill');
      return notSent('timeout', 'the Python process was not ready in time');
    }
    const started = await starting;
    if (started.is !== 'ready') return didNotStart(started);
    const task = laterTask(exchange.task, performance.now() - since);
    if (task === undefined) return { ok: false, failure: tooLateToSend, requests: 0 };
    return this.#ask(started.process, exchange, task);
  }

  async #ask(process: SidecarProcess, exchange: Exchange, task: Task): Promise<Outcome> {
    const deadline = performance.now() + task.remaining_ms;
    process.send(taskLine(exchange.id, task, this.#settings));
    const ended = process.ended.then((end) => exchange.outcome ?? afterEnd(exchange, end));
    const reply = Promise.race([exchange.answered, ended]);
    if (await settlesWithin(reply, deadline - performance.now())) return reply;
    await this.#sidecar.end('kill');
    // An answer that was on its way while the process was killed is true, and may hold the newest session.
    return exchange.outcome ?? exchange.unanswered('timeout', noAnswer);
  }

  #receive(message: Exclude<SidecarMessage, Hello>): void {
    if (message.type === 'log') {
      this.#log.write(message.level, message.message);
      return;
    }
    // What an earlier task left behind belongs to nobody.
    if (message.id !== this.#exchange?.id) return;
    switch (message.type) {
      case 'outcome':
        this.#exchange.answer(message.outcome);
        return;
      case 'session':
        this.#log.learn(message.session);
        this.#exchange.keep(message.session);
        return;
      case 'request':
        this.#exchange.countRequests(message.count);
        for (let count = 0; count < message.count; count += 1) this.#notes.request();
        return;
    }
  }

  #meet(hello: Hello): void {
    this.#notes.log({ level: 'info', message: libraryLine(hello), once: true });
    if (hello.supported) return;
    const message = `Python ${hello.python} runs the last library release for it; sign-in in Europe needs Python 3.12 or newer`;
    this.#notes.log({ level: 'warn', message, once: true });
  }

  #withoutSecrets(outcome: Outcome): Outcome {
    if (outcome.ok) return outcome;
    const message = this.#log.redact(outcome.failure.message);
    return { ...outcome, failure: { ...outcome.failure, message } };
  }
}

/** Which library answers for the cars, and whether it is the one that was tested. */
function libraryLine({ library, python }: Hello): string {
  const tested = testedLibrary(python);
  const isTested = tested === undefined || tested === library;
  const more = isTested ? '' : `; this release is tested with ${tested}`;
  return `${libraryName} ${String(library)} on Python ${python}${more}`;
}

/** Undefined in an installation without its lock files, whose cars are none the worse for it. */
function testedLibrary(python: string): string | undefined {
  try {
    return testedLock(Number(python.split('.')[1])).library;
  } catch {
    return undefined;
  }
}

function afterEnd(exchange: Exchange, end: SidecarEnd): Outcome {
  return end.brokeProtocol
    ? exchange.unanswered('internal', `${end.message} and was killed`)
    : exchange.unanswered('interrupted', end.message);
}

function didNotStart(started: Exclude<Started, { is: 'ready' }>): Outcome {
  if (started.is === 'ended') return notSent('interrupted', 'the Python process was stopped');
  const message = `the Python process does not start: ${started.why}; run \`bluelink2mqtt setup\``;
  return notSent('internal', message, { retry_after_s: started.retryAfter_s });
}

function notSent(
  code: FailureCode,
  message: string,
  more: Pick<Failure, 'retry_after_s'> = {},
): Outcome {
  return { ok: false, failure: failure(code, message, { ...more, sent: false }), requests: 0 };
}
