import { setTimeout as delay } from 'node:timers/promises';
import { laterTask, tooLateToSend } from '../../vehicle/later-task.js';
import { failure } from '../../vehicle/outcome.js';
import type { ListedVehicle, Outcome, Result, Task } from '../../vehicle/task.js';
import type { BackendNotes, VehicleBackend } from '../contract.js';
import { BluelinkyClient, type RunCall } from './client.js';
import { callFor, capabilitiesOf, isTaken, ofCommand, pinMark, pinTrouble } from './commands.js';
import { failureOf, OddAnswer, overdue, Refused } from './failures.js';
import { WatchedCall, watchRequests, type Reply } from './http-watch.js';
import { loadLibrary } from './library.js';
import { reportedAt, vehicleReport, type CarFacts } from './report.js';
import { isExpired, readSession, type KeptSession } from './session.js';
import type { BluelinkySettings } from './settings.js';
import { hasAdvanced, type LastRead } from './wake.js';

type Answer = { readonly result: Result } | { readonly notAdvanced: Result };

/** What a task has at hand while it runs. */
interface Attempt {
  readonly task: Task;
  readonly client: BluelinkyClient;
  readonly run: RunCall;
  readonly signal: AbortSignal;
  /** On the clock of `performance.now()`. */
  readonly deadline: number;
  readonly settings: BluelinkySettings;
  /** Called before the one call that is not to be repeated. */
  readonly onCommand: () => void;
}

/** Reaches an account with bluelinky, in this thread. A session lives in any thread; the client keeps the cars' list. */
export class Bluelinky implements VehicleBackend {
  readonly #settings: BluelinkySettings;
  readonly #notes: BackendNotes;
  readonly #lastReads = new Map<string, LastRead>();
  readonly #closed = new AbortController();
  #client: BluelinkyClient | undefined;
  #isBusy = false;

  constructor(settings: BluelinkySettings, notes: BackendNotes) {
    this.#settings = settings;
    this.#notes = notes;
  }

  async run(task: Task): Promise<Outcome> {
    if (this.#isBusy) return this.#notSent(failure('internal', 'another task is still running'));
    this.#isBusy = true;
    try {
      return await this.#runAlone(task);
    } finally {
      this.#isBusy = false;
    }
  }

  close(): Promise<void> {
    this.#closed.abort(new Refused(failure('interrupted', 'the backend was closed')));
    return Promise.resolve();
  }

  async #runAlone(task: Task): Promise<Outcome> {
    const deadline = performance.now() + task.remaining_ms;
    const over = new AbortController();
    const signal = AbortSignal.any([over.signal, this.#closed.signal]);
    let requests = 0;
    let reply: Reply | undefined;
    let requestsBefore = Infinity;
    const onCommand = (): void => {
      requestsBefore = requests;
    };
    const timer = setTimeout(() => {
      over.abort(new Refused(overdue({ operation: task.operation, requests })));
    }, task.remaining_ms);
    const run: RunCall = async (work) => {
      const call = new WatchedCall(() => {
        requests += 1;
        this.#notes.request();
      });
      try {
        return { value: await call.run(work, signal), reply: call.reply };
      } finally {
        reply = call.reply;
      }
    };
    // A first sign-in must not find what another session has left.
    if (readSession(task.session) === undefined) this.#client = undefined;
    try {
      const client = await this.#open();
      const settings = this.#settings;
      const attempt = { task, client, run, signal, deadline, settings, onCommand };
      const answer = await perform(attempt, this.#lastReads);
      return { ...outcomeOf(answer), ...this.#common(task, requests) };
    } catch (error) {
      const said = failureOf(error, { operation: task.operation, requests, reply });
      const isSent = requests > requestsBefore;
      const why = task.operation === 'command' ? ofCommand(said, error, isSent) : said;
      if (isSent && why.code === 'pin_rejected') this.#client?.refusePin(pinMark(this.#settings));
      const outcome: Outcome = { ok: false, failure: why, ...this.#common(task, requests) };
      // What was abandoned keeps its client; the next task has a new one.
      if (signal.aborted) this.#client = undefined;
      return outcome;
    } finally {
      clearTimeout(timer);
    }
  }

  async #open(): Promise<BluelinkyClient> {
    watchRequests();
    this.#client ??= new BluelinkyClient(await loadLibrary(this.#settings.entry), this.#settings);
    return this.#client;
  }

  #common(task: Task, requests: number) {
    const session = changedSession(task, this.#client?.session);
    return {
      requests,
      library: this.#library,
      ...(session === undefined ? {} : { session, session_expires_at: null }),
    };
  }

  #notSent(why: ReturnType<typeof failure>): Outcome {
    return { ok: false, failure: { ...why, sent: false }, requests: 0, library: this.#library };
  }

  get #library(): string {
    return `bluelinky ${this.#settings.version}`;
  }
}

/** Tokens rotate in tasks that fail later on, too. A sign-in always brings the session. */
function changedSession(task: Task, now: KeptSession | undefined): KeptSession | undefined {
  const before = readSession(task.session);
  if (now === undefined) return undefined;
  return before?.accessToken === now.accessToken &&
    before.refreshToken === now.refreshToken &&
    before.refusedPin === now.refusedPin
    ? undefined
    : now;
}

async function perform(attempt: Attempt, lastReads: Map<string, LastRead>): Promise<Answer> {
  const { task, client, run } = attempt;
  const kept = readSession(task.session);
  if (task.operation === 'sign_in') {
    return { result: { operation: 'sign_in', vehicles: listed(await client.signIn(kept, run)) } };
  }
  if (task.operation === 'request_code' || task.operation === 'submit_code') {
    throw new Refused(failure('unsupported', 'bluelinky knows no one-time codes', { sent: false }));
  }
  if (kept === undefined || isExpired(kept)) {
    // Only a sign-in renews: two threads with one refresh token would take it from each other.
    throw new Refused(failure('auth_failed', 'the session has run out', { sent: false }));
  }
  client.use(kept);
  return performWith(kept, attempt, lastReads);
}

async function performWith(
  kept: KeptSession,
  attempt: Attempt,
  lastReads: Map<string, LastRead>,
): Promise<Answer> {
  const { task, client, run } = attempt;
  switch (task.operation) {
    case 'list':
      return { result: { operation: 'list', vehicles: listed(await client.list(run)) } };
    case 'cached':
      return {
        result: { operation: 'cached', ...(await read(attempt, false, lastReads)).reading },
      };
    case 'force':
      return force(attempt, lastReads);
    case 'command':
      return { result: await command(attempt, kept.refusedPin) };
    default:
      throw new Refused(failure('unsupported', 'bluelinky cannot tell', { sent: false }));
  }
}

/** The library keeps no name of what it sent, so that nothing can be asked but the car's state. */
async function command(attempt: Attempt, refusedPin: string | undefined): Promise<Result> {
  const { task, client, run, settings, deadline, onCommand } = attempt;
  const trouble = pinTrouble(settings, refusedPin);
  if (trouble !== undefined) throw new Refused(trouble);
  const { vehicle, facts } = await client.car(idOf(task), run);
  const call = task.action && callFor(task.action, facts);
  if (call === undefined) {
    const message = 'bluelinky cannot do this with this car; leave out `backend` to do more';
    throw new Refused(failure('unsupported', message, { sent: false }));
  }
  // Loading the library and the car is part of its time.
  const waited_ms = task.remaining_ms - (deadline - performance.now());
  if (laterTask(task, waited_ms) === undefined) throw new Refused(tooLateToSend);
  onCommand();
  const { reply } = await run(() => call(vehicle));
  if (!isTaken(reply)) throw new OddAnswer('not taken, and not refused');
  return { operation: 'command', action_id: null, follow_up: null };
}

async function force(attempt: Attempt, lastReads: Map<string, LastRead>): Promise<Answer> {
  const id = idOf(attempt.task);
  const before = lastReads.get(id);
  const startedAt = Date.now();
  let found = await read(attempt, true, lastReads);
  for (const gap_s of attempt.task.read_back_s ?? []) {
    if (hasAdvanced(found.reportedAt, before, startedAt)) break;
    if (performance.now() + gap_s * 1000 >= attempt.deadline) break;
    await pause(gap_s * 1000, attempt.signal);
    found = await read(attempt, false, lastReads);
  }
  return hasAdvanced(found.reportedAt, before, startedAt)
    ? { result: { operation: 'force', ...found.reading, advanced: true } }
    : { notAdvanced: { operation: 'cached', ...found.reading } };
}

async function read(
  { task, client, run, signal }: Attempt,
  refresh: boolean,
  lastReads: Map<string, LastRead>,
) {
  const id = idOf(task);
  const { car, status } = await client.status(id, refresh, run);
  const odometer = await client.odometer(id, run).catch((error: unknown) => {
    // What a wake has brought is not given away for it.
    if (refresh && !signal.aborted) return null;
    throw error;
  });
  const polledAt = Date.now();
  const reported = reportedAt(status, polledAt);
  lastReads.set(id, { reportedAt: reported, readAt: polledAt });
  const report = vehicleReport(car, status, odometer, polledAt);
  return {
    reportedAt: reported,
    reading: { report, polled_at: new Date(polledAt).toISOString() },
  };
}

async function pause(time_ms: number, signal: AbortSignal): Promise<void> {
  await delay(time_ms, undefined, { signal }).catch(() => {
    signal.throwIfAborted();
  });
}

function idOf({ vehicle }: Task): string {
  if (vehicle !== undefined) return vehicle;
  throw new Refused(failure('internal', 'the task names no car', { sent: false }));
}

function listed(cars: readonly CarFacts[]): ListedVehicle[] {
  return cars.map((car) => ({ ...car, brand: 'hyundai', commands: capabilitiesOf(car) }));
}

function outcomeOf(answer: Answer) {
  if ('result' in answer) return { ok: true as const, result: answer.result };
  const message = "the car did not answer; the values are the cloud's last ones";
  return {
    ok: false as const,
    failure: failure('vehicle_timeout', message),
    cached: answer.notAdvanced,
  };
}
