import { z } from 'zod';
import { capabilitiesSchema } from './capability.js';
import { failureSchema } from './outcome.js';
import { remoteActionSchema } from './remote-action.js';
import { drivetrains, vehicleReportSchema } from './state.js';
import { tripDaysSchema, tripPeriod } from './trips.js';

/**
 * What a thread can be asked to do. `sign_in` renews or opens the session and lists the cars; it and the two steps of
 * a one-time code are the only ones that may sign in. `list` lists the cars anew with the session as it is.
 */
export const operations = [
  'sign_in',
  'list',
  'request_code',
  'submit_code',
  'cached',
  'force',
  'command',
  'action_status',
  'trips',
] as const;

export type Operation = (typeof operations)[number];

/**
 * Those that are about one car. `command` sends what the car is to do, once; `action_status` asks what became of it;
 * `trips` reads a month or a day of what the car has driven.
 */
export const carOperations = [
  'cached',
  'force',
  'command',
  'action_status',
  'trips',
] as const satisfies readonly Operation[];

export type CarOperation = (typeof carOperations)[number];

export function isCarOperation(operation: Operation): operation is CarOperation {
  return carOperations.some((one) => one === operation);
}

/** Those that do something with a car: where their answer is lost nobody knows whether it happened. */
export function reachesCar(operation: Operation): boolean {
  return operation === 'force' || operation === 'command';
}

export type AccountOperation = Exclude<Operation, CarOperation>;

/** The library's token and what it needs to know of each car: opaque here, and a secret. */
export const sessionSchema = z.record(z.string(), z.unknown());

export type Session = z.infer<typeof sessionSchema>;

/**
 * What the vendor knows this bridge by, and the one-time code that it waits for: opaque here, and a secret. It outlives
 * sessions, because a device that the vendor remembers needs no code.
 */
export const deviceSchema = z.record(z.string(), z.unknown());

export type Device = z.infer<typeof deviceSchema>;

/** How a vendor sends one-time codes. */
export const codeMethods = ['email', 'sms'] as const;

export type CodeMethod = (typeof codeMethods)[number];

/** What a vendor offers that wants a one-time code; the addresses are as it masks them. */
export const challengeSchema = z.object({
  methods: z.array(z.enum(codeMethods)),
  email: z.string().nullable(),
  sms: z.string().nullable(),
});

export type Challenge = z.infer<typeof challengeSchema>;

/** A task for a worker thread. It carries all that the thread needs: a thread remembers nothing of an account. */
export const taskSchema = z.strictObject({
  account: z.string(),
  /** Unique for each try; correlates log lines and tells late outcomes from awaited ones. */
  attempt: z.string(),
  /** The command it is done for, for the log; absent for what the bridge started itself. */
  command_id: z.string().optional(),
  operation: z.enum(operations),
  /** The vendor's id of the car; absent where the task is about the account. */
  vehicle: z.string().optional(),
  remaining_ms: z.number().positive(),
  /** On the clock that all threads of the process share: since then the task has been waiting for one. */
  handed_over_at: z.number().optional(),
  session: sessionSchema.nullable(),
  /** Of a task about the account. */
  device: deviceSchema.nullable().optional(),
  /** Of `request_code`. */
  method: z.enum(codeMethods).optional(),
  /** Of `submit_code`: a secret. */
  code: z.string().optional(),
  /** Of `command`, and of `action_status` what was sent. */
  action: remoteActionSchema.optional(),
  /** Of `command`: how long from now on it may still be sent. What is later than that is refused, unsent. */
  send_within_ms: z.number().positive().optional(),
  /** Of `action_status`. */
  action_id: z.string().optional(),
  /** Of `trips`. */
  period: tripPeriod.optional(),
  /** Of `force`: the pauses, in seconds, before reading back a wake that did not show at once. */
  read_back_s: z.array(z.number().positive()).optional(),
});

export type Task = z.infer<typeof taskSchema>;

/** A car as its account lists it. */
export const listedVehicleSchema = z.object({
  /** The vendor's id. */
  id: z.string().min(1),
  vin: z.string().nullable(),
  name: z.string().nullable(),
  model: z.string().nullable(),
  year: z.number().int().nullable(),
  brand: z.string().nullable(),
  drivetrain: z.enum(drivetrains).nullable(),
  /** What it can do besides being read; more may be known once it was read. */
  commands: capabilitiesSchema.optional(),
});

export type ListedVehicle = z.infer<typeof listedVehicleSchema>;

/** What a vendor says of a command that it took. */
export const actionStatuses = ['pending', 'succeeded', 'failed', 'timeout', 'unknown'] as const;
export type ActionStatus = (typeof actionStatuses)[number];

/** How it can be found out what became of a command that the vendor took. */
export const followUpSchema = z.strictObject({
  /** Never asked for without one. */
  action_id: z.string().min(1),
  every_s: z.number().positive(),
  /** Asked no more often than that; absent: as long as `confirm.for`. */
  most_polls: z.int().positive().optional(),
  /** `over`: where the vendor says `succeeded`, it only means that nothing is pending any more. */
  succeeded_means: z.enum(['done', 'over']),
});

export type FollowUp = z.infer<typeof followUpSchema>;

/** What a backend answers to a task that succeeded. */
export const resultSchema = z.discriminatedUnion('operation', [
  /** Also the answer to `submit_code`, and to `request_code` where the vendor wants no code any more. */
  z.strictObject({ operation: z.literal('sign_in'), vehicles: z.array(listedVehicleSchema) }),
  z.strictObject({ operation: z.literal('list'), vehicles: z.array(listedVehicleSchema) }),
  z.strictObject({ operation: z.literal('request_code'), method: z.enum(codeMethods) }),
  z.strictObject({
    operation: z.literal('cached'),
    report: vehicleReportSchema,
    polled_at: z.iso.datetime(),
    /** What the car can do, where reading it told more than listing it. */
    commands: capabilitiesSchema.optional(),
  }),
  z.strictObject({
    operation: z.literal('force'),
    report: vehicleReportSchema,
    polled_at: z.iso.datetime(),
    /** Whether the car itself reported anew; without it the values are the cloud's old ones. */
    advanced: z.boolean(),
    commands: capabilitiesSchema.optional(),
  }),
  /** The vendor took it; whether the car did it is another question. */
  z.strictObject({
    operation: z.literal('command'),
    /** Its name for the action, for people; null where it gave none. */
    action_id: z.string().nullable(),
    /** Null where nothing can be asked. */
    follow_up: followUpSchema.nullable(),
    /** What is to be sent once this is confirmed: the other half of a schedule. */
    rest: remoteActionSchema.optional(),
  }),
  z.strictObject({ operation: z.literal('action_status'), status: z.enum(actionStatuses) }),
  z.strictObject({ operation: z.literal('trips'), days: tripDaysSchema }),
]);

export type Result = z.infer<typeof resultSchema>;

/** A changed session comes back whatever became of the task: tokens rotate in failed calls too. */
const changed = {
  session: sessionSchema.optional(),
  /** When a session that came with it ends for good; null where the vendor does not tell. */
  session_expires_at: z.iso.datetime().nullable().optional(),
  device: deviceSchema.optional(),
  /** Requests to the vendor that this task made. */
  requests: z.number().int().nonnegative(),
  /** What the backend runs on, for `<v>/info` (for example the library's name and version). */
  library: z.string().optional(),
};

/**
 * What became of a task, as plain data. A failure may come with a report: a `force` that woke nothing still read
 * the cloud.
 */
export const outcomeSchema = z.discriminatedUnion('ok', [
  z.strictObject({ ok: z.literal(true), result: resultSchema, ...changed }),
  z.strictObject({
    ok: z.literal(false),
    failure: failureSchema,
    cached: resultSchema.optional(),
    /** With `otp_required`. */
    challenge: challengeSchema.optional(),
    ...changed,
  }),
]);

export type Outcome = z.infer<typeof outcomeSchema>;

/** Which results answer a task. */
export function isAnswerTo(operation: Operation, result: Result): boolean {
  const opensSession = operation === 'request_code' || operation === 'submit_code';
  return result.operation === operation || (opensSession && result.operation === 'sign_in');
}
