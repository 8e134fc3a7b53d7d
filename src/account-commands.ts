import type { AccountDependencies, AccountOptions, AccountOutput } from './account-options.js';
import { Admissions } from './dispatch/admissions.js';
import type { AdmissionsOptions } from './dispatch/admissions.js';
import type { Breaker, CallClass } from './dispatch/breaker.js';
import type { createCalls } from './dispatch/calls.js';
import type { CommandBook } from './dispatch/command-book.js';
import { CommandRate } from './dispatch/command-rate.js';
import { Confirmation } from './dispatch/confirmation.js';
import type { Dispatcher } from './dispatch/dispatcher.js';
import { createJobLife } from './dispatch/job-life.js';
import type { AccountCare } from './account-care.js';
import type { Hold } from './dispatch/job-gate.js';
import { Jobs } from './dispatch/jobs.js';
import { createQuietRefresh } from './dispatch/quiet-refresh.js';
import type { Slots } from './dispatch/slots.js';
import type { InfoPermissions, Vehicles } from './dispatch/vehicles.js';
import type { AccountStore } from './store/account-store.js';
import type { Write } from './store/store.js';
import type { Failure } from './vehicle/outcome.js';
import { isPermitted } from './vehicle/permission.js';

/** The parts of an account that its commands go through. */
export interface AccountParts {
  readonly book: CommandBook<Write>;
  readonly breakers: Readonly<Record<CallClass, Breaker>>;
  readonly calls: ReturnType<typeof createCalls>;
  readonly care: Pick<AccountCare, 'budget' | 'guard' | 'hold'>;
  readonly dispatcher: Dispatcher;
  readonly slots: Slots;
  readonly stored: AccountStore;
  readonly vehicles: Vehicles;
  readonly isReady: () => boolean;
  /** The answer of an account that waits for a person. */
  readonly refusal: () => Failure | undefined;
  readonly permissionsOf: (vehicle: string) => InfoPermissions;
  readonly reject: AdmissionsOptions<Write>['reject'];
}

/** Of the second half of a command: it has started in time. */
const restWithin_ms = 60_000;
/** A read-back that waits longer for its lane is given up. */
const readBackPatience_ms = 30_000;

/** What becomes of an account's commands: their admission, the remote ones' confirmation, and the jobs. */
export function createAccountCommands(
  options: Pick<
    AccountOptions,
    'maxAge_ms' | 'queuePerVehicle' | 'expiresIn_ms' | 'rate' | 'confirm'
  >,
  deps: Pick<AccountDependencies, 'clock' | 'retry' | 'waiting' | 'clockTrusted'> & {
    readonly output: Pick<AccountOutput, 'trips' | 'changed'>;
  },
  parts: AccountParts,
) {
  const { clock, output, retry } = deps;
  const { book, breakers, calls, care, dispatcher, slots, stored, vehicles } = parts;

  const quiet = createQuietRefresh({
    clock,
    defaultMaxAge_s: options.maxAge_ms / 1000,
    lanes: dispatcher,
    reportedAt: (vehicle) => vehicles.reportedAt(vehicle),
    holdsAutomatic: (vehicle) => care.guard.holdsAutomatic(vehicle),
  });

  const confirmation = new Confirmation({
    clock,
    ...options.confirm,
    patience_ms: readBackPatience_ms,
    status: ({ vehicle, action, commandId }, actionId) =>
      dispatcher.whileHeld(() => calls.status(vehicle, action, actionId, commandId)),
    read: async (vehicle, signal) => {
      const outcome = await quiet.read(vehicle, signal);
      return outcome.ok && 'report' in outcome.result ? outcome.result.report : undefined;
    },
  });

  const jobs = new Jobs({
    clock,
    retry,
    life: createJobLife(book),
    mayLeave: hold,
    call: (vehicle, period, commandId) => inJobSlot(() => calls.trips(vehicle, period, commandId)),
    trips: stored.trips,
    publish: (topicId, month) => {
      output.trips(topicId, month);
    },
    topicId: (vehicle) => vehicles.byVendorId(vehicle)?.topic_id,
    clockTrusted: deps.clockTrusted,
    changed: () => {
      output.changed();
    },
  });

  /** Why nothing that can wait is asked of the account now. */
  function hold(): Hold | undefined {
    const refusal = parts.refusal();
    if (refusal !== undefined) return { reason: refusal.code, message: refusal.message };
    if (!parts.isReady()) return { reason: 'not_ready' };
    return breakers.read.allows ? care.hold() : { reason: 'breaker_open' };
  }

  /** Long work gives way to what people wait for. */
  async function inJobSlot<T>(work: () => Promise<T>): Promise<T> {
    await dispatcher.whenReadsServed();
    const giveBack = await slots.whenFreeForJob();
    try {
      return await work();
    } finally {
      giveBack();
    }
  }

  const admissions = new Admissions<Write>({
    clock,
    book,
    dispatcher,
    waiting: deps.waiting,
    defaultMaxAge_s: options.maxAge_ms / 1000,
    queuePerVehicle: options.queuePerVehicle,
    expiresIn_ms: options.expiresIn_ms,
    limitsOf: (vehicle) => ({
      ...parts.permissionsOf(vehicle),
      capabilities: vehicles.capabilities(vehicle),
      drivetrain: vehicles.drivetrain(vehicle),
    }),
    rate: new CommandRate(options.rate),
    jobs,
    remote: {
      cars: vehicles,
      confirmation,
      sendRest: (vehicle, action, commandId) =>
        dispatcher.whileHeld(() => calls.rest(vehicle, action, commandId, restWithin_ms)),
      mayStartClimate: (vehicle) => {
        const start = { name: 'climate', value: 'start', awaits_temperature: false } as const;
        const { allow } = parts.permissionsOf(vehicle);
        return isPermitted(start, allow, vehicles.drivetrain(vehicle));
      },
      readSoon: (vehicle) => {
        void quiet.read(vehicle);
      },
    },
    onUnknown: (vehicle, action, since) => {
      vehicles.unknownSince(vehicle, action, since);
    },
    clockTrusted: deps.clockTrusted,
    accountRefusal: parts.refusal,
    breakers,
    guard: care.guard,
    vendorLimit: () => care.budget.refusal,
    reportedAt: (vehicle) => vehicles.reportedAt(vehicle),
    topicId: (vehicle) => vehicles.byVendorId(vehicle)?.topic_id,
    reject: parts.reject,
  });

  return { admissions, confirmation, hold, jobs, quiet };
}
