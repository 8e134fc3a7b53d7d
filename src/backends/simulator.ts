import { randomUUID } from 'node:crypto';
import { appendFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import type { Failure } from '../vehicle/outcome.js';
import type { CarIdentity } from '../vehicle/simulated-state.js';
import type { Challenge, Operation, Outcome, Result, Task } from '../vehicle/task.js';
import type { BackendNotes, VehicleBackend } from './contract.js';
import { failure } from '../vehicle/outcome.js';
import { isCarOperation } from '../vehicle/task.js';
import { Faults } from './simulator-faults.js';
import { SharedCars } from './simulator-shared-cars.js';

export { createSharedCars } from './simulator-shared-cars.js';

/** Plain data that crosses into the worker thread as it is. */
export interface SimulatorSettings {
  readonly backend: 'simulator';
  readonly vehicles: number;
  /** The same seed makes the same cars. */
  readonly seed: number;
  /** How long sign-in and a cached read take. */
  readonly latency_ms: number;
  /** How long a wake takes. */
  readonly force_latency_ms: number;
  readonly region: string;
  readonly brand: string;
  /** From `createSharedCars(vehicles)`, one for all threads of an account. */
  readonly shared: SharedArrayBuffer;
  /** Chosen faults, see `simulator-faults.ts`. */
  readonly control_file?: string;
  /** Gets a JSON line for each thing that the cars and their cloud were made to do. */
  readonly log_file?: string;
}

/** One line of `log_file`; `done` is written when the effect is there, never for a task that failed or timed out. */
export interface SimulatorEffect {
  readonly at: string;
  readonly operation: Operation;
  readonly vehicle: string | null;
  readonly attempt: string;
  readonly command_id: string | null;
  readonly phase: 'started' | 'done';
}

const requestsOf = {
  sign_in: 2,
  list: 1,
  request_code: 1,
  submit_code: 2,
  cached: 1,
  force: 2,
} as const satisfies Record<Operation, number>;

/** Simulated cars as a backend; all threads that share `settings.shared` see the same ones. */
export function createSimulator(settings: SimulatorSettings, notes: BackendNotes): VehicleBackend {
  return new Simulator(settings, notes);
}

class Simulator implements VehicleBackend {
  readonly #settings: SimulatorSettings;
  readonly #notes: BackendNotes;
  readonly #cars: SharedCars;
  readonly #faults: Faults;
  readonly #closed = new AbortController();

  constructor(settings: SimulatorSettings, notes: BackendNotes) {
    this.#settings = settings;
    this.#notes = notes;
    this.#cars = new SharedCars(settings, { now: Date.now });
    this.#faults = new Faults({
      file: settings.control_file,
      counts: this.#cars.faultCounts,
      warn: (message) => {
        notes.log({ level: 'warn', message });
      },
    });
  }

  async run(task: Task): Promise<Outcome> {
    try {
      return await this.#answer(task);
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error);
      return refusal(failure('internal', `the simulator failed: ${text}`), 0);
    }
  }

  close(): Promise<void> {
    this.#closed.abort();
    return Promise.resolve();
  }

  async #answer(task: Task): Promise<Outcome> {
    const identity = this.#cars.identities.find(({ id }) => id === task.vehicle);
    const refused = refuseUnsent(task, identity);
    if (refused !== undefined) return refusal(refused, 0);
    const requests = this.#countRequests(task.operation);
    this.#logEffect(task, 'started');
    const weather = this.#faults.next(task, identity?.vin);
    const latency = weather.latency_ms ?? this.#latency(task.operation);
    const waited = await this.#wait(weather.hang ? Infinity : latency, task.remaining_ms);
    const fault = waited ?? weather.failure;
    if (fault !== undefined) return refusal(fault, requests);
    const outcome = this.#perform(task, requests);
    this.#logEffect(task, 'done');
    return outcome;
  }

  #countRequests(operation: Operation): number {
    const requests = requestsOf[operation];
    for (let sent = 0; sent < requests; sent += 1) this.#notes.request();
    return requests;
  }

  #latency(operation: Operation): number {
    return operation === 'force' ? this.#settings.force_latency_ms : this.#settings.latency_ms;
  }

  /** Waits for the cloud, at most until the deadline. An instant answer costs no timer. */
  async #wait(latencyMs: number, remainingMs: number): Promise<Failure | undefined> {
    if (this.#closed.signal.aborted) return failure('interrupted', 'the simulator was closed');
    if (latencyMs === 0) return undefined;
    const inTime = latencyMs < remainingMs;
    try {
      await delay(inTime ? latencyMs : remainingMs, undefined, { signal: this.#closed.signal });
    } catch {
      return failure('interrupted', 'the simulator was closed', { sent: true });
    }
    if (inTime) return undefined;
    const message = `no answer within ${Math.round(remainingMs)} ms`;
    return failure('timeout', message, { sent: true });
  }

  #perform(task: Task, requests: number): Outcome {
    const vehicle = task.vehicle ?? '';
    switch (task.operation) {
      case 'sign_in':
      case 'request_code':
      case 'submit_code':
        return this.#signIn(task, requests);
      case 'list':
        return success({ operation: 'list', vehicles: this.#listed() }, requests);
      case 'cached': {
        const report = this.#cars.read(vehicle, (car) => car.report());
        return report === undefined
          ? refusal(gone, requests)
          : success({ operation: 'cached', report, polled_at: nowIso() }, requests);
      }
      case 'force': {
        const report = this.#cars.update(vehicle, (car) => {
          car.wake();
          return car.report();
        });
        return report === undefined
          ? refusal(gone, requests)
          : success({ operation: 'force', report, polled_at: nowIso(), advanced: true }, requests);
      }
    }
  }

  /** A code is asked for where the control file names one, until this device has once given it. */
  #signIn(task: Task, requests: number): Outcome {
    const wanted = this.#faults.code;
    const device = deviceSchema.safeParse(task.device).data ?? {};
    const isRight = device.sent === true && task.code === wanted;
    if (wanted === undefined || device.trusted === true || isRight) {
      return {
        ...success({ operation: 'sign_in', vehicles: this.#listed() }, requests),
        session: { token: randomUUID() },
        session_expires_at: null,
        ...(wanted === undefined ? {} : { device: { trusted: true } }),
      };
    }
    if (task.operation === 'request_code' && task.method !== undefined) {
      const result = { operation: 'request_code', method: task.method } as const;
      return { ...success(result, requests), device: { sent: true } };
    }
    const message =
      task.code === undefined ? 'a one-time code is asked for' : 'the code was not accepted';
    return {
      ...refusal(failure('otp_required', message), requests),
      challenge: simulatedAddresses,
      // A new sign-in voids the code that was sent before.
      device: task.operation === 'sign_in' ? { sent: false } : device,
    };
  }

  #listed() {
    return this.#cars.identities.map((car) => ({
      id: car.id,
      vin: car.vin,
      name: car.name,
      model: car.model,
      year: car.year,
      brand: car.brand,
      drivetrain: car.drivetrain,
    }));
  }

  #logEffect(task: Task, phase: SimulatorEffect['phase']): void {
    if (this.#settings.log_file === undefined) return;
    const effect: SimulatorEffect = {
      at: nowIso(),
      operation: task.operation,
      vehicle: task.vehicle ?? null,
      attempt: task.attempt,
      command_id: task.command_id ?? null,
      phase,
    };
    // Written before the answer leaves: a line must not die with a terminated thread. O_APPEND keeps lines whole.
    appendFileSync(this.#settings.log_file, `${JSON.stringify(effect)}\n`);
  }
}

const deviceSchema = z.object({ trusted: z.boolean(), sent: z.boolean() }).partial();

const gone = failure('unknown_vehicle', 'the car is gone from the account');

const simulatedAddresses: Challenge = {
  methods: ['email', 'sms'],
  email: 'd***@example.com',
  sms: '***-**42',
};

function refuseUnsent(task: Task, identity: CarIdentity | undefined): Failure | undefined {
  const { operation } = task;
  const signsIn = !isCarOperation(operation) && operation !== 'list';
  if (signsIn) return undefined;
  if (task.session === null) {
    return failure('auth_failed', 'the task carries no session', { sent: false });
  }
  if (identity !== undefined || operation === 'list') return undefined;
  const message = `the account has no car with the id ${task.vehicle ?? '(none)'}`;
  return failure('unknown_vehicle', message, { sent: false });
}

function success(result: Result, requests: number) {
  return { ok: true as const, result, requests, library: 'simulator' };
}

function refusal(why: Failure, requests: number) {
  return { ok: false as const, failure: why, requests, library: 'simulator' };
}

function nowIso(): string {
  return new Date().toISOString();
}
