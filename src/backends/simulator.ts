import { setTimeout as delay } from 'node:timers/promises';
import type { Failure } from '../vehicle/outcome.js';
import type { CarIdentity } from '../vehicle/simulated-state.js';
import type { VehicleReport } from '../vehicle/state.js';
import type { Operation, Outcome, Result, Task } from '../vehicle/task.js';
import type { BackendNotes, VehicleBackend } from './contract.js';
import type { SimulatorEffect } from './simulator-effects.js';
import type { Weather } from './simulator-faults.js';
import { tooLateToSend } from '../vehicle/later-task.js';
import { failure } from '../vehicle/outcome.js';
import { tripsOf } from '../vehicle/simulated-trips.js';
import { isCarOperation } from '../vehicle/task.js';
import { takeAction, takenResult, type CommandWeather, type Taken } from './simulator-commands.js';
import { EffectLog } from './simulator-effects.js';
import { Faults } from './simulator-faults.js';
import { statusOf } from './simulator-orders.js';
import { ofCommand, refusal, success } from './simulator-outcomes.js';
import { SharedCars } from './simulator-shared-cars.js';
import { listed, signIn } from './simulator-sign-in.js';

export type { SimulatorEffect } from './simulator-effects.js';
export { createSharedCars } from './simulator-shared-cars.js';

/** Plain data that crosses into the worker thread as it is. */
export interface SimulatorSettings {
  readonly backend: 'simulator';
  readonly vehicles: number;
  /** The same seed makes the same cars. */
  readonly seed: number;
  /** How long the cloud takes: to sign in, to be read, to take a command. */
  readonly latency_ms: number;
  /** How long a wake takes. */
  readonly force_latency_ms: number;
  /** How long a car takes for a command that the cloud has taken. */
  readonly command_latency_ms: number;
  readonly region: string;
  readonly brand: string;
  /** From `createSharedCars(vehicles)`, one for all threads of an account. */
  readonly shared: SharedArrayBuffer;
  /** Chosen faults, see `simulator-faults.ts`. */
  readonly control_file?: string;
  /** Gets a JSON line for each thing that the cars and their cloud were made to do. */
  readonly log_file?: string;
}

const requestsOf = {
  sign_in: 2,
  list: 1,
  request_code: 1,
  submit_code: 2,
  cached: 1,
  force: 2,
  command: 1,
  action_status: 1,
  trips: 1,
} as const satisfies Record<Operation, number>;

/** Simulated cars as a backend; all threads that share `settings.shared` see the same ones. */
export function createSimulator(settings: SimulatorSettings, notes: BackendNotes): VehicleBackend {
  return new Simulator(settings, notes);
}

class Simulator implements VehicleBackend {
  readonly #settings: SimulatorSettings;
  readonly #notes: BackendNotes;
  readonly #cars: SharedCars;
  readonly #log: EffectLog;
  readonly #faults: Faults;
  readonly #closed = new AbortController();

  constructor(settings: SimulatorSettings, notes: BackendNotes) {
    this.#settings = settings;
    this.#notes = notes;
    this.#cars = new SharedCars(settings, Date.now);
    this.#log = new EffectLog(settings.log_file);
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
      const why = failure('internal', `the simulator failed: ${text}`);
      return refusal(task.operation === 'command' ? ofCommand(why, false) : why, 0);
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
    const weather = this.#faults.next(task, identity?.vin);
    if (task.operation === 'command' && identity !== undefined) {
      return this.#command(task, identity, weather);
    }
    const requests = this.#send(task);
    const fault = (await this.#cloud(task, weather, task.remaining_ms)) ?? weather.failure;
    if (fault !== undefined) return refusal(fault, requests);
    const outcome = this.#perform(task, weather, requests);
    this.#logEffect(task, 'done');
    return outcome;
  }

  /** Says so for each request before it leaves. */
  #send(task: Task): number {
    const requests = requestsOf[task.operation];
    for (let sent = 0; sent < requests; sent += 1) this.#notes.request();
    this.#logEffect(task, 'started');
    return requests;
  }

  /** Waits for the cloud's answer; gives what ended the wait before. */
  #cloud(task: Task, weather: Weather, remaining_ms: number): Promise<Failure | undefined> {
    const { latency_ms, force_latency_ms } = this.#settings;
    const usual_ms = task.operation === 'force' ? force_latency_ms : latency_ms;
    const wait_ms = weather.hang === true ? Infinity : (weather.latency_ms ?? usual_ms);
    return this.#wait(wait_ms, remaining_ms, true);
  }

  /** Waits, at most until the deadline. Nothing to wait for costs no timer. */
  async #wait(wait_ms: number, remaining_ms: number, sent: boolean): Promise<Failure | undefined> {
    if (this.#closed.signal.aborted) {
      return failure('interrupted', 'the simulator was closed', { sent: false });
    }
    if (wait_ms === 0) return undefined;
    const inTime = wait_ms < remaining_ms;
    try {
      const time_ms = Math.max(0, inTime ? wait_ms : remaining_ms);
      await delay(time_ms, undefined, { signal: this.#closed.signal });
    } catch {
      return failure('interrupted', 'the simulator was closed', { sent });
    }
    if (inTime) return undefined;
    return failure('timeout', `no answer within ${Math.round(remaining_ms)} ms`, { sent });
  }

  /** Sends an action once, unless its time is over before. */
  async #command(task: Task, identity: CarIdentity, weather: Weather): Promise<Outcome> {
    const began = performance.now();
    const unsent = await this.#untilSent(task, weather.starts_after_ms ?? 0);
    if (unsent !== undefined) return refusal(unsent, 0);
    const requests = this.#send(task);
    const car_latency_ms = weather.car_latency_ms ?? this.#settings.command_latency_ms;
    const told = { ...weather, car_latency_ms };
    let taken = weather.taken === true ? this.#take(identity, task, told) : undefined;
    const left_ms = task.remaining_ms - (performance.now() - began);
    const fault = (await this.#cloud(task, weather, left_ms)) ?? weather.failure;
    if (fault !== undefined) {
      return refusal(ofCommand(fault, taken !== undefined && 'order' in taken), requests);
    }
    taken ??= this.#take(identity, task, told);
    if ('refused' in taken) return refusal(taken.refused, requests);
    this.#logEffect(task, 'done');
    return success(takenResult(taken, told), requests);
  }

  async #untilSent(task: Task, starts_after_ms: number): Promise<Failure | undefined> {
    const { send_within_ms = Infinity, remaining_ms } = task;
    const most_ms = Math.min(send_within_ms, remaining_ms);
    const fault = await this.#wait(starts_after_ms, most_ms, false);
    return fault?.code === 'timeout' ? tooLateToSend : fault;
  }

  #take(identity: CarIdentity, task: Task, told: CommandWeather): Taken {
    const taken = takeAction(this.#cars, identity, task, told);
    const { signal } = this.#closed;
    const look = (): void => {
      this.#cars.read(identity.id, () => undefined);
    };
    // A car acts in its time, also when nobody else looks.
    if ('order' in taken && told.car_latency_ms > 0) {
      const due = delay(told.car_latency_ms + 1, undefined, { signal, ref: false });
      due.then(look, () => undefined);
    }
    return taken;
  }

  #perform(task: Task, weather: Weather, requests: number): Outcome {
    const vehicles = this.#cars.identities.map(listed);
    if (task.operation === 'list') return success({ operation: 'list', vehicles }, requests);
    if (!isCarOperation(task.operation)) {
      return signIn(task, { vehicles, code: this.#faults.code, requests });
    }
    const result = this.#performOnCar(task, weather);
    return result === undefined ? refusal(gone, requests) : success(result, requests);
  }

  #performOnCar(task: Task, weather: Weather): Result | undefined {
    const { operation, vehicle = '', action_id, period = '' } = task;
    if (operation === 'force') return this.#wake(vehicle, weather);
    if (operation === 'cached') {
      const report = this.#cars.read(vehicle, ({ car }) => car.report());
      return report && { operation, report: told(report, weather), polled_at: nowIso() };
    }
    if (operation === 'action_status') {
      const found = this.#cars.read(vehicle, ({ orders }) => statusOf(orders, action_id));
      return found && { operation, status: weather.status ?? found };
    }
    const identity = this.#cars.identities.find(({ id }) => id === vehicle);
    return identity && { operation: 'trips', days: tripsOf(identity, period, Date.now()) };
  }

  #wake(vehicle: string, weather: Weather): Result | undefined {
    const operation = 'force';
    const report = this.#cars.update(vehicle, ({ car }) => {
      car.wake();
      return car.report();
    });
    return (
      report && { operation, report: told(report, weather), polled_at: nowIso(), advanced: true }
    );
  }

  #logEffect(task: Task, phase: SimulatorEffect['phase']): void {
    const { operation, action } = task;
    this.#log.append([
      {
        at: nowIso(),
        operation,
        vehicle: task.vehicle ?? null,
        attempt: task.attempt,
        command_id: task.command_id ?? null,
        phase,
        ...(operation === 'command' && action !== undefined && { action }),
        ...(task.period !== undefined && { period: task.period }),
      },
    ]);
  }
}

const gone = failure('unknown_vehicle', 'the car is gone from the account');

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

function told(report: VehicleReport, { aux_battery: level }: Weather): VehicleReport {
  if (level === undefined) return report;
  return { ...report, aux_battery: { ...report.aux_battery, level } };
}

function nowIso(): string {
  return new Date().toISOString();
}
