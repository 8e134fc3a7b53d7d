import { readFileSync, statSync } from 'node:fs';
import { z } from 'zod';
import type { Failure } from '../vehicle/outcome.js';
import type { Task } from '../vehicle/task.js';
import type { SharedText } from './simulator-shared-text.js';
import { failure, failureCodes } from '../vehicle/outcome.js';
import { isCarOperation } from '../vehicle/task.js';

const faultSchema = z.strictObject({
  /** Instead of the configured latency. */
  latency_ms: z.number().nonnegative().optional(),
  /** Fails after its latency; with `times`, only so often since the file was last written. */
  fail: z
    .strictObject({
      code: z.enum(failureCodes),
      message: z.string().default('the simulator was told to fail'),
      times: z.number().int().positive().optional(),
      outcome: z.literal('unknown').optional(),
      sent: z.boolean().optional(),
      retry_after_s: z.number().nonnegative().optional(),
    })
    .optional(),
  /** Never answers: only the task's deadline ends it. */
  hang: z.boolean().optional(),
});

type Fault = z.infer<typeof faultSchema>;

/**
 * The control file of the simulator: a JSON document that a test or a person writes and that is read at every task.
 *
 * ```json
 * {
 *   "sign_in": { "latency_ms": 500 },
 *   "code": "123456",
 *   "vehicles": {
 *     "*": { "cached": { "latency_ms": 20 } },
 *     "<vendor id or VIN>": {
 *       "cached": { "fail": { "code": "unavailable", "message": "maintenance", "times": 2 } },
 *       "force": { "hang": true }
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
      z.strictObject({ cached: faultSchema.optional(), force: faultSchema.optional() }),
    )
    .optional(),
});

type Control = z.infer<typeof controlSchema>;

/** What shall happen to one task. */
export interface Weather {
  readonly latency_ms: number | undefined;
  readonly failure: Failure | undefined;
  readonly hang: boolean;
}

const calm: Weather = { latency_ms: undefined, failure: undefined, hang: false };

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

  /** What the control file says of this task; counts it where the fault has `times`. */
  next(task: Pick<Task, 'operation' | 'vehicle'>, vin?: string): Weather {
    const { file } = this.#options;
    if (file === undefined) return calm;
    const read = this.#load(file);
    if (read === undefined) return calm;
    const [place, fault] = find(read.control, task, vin);
    if (fault === undefined) return calm;
    return {
      latency_ms: fault.latency_ms,
      hang: fault.hang ?? false,
      failure: this.#strike(`${place} ${read.version}`, fault.fail),
    };
  }

  #strike(place: string, fail: Fault['fail']): Failure | undefined {
    if (fail === undefined) return undefined;
    const { code, message, times, ...more } = fail;
    if (times !== undefined && this.#count(place) > times) return undefined;
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

function find(
  control: Control,
  { operation, vehicle = '' }: Pick<Task, 'operation' | 'vehicle'>,
  vin = '',
): [string, Fault | undefined] {
  if (!isCarOperation(operation)) return [operation, control[operation]];
  for (const key of [vehicle, vin]) {
    const own = control.vehicles?.[key]?.[operation];
    if (own !== undefined) return [`${key} ${operation}`, own];
  }
  return [`* ${operation}`, control.vehicles?.['*']?.[operation]];
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
