import { onTestFinished } from 'vitest';
import type { Clock } from '../../src/daemon/clock.js';
import { createAccountCare, createAccountSchedule, type keptCare } from '../../src/account-care.js';
import { createAccountCommands } from '../../src/account-commands.js';
import type {
  AccountOptions as AccountSettings,
  AccountOutput,
} from '../../src/account-options.js';
import { expiresIn } from '../../src/config/expiry.js';
import type { ForVehicle } from '../../src/dispatch/admissions.js';
import { Breaker, callClasses, type CallClass } from '../../src/dispatch/breaker.js';
import { createCalls } from '../../src/dispatch/calls.js';
import type { RateLimit } from '../../src/dispatch/command-rate.js';
import { Dispatcher } from '../../src/dispatch/dispatcher.js';
import { createHandOff } from '../../src/dispatch/hand-off.js';
import type { RefreshableAccount } from '../../src/dispatch/refresh-all.js';
import type { SessionState } from '../../src/dispatch/session-keeper.js';
import { SharedSlots } from '../../src/dispatch/shared-slots.js';
import { Slots } from '../../src/dispatch/slots.js';
import { Vehicles } from '../../src/dispatch/vehicles.js';
import { WaitingCount } from '../../src/dispatch/waiting-count.js';
import type { PollSettings } from '../../src/schedule/next-poll.js';
import type { Schedule } from '../../src/schedule/schedule.js';
import { createAccountStore } from '../../src/store/account-store.js';
import type { Write } from '../../src/store/store.js';
import type { KnownVehicle } from '../../src/vehicle/known-vehicle.js';
import type { Failure } from '../../src/vehicle/outcome.js';
import { capabilitiesOf } from '../../src/vehicle/simulated-capabilities.js';
import { createIdentity } from '../../src/vehicle/simulated-identity.js';
import type { SetPoints } from '../../src/vehicle/set-points.js';
import type { LastReading } from '../../src/vehicle/state-document.js';
import type { Drivetrain, StateDocument } from '../../src/vehicle/state.js';
import type { Outcome, Task } from '../../src/vehicle/task.js';
import type { VehicleInfo } from '../../src/vehicle/vehicle-info.js';
import { aBook } from './a-book.js';
import { settle } from './fake-clock.js';
import { MemoryStore } from './memory-store.js';
import { later } from './outcomes.js';

/** A call that has left and waits for the test to end it. */
export interface LeftCall {
  readonly task: Task;
  /** So many requests to the vendor are seen to leave for it. */
  readonly requests: (count: number) => void;
  readonly end: (outcome: Outcome) => Promise<void>;
}

export function aCar(id = 'car', more: Partial<KnownVehicle> = {}): KnownVehicle {
  const listed = { id, vin: null, name: null, model: null, year: null };
  return {
    topic_id: id,
    listed: { ...listed, brand: null, drivetrain: null },
    name: null,
    enabled: true,
    gone_at: null,
    identity: null,
    told: [],
    ...more,
  };
}

export interface AccountOptions {
  readonly store?: MemoryStore;
  readonly boot?: number;
  readonly allow?: readonly (readonly string[] | undefined)[];
  readonly clockTrusted?: boolean;
  readonly accountRefusal?: Failure;
  readonly queuePerVehicle?: number;
  readonly queueTotal?: number;
  readonly reportedAt?: () => number | undefined;
  /** Vendor ids of the cars. */
  readonly cars?: readonly string[];
  readonly drivetrain?: Drivetrain | null;
  readonly readings?: ReadonlyMap<string, LastReading>;
  readonly readOnly?: boolean;
  readonly rate?: RateLimit;
  /** Calls that may be under way at once. */
  readonly slots?: number;
  readonly setPoints?: ReadonlyMap<string, SetPoints>;
  readonly confirm?: AccountSettings['confirm'];
  /** Without these nothing is guarded, and nothing is limited. */
  readonly guards?: AccountSettings['guards'];
  readonly budget?: AccountSettings['budget'];
  readonly kept?: Awaited<ReturnType<typeof keptCare>>;
  /** Without these it reads nothing by itself; with them, once its schedule is started. */
  readonly polling?: PollSettings;
  /** Told of each task that leaves. */
  readonly onLeave?: (task: Task) => void;
  /** Takes what stops it; without this it is stopped behind the test. */
  readonly atEnd?: (stop: () => void) => void;
}

const unguarded: AccountSettings['guards'] = {
  aux_battery_min: null,
  aux_battery_hard_min: null,
  min_wake_gap_ms: null,
  min_force_gap_ms: null,
};
const unlimited: AccountSettings['budget'] = {
  limit: { daily: null, counts: 'requests' },
  reserve_percent: 20,
};

const noPolls: PollSettings = {
  enabled: false,
  every_ms: 1_800_000,
  while_charging_ms: 600_000,
  force_every_ms: null,
  quiet_hours: null,
};

const silent: AccountOutput = {
  address: () => [],
  deliver: () => undefined,
  publish: () => undefined,
  state: () => undefined,
  info: () => undefined,
  availability: () => undefined,
  trips: () => undefined,
  step: () => undefined,
  carsChanged: () => undefined,
  changed: () => undefined,
  trouble: () => undefined,
};

/** An electric car with everything, as the simulator has them. */
const identity = createIdentity({ seed: 1, index: 0, brand: 'hyundai', region: 'europe' });

function knownCar(id: string, { drivetrain = 'ev' }: AccountOptions): KnownVehicle {
  const car = aCar(id);
  return { ...car, listed: { ...car.listed, drivetrain, commands: capabilitiesOf(identity) } };
}

/** Admission, book, lanes, breakers and calls of one account as they are put together; only the threads are the test's. */
export function anAccount(clock: Clock, options: AccountOptions = {}) {
  const store = options.store ?? new MemoryStore();
  const { book, journal, said } = aBook(store, clock, options.boot, (event) => {
    if (event.vehicle !== null) vehicles.commandStep(event.vehicle, event);
  });
  const waiting = new WaitingCount(options.queueTotal ?? 1000);
  const left: LeftCall[] = [];
  const overlaps: string[] = [];
  const documents: StateDocument[] = [];
  let isReady = true;
  let generation = 1;
  let taken = 0;
  let slots = options.slots ?? Infinity;
  const infos: VehicleInfo[] = [];
  const session = (): SessionState =>
    isReady ? { is: 'ready', session: { data: {}, generation } } : { is: 'signing_in' };
  const stored = createAccountStore(store, 'home');
  const retry = { initial_ms: 1000, factor: 2, max_ms: 60_000, jitter: 0 };

  const breakerOf = (callClass: CallClass): Breaker =>
    new Breaker(
      callClass,
      { failures: 5, reset_ms: 60_000, max_reset_ms: 600_000 },
      clock,
      (state) => {
        if (state.is === 'open') dispatcher.failWaiting(callClass, breakers[callClass].refusal);
        pumpAll();
      },
    );
  const breakers: Record<CallClass, Breaker> = { read: breakerOf('read'), wake: breakerOf('wake') };

  const care = createAccountCare(
    { guards: options.guards ?? unguarded, budget: options.budget ?? unlimited },
    { clock },
    {
      kept: options.kept ?? { usage: undefined, wakes: new Map() },
      stored,
      wakeBreaker: () => breakers.wake,
      onBudget: () => {
        const { refusal } = care.budget;
        if (refusal !== undefined) {
          for (const one of callClasses) dispatcher.failWaiting(one, refusal);
        }
        pumpAll();
      },
      onStoreTrouble: () => undefined,
    },
  );

  /** What the test does in the place of a thread. */
  const run = (task: Task): Promise<Outcome> => {
    const same = left.find(
      (one) => one.task.vehicle === task.vehicle && one.task.operation === task.operation,
    );
    if (same !== undefined) overlaps.push(`${task.operation} ${task.vehicle ?? ''}`);
    const call = later<Outcome>();
    const one: LeftCall = {
      task,
      requests: (count) => {
        for (let nth = 1; nth <= count; nth += 1) requestSent(task.attempt);
      },
      end: async (outcome) => {
        left.splice(left.indexOf(one), 1);
        call.keep(outcome);
        await settle();
      },
    };
    left.push(one);
    return call.promise;
  };

  const { handOff, requestSent } = createHandOff({
    clock,
    run,
    refusal: () => care.budget.refusal,
    onLeave: (task) => options.onLeave?.(task),
    onRequest: (task, nth) => {
      care.budget.requestSent(task?.operation, nth);
    },
    onReturn: (task, returned) => {
      const outcome = options.budget === undefined ? returned : care.budget.returned(returned);
      const result = outcome.ok ? outcome.result : outcome.cached;
      if (result === undefined) return outcome;
      vehicles.read(task.vehicle ?? '', result);
      if ('report' in result) {
        care.wakes.reported(task.vehicle ?? '', result.report);
        schedule.read(task.vehicle ?? '');
      }
      return outcome;
    },
  });

  const calls = createCalls({
    account: 'home',
    deadline_ms: {
      cached: 60_000,
      force: 180_000,
      command: 60_000,
      action_status: 60_000,
      trips: 60_000,
    },
    readBack_s: [],
    breakers,
    session,
    renew: () => {
      generation += 1;
      return Promise.resolve(session());
    },
    adopt: () => Promise.resolve(),
    handOff,
  });

  const dispatcher: Dispatcher = new Dispatcher({
    clock,
    retry,
    mayLeave: (callClass) => isReady && breakers[callClass].allows && !care.budget.isBlocked,
    isShut: (callClass) =>
      breakers[callClass].state.is === 'open' ||
      care.budget.isBlocked ||
      options.accountRefusal !== undefined,
    takeSlot: () => {
      if (taken >= slots) return undefined;
      taken += 1;
      return () => {
        taken -= 1;
      };
    },
    beforeWake: (vehicle, ids) =>
      book.markStarted(ids, [stored.wakeWrite(vehicle, care.wakes.leaves(vehicle))]),
    markJoined: (id) => book.markStarted([id]),
    notWoken: (vehicle) => {
      care.wakes.hasNotLeft(vehicle);
    },
    call: (context) => calls.call(context),
  });

  const vehicles: Vehicles = new Vehicles({
    clock,
    known: (options.cars ?? ['car', 'one', 'two']).map((id) => knownCar(id, options)),
    readings: options.readings ?? new Map(),
    setPoints: options.setPoints ?? new Map(),
    settings: {},
    staleAfter_ms: 3_600_000,
    account: () => ({ region: 'x', account: 'home', backend: 'x', library: null }),
    permissionsOf,
    usable: () => true,
    putVehicles: () => Promise.resolve(),
    putReading: () => Promise.resolve(),
    putSetPoints: (vehicle, points) => stored.putSetPoints(vehicle, points),
    output: {
      state: (document) => {
        documents.push(document);
      },
      info: (info) => {
        infos.push(info);
      },
      availability: () => undefined,
      carsChanged: () => undefined,
    },
    retry,
    onStoreTrouble: () => undefined,
  });
  if (options.reportedAt !== undefined) vehicles.reportedAt = options.reportedAt;

  function permissionsOf() {
    return { allow: options.allow ?? [], readOnly: options.readOnly ?? false };
  }

  const jobSlots = new Slots({
    shared: new SharedSlots(100),
    cars: () => 5,
    patience_ms: 2000,
    onFree: () => undefined,
    processes: () => 0,
    release: () => undefined,
    threads: () => ({ all: 0, idle: 0 }),
    endIdle: () => 0,
  });
  const { admissions, confirmation, hold, jobs, quiet } = createAccountCommands(
    {
      maxAge_ms: 300_000,
      queuePerVehicle: options.queuePerVehicle ?? 32,
      expiresIn_ms: expiresIn.parse({}),
      rate: options.rate ?? { count: 1000, window_ms: 600_000 },
      confirm: options.confirm ?? {
        poll_ms: null,
        for_ms: 120_000,
        read_back_ms: [5000, 15_000, 30_000],
      },
    },
    {
      clock,
      retry,
      waiting,
      clockTrusted: () => options.clockTrusted ?? true,
      output: silent,
    },
    {
      ...{
        book,
        breakers,
        calls,
        care,
        dispatcher,
        slots: jobSlots,
        stored,
        vehicles,
        permissionsOf,
      },
      isReady: () => isReady,
      refusal: () => options.accountRefusal,
      reject: (event) => {
        said.push(event);
      },
    },
  );

  const schedule: Schedule = createAccountSchedule(
    { usualRequests: 1 },
    {
      clock,
      clockTrusted: () => options.clockTrusted ?? true,
      output: silent,
      polling: () => options.polling ?? noPolls,
      retry,
    },
    {
      ...{ care, quiet, vehicles },
      told: { polled: () => undefined, pollFailed: () => undefined },
      hold: () => {
        const held = hold();
        return held && { ...care.hold(), ...held };
      },
    },
  );

  function pumpAll(): void {
    dispatcher.pump();
    jobs.pump();
    schedule.pump();
  }

  const refreshable: RefreshableAccount = {
    name: 'home',
    cars: () => vehicles.cars.map(({ listed, topic_id }) => ({ id: listed.id, topic_id })),
    refusal: () => options.accountRefusal,
    ready: (onHeld, signal) => jobs.gate.pass(onHeld, signal),
    isHeld: () => hold() !== undefined,
    refreshOne: (vehicle, mode, max_age_s) => quiet.refresh(vehicle, mode, max_age_s),
  };

  const stop = (): void => {
    schedule.stop();
    dispatcher.stop();
    admissions.stop();
    confirmation.stop();
    vehicles.stop();
    void jobs.stop();
    care.budget.stop();
    for (const one of callClasses) breakers[one].stop();
  };
  (options.atEnd ?? onTestFinished)(stop);

  /** In the order of an account's stop. */
  const stopCleanly = async (): Promise<void> => {
    dispatcher.stop();
    admissions.endWaitingRemotes();
    confirmation.stop();
    await dispatcher.quiet(5000);
    stop();
    await book.stop(5000);
  };

  return {
    ...{
      store,
      book,
      journal,
      said,
      waiting,
      left,
      overlaps,
      breakers,
      care,
      dispatcher,
      admissions,
      vehicles,
      documents,
      infos,
      jobs,
      quiet,
      schedule,
      refreshable,
      stop,
      stopCleanly,
    },
    slotsTaken: () => taken,
    setSlots: (most: number): void => {
      slots = most;
      dispatcher.pump();
    },
    setReady: (is: boolean): void => {
      isReady = is;
      dispatcher.pump();
    },
    send: (
      payload: string | Record<string, unknown>,
      more: Partial<ForVehicle<Write>> = {},
    ): Promise<void> =>
      admissions.handle({
        car: aCar(),
        name: 'refresh',
        payload: Buffer.from(typeof payload === 'string' ? payload : JSON.stringify(payload)),
        retained: false,
        received_at: clock.now(),
        received: clock.monotonic(),
        response: undefined,
        also: [],
        ...more,
      }),
  };
}

export type AnAccount = ReturnType<typeof anAccount>;
