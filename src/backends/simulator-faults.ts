import { readFileSync, statSync } from 'node:fs';
import { z } from 'zod';
import type { Failure } from '../vehicle/outcome.js';
import type { RemoteActionName } from '../vehicle/remote-action.js';
import type { CarOperation, Task } from '../vehicle/task.js';
import type { SharedText } from './simulator-shared-text.js';
import { failure, failureCodes } from '../vehicle/outcome.js';
import { remoteActionSchema } from '../vehicle/remote-action.js';
import { actionStatuses, isCarOperation } from '../vehicle/task.js';
import { carMoods } from './simulator-orders.js';

const faultSchema = z.strictObject({
  /** Instead of the configured latency. */
  latency_ms: z.number().nonnegative().optional(),
  /** Fails after its latency; with `after` and `times`, only so many since the file was last written. */
  fail: z
    .strictObject({
      code: z.enum(failureCodes),
      message: z.string().default('the simulator was told to fail'),
      after: z.number().int().positive().optional(),
      times: z.number().int().positive().optional(),
      outcome: z.literal('unknown').optional(),
      sent: z.boolean().optional(),
      retry_after_s: z.number().nonnegative().optional(),
    })
    .optional(),
  /** Never answers: only the task's deadline ends it. */
  hang: z.boolean().optional(),
});

const reportFaultSchema = faultSchema.extend({
  /** The charge of the 12 V battery (%) that is told, whatever the car's own is. */
  aux_battery: z.number().min(0).max(100).optional(),
});

const commandFaultSchema = faultSchema.extend({
  /** How long it takes until the command can be sent at all, as with a slow process or a token that is renewed. */
  starts_after_ms: z.number().nonnegative().optional(),
  /** The vendor takes the command first: its latency, failure or hang is only one of its answer. */
  taken: z.boolean().optional(),
  /** Instead of the configured time that the car takes. */
  car_latency_ms: z.number().nonnegative().optional(),
  car: z.enum(carMoods).optional(),
  /** Of a schedule the car does the half about charging only. */
  half_done: z.boolean().optional(),
  /** `over`: what succeeded is only not pending any more. `none`: the vendor gives the action no name. */
  follow_up: z.enum(['done', 'over', 'none']).optional(),
});

const statusFaultSchema = faultSchema.extend({
  /** What the vendor says whatever became of the action. */
  status: z.enum(actionStatuses).optional(),
});

const actionNames = z.enum(remoteActionSchema.options.map(({ shape }) => shape.name.value));

const byAction = <T extends z.ZodType>(fault: T) => ({
  /** What is said of an action replaces what is said of all. */
  actions: z.partialRecord(actionNames, fault).optional(),
});

/**
 * The control file of the simulator: a JSON document that a test or a person writes and that is read at every task.
 *
 * ```json
 * {
 *   "sign_in": { "latency_ms": 500 },
 *   "code": "123456",
 *   "vehicles": {
 *     "*": { "cached": { "latency_ms": 20, "aux_battery": 45 }, "action_status": { "status": "pending" } },
 *     "<vendor id or VIN>": {
 *       "cached": { "fail": { "code": "unavailable", "message": "maintenance", "times": 2 } },
 *       "force": { "hang": true },
 *       "command": {
 *         "car_latency_ms": 3000,
 *         "actions": { "lock": { "taken": true, "fail": { "code": "timeout" } }, "horn": { "car": "refuses" } }
 *       }
 *     }
 *   }
 * }
 * ```
 *
 * What is said of a car replaces, operation by operation, what is said of `*`. With `code` a sign-in asks for that
 * one-time code, once.
 */
const controlSchema = z.strictObject({
  sign_in: faultSchema.optional(),
  list: faultSchema.optional(),
  request_code: faultSchema.optional(),
  submit_code: faultSchema.optional(),
  code: z.string().optional(),
  vehicles: z
    .record(
      z.string(),
      z.strictObject({
        cached: reportFaultSchema.optional(),
        force: reportFaultSchema.optional(),
        command: commandFaultSchema.extend(byAction(commandFaultSchema)).optional(),
        action_status: statusFaultSchema.extend(byAction(statusFaultSchema)).optional(),
        trips: faultSchema.optional(),
      }),
    )
    .optional(),
});

/** What can be said of one operation, whichever. */
type Fault = Partial<
  z.infer<typeof reportFaultSchema> &
    z.infer<typeof commandFaultSchema> &
    z.infer<typeof statusFaultSchema>
>;

type Control = z.infer<typeof controlSchema>;
type CarFault = NonNullable<NonNullable<Control['vehicles']>[string][CarOperation]>;

/** What shall happen to one task. */
export interface Weather extends Omit<Fault, 'fail'> {
  readonly failure?: Failure | undefined;
}

export interface FaultsOptions {
  /** Without a file there are no faults. */
  readonly file: string | undefined;
  /** Counts of `times`, shared by the threads. */
  readonly counts: SharedText;
  /** Told once of each new reason why the file is of no use. */
  readonly warn: (message: string) => void;
}

export class Faults {
  readonly #options: FaultsOptions;
  #warned = '';
  #read: { readonly version: string; readonly control: Control } | undefined;

  constructor(options: FaultsOptions) {
    this.#options = options;
  }

  /** The one-time code that a sign-in asks for. */
  get code(): string | undefined {
    const { file } = this.#options;
    return file === undefined ? undefined : this.#load(file)?.control.code;
  }

  /** What the control file says of this task; counts it where the fault has `times` or `after`. */
  next(task: Pick<Task, 'operation' | 'vehicle' | 'action'>, vin?: string): Weather {
    const { file } = this.#options;
    if (file === undefined) return {};
    const read = this.#load(file);
    if (read === undefined) return {};
    const [place, fault] = find(read.control, task, vin);
    if (fault === undefined) return {};
    const { fail, ...rest } = fault;
    return { ...rest, failure: this.#strike(`${place} ${read.version}`, fail) };
  }

  #strike(place: string, fail: Fault['fail']): Failure | undefined {
    if (fail === undefined) return undefined;
    const { code, message, times = Infinity, after = 0, ...more } = fail;
    const isCounted = after > 0 || times < Infinity;
    if (isCounted) {
      const count = this.#count(place) - after;
      if (count < 1 || count > times) return undefined;
    }
    return failure(code, message, definedOnly(more));
  }

  #count(place: string): number {
    return this.#options.counts.exchange((text) => {
      const counts = countsSchema.parse(text === '' ? {} : JSON.parse(text));
      const count = (counts[place] ?? 0) + 1;
      const version = place.slice(place.lastIndexOf(' '));
      const current = Object.entries(counts).filter(([key]) => key.endsWith(version));
      return {
        answer: count,
        text: JSON.stringify({ ...Object.fromEntries(current), [place]: count }),
      };
    });
  }

  #load(file: string): { version: string; control: Control } | undefined {
    try {
      const { mtimeNs, size } = statSync(file, { bigint: true });
      const version = `${mtimeNs}/${size}`;
      if (this.#read?.version !== version) {
        const control = controlSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
        this.#read = { version, control };
      }
      this.#warned = '';
      return this.#read;
    } catch (error) {
      this.#warn(`simulator control file ${file}: no faults, because ${reason(error)}`);
      return undefined;
    }
  }

  #warn(message: string): void {
    if (message === this.#warned) return;
    this.#warned = message;
    this.#options.warn(message);
  }
}

const countsSchema = z.record(z.string(), z.number());

/** What is said of the task, and where: the place names its count. */
function find(
  control: Control,
  task: Pick<Task, 'operation' | 'vehicle' | 'action'>,
  vin?: string,
): [string, Fault | undefined] {
  const { operation, vehicle, action } = task;
  if (!isCarOperation(operation)) return [operation, control[operation]];
  const { vehicles = {} } = control;
  const isNamed = (one: string | undefined) => one !== undefined && vehicles[one]?.[operation];
  const key = [vehicle, vin].find(isNamed) ?? '*';
  const fault = vehicles[key]?.[operation];
  const own = action && ofAction(fault, action.name);
  return own === undefined
    ? [`${key} ${operation}`, fault]
    : [`${key} ${operation} ${action?.name ?? ''}`, own];
}

function ofAction(fault: CarFault | undefined, name: RemoteActionName): Fault | undefined {
  return fault !== undefined && 'actions' in fault ? fault.actions?.[name] : undefined;
}

function definedOnly({
  outcome,
  sent,
  retry_after_s,
}: Pick<Failure, 'outcome' | 'sent' | 'retry_after_s'>): Parameters<typeof failure>[2] {
  return {
    ...(outcome !== undefined && { outcome }),
    ...(sent !== undefined && { sent }),
    ...(retry_after_s !== undefined && { retry_after_s }),
  };
}

function reason(error: unknown): string {
  if (error instanceof z.ZodError) return z.prettifyError(error).replaceAll('\n', ' ');
  return error instanceof Error ? error.message : String(error);
}
