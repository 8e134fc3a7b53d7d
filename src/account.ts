import type { BackendSettings } from './backends/create-backend.js';
import type { Clock } from './daemon/clock.js';
import { utc } from './daemon/clock.js';
import type { Logger } from './daemon/logger.js';
import type { Metrics } from './daemon/metrics.js';
import type { RetryPolicy } from './daemon/retry.js';
import { Admissions } from './dispatch/admissions.js';
import { Breaker, callClasses, type BreakerState, type CallClass } from './dispatch/breaker.js';
import { createCalls } from './dispatch/calls.js';
import { CommandBook } from './dispatch/command-book.js';
import { Dispatcher } from './dispatch/dispatcher.js';
import { SessionKeeper, type SessionState } from './dispatch/session-keeper.js';
import { Slots, type SharedSlots } from './dispatch/slots.js';
import { Vehicles, type OwnSettings } from './dispatch/vehicles.js';
import type { WaitingCount } from './dispatch/waiting-count.js';
import { startWorkerPool } from './dispatch/worker-pool.js';
import { createAccountStore, credentialsMark } from './store/account-store.js';
import type { Store, Write } from './store/store.js';
import type { Outgoing, Parcel, ResponseAddress } from './vehicle/journal-record.js';
import { isEnding, type LifeCycleEvent } from './vehicle/life-cycle.js';
import { failure, type Failure } from './vehicle/outcome.js';
import type { StateDocument } from './vehicle/state.js';
import type { Outcome, Task } from './vehicle/task.js';
import type { ThreadNote } from './vehicle/thread-note.js';
import type { VehicleInfo } from './vehicle/vehicle-info.js';

/** An account's part of the configuration. */
export interface AccountOptions {
  readonly name: string;
  readonly region: string;
  readonly backend: BackendSettings;
  /** Changes when the credentials do: what a person has to mend is tried anew then. */
  readonly credentials: string;
  readonly vehicles: Readonly<Record<string, OwnSettings>>;
  readonly allow: readonly (readonly string[] | undefined)[];
  /** Milliseconds by name or value of a command. */
  readonly expiresIn_ms: Readonly<Record<'cached' | 'force' | 'smart', number>>;
  readonly queuePerVehicle: number;
  readonly readOnStart: boolean;
  readonly maxAge_ms: number;
  readonly staleAfter_ms: number;
  readonly keepAudit_ms: number;
  readonly breaker: {
    readonly failures: number;
    readonly reset_ms: number;
    readonly max_reset_ms: number;
  };
  readonly deadline_ms: {
    readonly cached: number;
    readonly force: number;
    readonly sign_in: number;
  };
  readonly idle_ms: number;
}

/** Where an account's words go: topics are the business of who listens. */
export interface AccountOutput {
  address(event: LifeCycleEvent, response: ResponseAddress | undefined): Outgoing[];
  deliver(parcel: Parcel, delivered: () => void): void;
  publish(messages: readonly Outgoing[]): void;
  state(document: StateDocument): void;
  info(info: VehicleInfo): void;
  availability(vehicle: string, online: boolean): void;
  /** The bridge's own state has changed. */
  changed(): void;
  /** Something that a person should see in the bridge's state. */
  trouble(reason: Failure): void;
}

/** What all accounts share: the broker behind `output`, the store, the process and the count of its slots. */
export interface AccountDependencies {
  readonly clock: Clock;
  readonly retry: RetryPolicy;
  readonly store: Store;
  readonly boot: number;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly sharedSlots: SharedSlots;
  readonly waiting: WaitingCount;
  readonly clockTrusted: () => boolean;
  readonly workerEntry: string;
  readonly output: AccountOutput;
}

/** How long past its deadline a thread is left alone, and how long a stop waits for what runs. */
const grace_ms = 5000;
const readPatience_ms = 2000;
/** Reads, wakes, one job, one sign-in. */
const mostThreads = 10;

/**
 * All that belongs to one account: session, cars, lanes, breakers, pool, journal. Nothing of it is reachable but
 * through what this returns. Resolves when its part of the store has been read; nothing has been started then.
 */
export async function createAccount(options: AccountOptions, deps: AccountDependencies) {
  const { clock, output, retry } = deps;
  const log = deps.log.child({ account: options.name });
  const stored = createAccountStore(deps.store, options.name);
  const credentials = credentialsMark(options.name, options.credentials);
  const [keptSession, known, readings, recovered] = await Promise.all([
    stored.session(),
    stored.vehicles(),
    stored.readings(),
    stored.journal.recover(clock.now(), 3_600_000),
  ]);
  let usage = (await stored.usage()) ?? { day: '', used: 0 };
  let library: string | null = null;
  const attempts = new Map<string, Task>();

  const book = new CommandBook<Write>({
    clock,
    retry,
    boot: deps.boot,
    journal: stored.journal,
    address: (event, response) => output.address(event, response),
    deliver,
    publish: (messages) => {
      output.publish(messages);
    },
    onEvent,
    onStoreTrouble: (err, delay_ms) => {
      log.warn({ err, delay_ms }, 'an ending could not be stored yet');
    },
  });

  const vehicles = new Vehicles({
    clock,
    known,
    readings,
    settings: options.vehicles,
    staleAfter_ms: options.staleAfter_ms,
    account: () => ({
      region: options.region,
      account: options.name,
      backend: options.backend.backend,
      library,
    }),
    isAllowed: (vehicle, name) =>
      allowLists(vehicle).every(
        (list) => list?.some((entry) => entry.split(':')[0] === name) ?? true,
      ),
    usable: () => !isBlocked(keeper.state),
    putVehicles: (known) => stored.putVehicles(known),
    putReading: (vehicle, reading) => stored.putReading(vehicle, reading),
    output,
    onStoreTrouble: (err) => {
      log.warn({ err }, 'what was read could not be stored');
    },
  });

  const pool = startWorkerPool({
    entry: deps.workerEntry,
    backend: options.backend,
    maxThreads: mostThreads,
    idle_ms: options.idle_ms,
    grace_ms,
    onNote,
    onTerminated: (task) => {
      deps.metrics.threadTerminated();
      log.error({ attempt: task.attempt }, 'a thread did not keep its deadline and was terminated');
    },
  });

  const breakers: Record<CallClass, Breaker> = {
    read: newBreaker('read'),
    wake: newBreaker('wake'),
  };

  const keeper: SessionKeeper = new SessionKeeper(
    {
      clock,
      retry,
      signIn: (session) => calls.signIn(session),
      keep: (kept) =>
        stored.putSession({ ...kept, credentials }).catch((err: unknown) => {
          log.error({ err }, 'the session could not be stored; a restart may have to sign in');
        }),
      onVehicles: (listed) => {
        vehicles.listed(listed);
      },
      onState: onSessionState,
    },
    keptSession === undefined
      ? undefined
      : {
          ...keptSession,
          blocked: keptSession.credentials === credentials ? keptSession.blocked : null,
        },
  );

  const calls = createCalls({
    account: options.name,
    clock,
    deadline_ms: options.deadline_ms,
    breakers,
    run: pool.run,
    session: () => keeper.state,
    renew: (generation) => keeper.renew(generation),
    adopt: (session, generation) => keeper.adopt(session, generation),
    onLeave,
    onReturn,
  });

  const slots = new Slots({
    shared: deps.sharedSlots,
    cars: () => vehicles.cars.length,
    patience_ms: readPatience_ms,
    onFree: () => {
      dispatcher.pump();
    },
    processes: () => pool.figures().processes,
    release: pool.release,
  });

  const dispatcher: Dispatcher = new Dispatcher({
    clock,
    retry,
    mayLeave: (callClass) => keeper.state.is === 'ready' && breakers[callClass].allows,
    takeSlot: (callClass) => slots.take(callClass),
    beforeWake: (ids) => book.markStarted(ids),
    call: (context) => calls.call(context),
  });

  const admissions = new Admissions({
    clock,
    book,
    dispatcher,
    waiting: deps.waiting,
    defaultMaxAge_s: options.maxAge_ms / 1000,
    queuePerVehicle: options.queuePerVehicle,
    expiresIn_ms: options.expiresIn_ms,
    allowLists,
    clockTrusted: deps.clockTrusted,
    accountRefusal: () => (isBlocked(keeper.state) ? keeper.state.reason : undefined),
    breakers,
    reportedAt: (vehicle) => vehicles.reportedAt(vehicle),
    topicId: (vehicle) => vehicles.byVendorId(vehicle)?.topic_id,
    reject: (event, response) => {
      output.publish(output.address(event, response));
      onEvent(event, event.vehicle);
    },
  });

  function allowLists(vehicle: string): (readonly string[] | undefined)[] {
    return [...options.allow, vehicles.settingsOf(vehicle)?.allow];
  }

  function newBreaker(callClass: CallClass): Breaker {
    return new Breaker(callClass, options.breaker, clock, (state) => {
      onBreaker(callClass, state);
    });
  }

  function onBreaker(callClass: CallClass, state: BreakerState): void {
    deps.metrics.breakerChanged(options.name, callClass, state.is);
    const context = { class: callClass, state: state.is };
    if (state.is === 'open') {
      const { reason, retry_at } = state;
      log.warn({ ...context, reason: reason.message, retry_at: utc(retry_at) }, 'breaker opened');
      output.trouble(reason);
      dispatcher.failWaiting(callClass, breakerFailure(callClass));
    } else
      log.info(context, state.is === 'closed' ? 'breaker closed' : 'breaker lets one call through');
    output.changed();
    dispatcher.pump();
  }

  function breakerFailure(callClass: CallClass): Failure {
    const after = breakers[callClass].retryAfter_s;
    return failure(
      'breaker_open',
      `calls of this kind (${callClass}) have failed too often in a row`,
      after === undefined ? {} : { retry_after_s: after },
    );
  }

  function onSessionState(state: SessionState): void {
    log.info({ state: state.is }, 'account');
    if (state.is !== 'signing_in' && state.is !== 'ready') {
      const message = { state: state.is, failure: state.reason.code, reason: state.reason.message };
      if (state.is === 'unreachable') log.warn(message, 'the account cannot be reached');
      else log.error(message, 'the account waits for a person');
      output.trouble(state.reason);
    }
    if (isBlocked(state)) for (const one of callClasses) dispatcher.failWaiting(one, state.reason);
    vehicles.publishAvailability();
    output.changed();
    if (state.is === 'ready') readOnce();
    dispatcher.pump();
  }

  /** The first cached read of each car since the start; a person's own read shares it. */
  const readAlready = new Set<string>();
  function readOnce(): void {
    if (!options.readOnStart) return;
    for (const car of vehicles.cars.filter((one) => !readAlready.has(one.listed.id))) {
      readAlready.add(car.listed.id);
      dispatcher.take(car.listed.id, 'cached', {
        priority: 'bridge',
        started: () => undefined,
        waitsAgain: () => undefined,
        ended: (outcome) => {
          if (!outcome.ok) {
            log.warn(
              { vehicle: car.topic_id, failure: outcome.failure.code },
              'the first read failed',
            );
          }
        },
      });
    }
  }

  function onLeave(task: Task): void {
    attempts.set(task.attempt, task);
    const { attempt, operation, command_id } = task;
    log.debug({ attempt, operation, command_id, vehicle: nameOf(task) }, 'call handed to a thread');
  }

  function onReturn(task: Task, outcome: Outcome, duration_ms: number): void {
    attempts.delete(task.attempt);
    deps.metrics.callReturned(task.operation, outcome.ok, duration_ms);
    const { attempt, operation, command_id } = task;
    const told = outcome.ok
      ? {}
      : { failure: outcome.failure.code, reason: outcome.failure.message };
    log.info(
      {
        attempt,
        operation,
        command_id,
        vehicle: nameOf(task),
        duration_ms: Math.round(duration_ms),
        ...told,
      },
      'call returned',
    );
    if (outcome.library !== undefined && outcome.library !== library) {
      library = outcome.library;
      vehicles.publishInfo();
    }
    const result = outcome.ok ? outcome.result : outcome.cached;
    if (task.vehicle !== undefined && result !== undefined) vehicles.read(task.vehicle, result);
  }

  function onNote(note: ThreadNote): void {
    switch (note.kind) {
      case 'request':
        countRequest();
        return;
      case 'log': {
        const { attempt, command_id, level, message } = note;
        log[level]({ attempt, command_id }, message);
        return;
      }
      case 'process':
        log.debug({ pid: note.pid }, `process ${note.event}`);
        output.changed();
        return;
    }
  }

  function countRequest(): void {
    deps.metrics.vendorRequest(options.name);
    const day = utc(clock.now()).slice(0, 10);
    usage = { day, used: usage.day === day ? usage.used + 1 : 1 };
    stored.putUsageLater(usage);
  }

  function onEvent(event: LifeCycleEvent, vehicle: string | null): void {
    const context = {
      command_id: event.id,
      vehicle,
      command: event.command,
      value: event.value,
      status: event.status,
      failure: event.code,
    };
    if (event.status === 'rejected') log.warn({ ...context, reason: event.message }, 'command');
    else log.info(context, 'command');
    if (isEnding(event)) deps.metrics.commandEnded(event.command ?? 'unknown', event.status);
    if (vehicle !== null) vehicles.commandStep(vehicle, event);
    output.changed();
  }

  function deliver(parcel: Parcel): void {
    output.deliver(parcel, () => {
      stored.journal.delivered(parcel);
    });
  }

  function nameOf(task: Task): string | undefined {
    return task.vehicle === undefined ? undefined : vehicles.byVendorId(task.vehicle)?.topic_id;
  }

  return {
    name: options.name,
    vehicles,
    setLogLevel: (level: string): void => {
      log.level = level;
    },
    newestJournalEntry: () => stored.journal.newestAt(),
    admissions,

    /** Hands over what the store held: first the events that the broker has not acknowledged, then open commands. */
    start(): void {
      vehicles.publishAll();
      for (const parcel of recovered.parcels) deliver(parcel);
      admissions.restore(recovered.open, recovered.remembered);
      if (isBlocked(keeper.state)) onSessionState(keeper.state);
      if (keeper.state.is === 'ready') readOnce();
      keeper.start();
      dispatcher.pump();
      void stored.journal.prune(clock.now() - options.keepAudit_ms).catch((err: unknown) => {
        log.warn({ err }, 'old journal entries could not be deleted');
      });
    },

    state: () => ({
      account: {
        state: keeper.state.is,
        vehicles: vehicles.cars.map((car) => car.topic_id),
        backend: options.backend.backend,
        session_expires_at: null,
      },
      breakers: Object.fromEntries(
        callClasses.map((one) => [one, breakerDocument(breakers[one].state)]),
      ),
      budget: {
        used: usage.day === utc(clock.now()).slice(0, 10) ? usage.used : 0,
        left: null,
        limit: null,
        resets_at: nextMidnight(clock.now()),
      },
      running: dispatcher.running,
      oldest: admissions.oldestWaiting,
    }),

    figures: () => ({ ...pool.figures(), waiting: dispatcher.waitingForSlot }),

    clearQueue(): void {
      for (const id of admissions.waitingIds) {
        admissions.leave(id, 'cancelled', { message: 'the queue was cleared' });
      }
    },

    resetBreakers(): void {
      for (const one of callClasses) breakers[one].reset();
    },

    /** Nothing new starts; what runs has a grace, then its threads and processes are ended. */
    async stop(): Promise<void> {
      keeper.stop();
      dispatcher.stop();
      await dispatcher.quiet(grace_ms);
      admissions.stop();
      for (const one of callClasses) breakers[one].stop();
      slots.stop();
      vehicles.stop();
      await Promise.all([pool.stop(), book.stop(grace_ms)]);
    },
  };
}

export type Account = Awaited<ReturnType<typeof createAccount>>;

type Blocked = Extract<SessionState, { is: 'otp_required' | 'refused' }>;

function isBlocked(state: SessionState): state is Blocked {
  return state.is === 'otp_required' || state.is === 'refused';
}

function breakerDocument(state: BreakerState) {
  return {
    state: state.is,
    failures: state.is === 'closed' ? state.failures : null,
    since: utc(state.since),
    retry_at: state.is === 'open' ? utc(state.retry_at) : null,
    reason: state.is === 'closed' ? null : state.reason.message,
  };
}

function nextMidnight(now: number): string {
  const day_ms = 86_400_000;
  return utc((Math.floor(now / day_ms) + 1) * day_ms);
}
