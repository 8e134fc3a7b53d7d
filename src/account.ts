import { createAccountCare, createAccountSchedule, keptCare } from './account-care.js';
import { createAccountCommands } from './account-commands.js';
import type { AccountDependencies, AccountOptions } from './account-options.js';
import {
  accountReport,
  createAccountSession,
  keptSession,
  refusalWithAdvice,
} from './account-session.js';
import { utc } from './daemon/clock.js';
import { settlesWithin } from './daemon/settles-within.js';
import { createAccountLog } from './dispatch/account-log.js';
import {
  Breaker,
  breakerDocument,
  callClasses,
  type BreakerState,
  type CallClass,
} from './dispatch/breaker.js';
import type { BudgetState } from './dispatch/budget.js';
import { createCalls } from './dispatch/calls.js';
import { CommandBook, rememberEnded_ms } from './dispatch/command-book.js';
import { Dispatcher } from './dispatch/dispatcher.js';
import { FirstReads } from './dispatch/first-reads.js';
import { createHandOff } from './dispatch/hand-off.js';
import type { Hold } from './dispatch/job-gate.js';
import { isBlocked, type SessionKeeper, type SessionState } from './dispatch/session-keeper.js';
import { SessionWatch } from './dispatch/session-watch.js';
import { Slots } from './dispatch/slots.js';
import { Vehicles, type InfoPermissions } from './dispatch/vehicles.js';
import { startWorkerPool } from './dispatch/worker-pool.js';
import type { AccountReport } from './http/bridge-api.js';
import type { Schedule } from './schedule/schedule.js';
import { createAccountStore } from './store/account-store.js';
import type { Write } from './store/store.js';
import type { CodeStep } from './vehicle/bridge-command.js';
import type { RefreshMode } from './vehicle/command.js';
import type { CommandSource } from './vehicle/command-source.js';
import type { JournalRecord, Parcel } from './vehicle/journal-record.js';
import type { LifeCycleEvent } from './vehicle/life-cycle.js';
import { failure, wellKnown, type Failure } from './vehicle/outcome.js';
import type { Outcome, Result, Task } from './vehicle/task.js';
import type { ThreadNote } from './vehicle/thread-note.js';

/** How long past its deadline a thread is left alone. */
const grace_ms = 5000;
/** How long a stop waits for what runs. */
const stopGrace_ms = 5000;
const readPatience_ms = 2000;
/** Reads, wakes, one job, one sign-in. */
const mostThreads = 10;
const day_ms = 86_400_000;

/**
 * All that belongs to one account: session, cars, lanes, breakers, pool, journal. Nothing of it is reachable but
 * through what this returns. Resolves when its part of the store has been read; nothing has been started then.
 */
export async function createAccount(options: AccountOptions, deps: AccountDependencies) {
  const { clock, output, retry } = deps;
  const log = deps.log.child({ account: options.name });
  const stored = createAccountStore(deps.store, options.name);
  const [session, known, readings, setPoints, kept, recovered] = await Promise.all([
    keptSession(options, stored),
    stored.vehicles(),
    stored.readings(),
    stored.setPoints(),
    keptCare(stored),
    stored.journal.recover(clock.now(), Math.max(rememberEnded_ms, options.rate.window_ms)),
  ]);
  let library: string | null = null;

  const told = createAccountLog({
    log,
    metrics: deps.metrics,
    account: options.name,
    nameOf: ({ vehicle }) => vehicle && vehicles.byVendorId(vehicle)?.topic_id,
    isNews: deps.isNews,
  });

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
    onReplay: (event) => {
      output.step(event);
    },
    onStoreTrouble: (err) => {
      notStored(err, 'an ending');
    },
  });

  const vehicles: Vehicles = new Vehicles({
    clock,
    known: session.wasAnother ? undefined : known,
    readings,
    setPoints,
    settings: options.vehicles,
    staleAfter_ms: options.staleAfter_ms,
    account: () => ({
      region: options.region,
      account: options.name,
      backend: options.backend.backend,
      library,
    }),
    permissionsOf,
    usable: () => !isBlocked(keeper.state),
    putVehicles: (known) => stored.putVehicles(known),
    putReading: (vehicle, reading) => stored.putReading(vehicle, reading),
    putSetPoints: (vehicle, points) => stored.putSetPoints(vehicle, points),
    output,
    retry,
    onStoreTrouble: (err) => {
      notStored(err, 'what was read');
    },
  });

  const slots = new Slots({
    shared: deps.sharedSlots,
    cars: () => vehicles.cars.length,
    patience_ms: readPatience_ms,
    onFree: () => {
      dispatcher.pump();
    },
    processes: () => pool.figures().processes,
    release: () => {
      pool.release();
    },
    threads: () => pool.threads(),
    endIdle: (most) => pool.endIdle(most),
  });

  const pool = startWorkerPool({
    clock,
    isReserved: () => slots.isReserved,
    entry: deps.workerEntry,
    backend: options.backend,
    maxThreads: mostThreads,
    idle_ms: options.idle_ms,
    grace_ms,
    onNote,
    onTerminated: (task) => {
      told.terminated(task);
    },
  });

  const breakers: Record<CallClass, Breaker> = {
    read: newBreaker('read'),
    wake: newBreaker('wake'),
  };

  const care = createAccountCare(options, deps, {
    kept,
    stored,
    wakeBreaker: () => breakers.wake,
    onBudget,
    onStoreTrouble: (err) => {
      notStored(err, "the maker's limit");
    },
  });
  const { budget, wakes } = care;

  const { handOff, requestSent } = createHandOff({
    clock,
    run: pool.run,
    refusal: () => (isOwner() ? budget.refusal : wellKnown.notOwner),
    sendWithin_ms: () => deps.lease?.remaining_ms,
    onLeave: (task) => {
      told.handedOver(task);
    },
    onRequest: (task, nth) => {
      told.requestSent(task);
      budget.requestSent(task?.operation, nth);
    },
    onReturn,
  });

  const closed = new AbortController();
  const keeper: SessionKeeper = createAccountSession(options, session, {
    clock,
    closed: closed.signal,
    retry,
    stored,
    handOff: (task) => slots.forAccount(() => handOff(task)),
    onVehicles: (listed) => {
      vehicles.listed(listed);
      // Of a car that is back after a long time nothing has been left at the broker.
      publishTrips();
      schedule.pump();
    },
    onState: onSessionState,
    onStoreTrouble: (err) => {
      notStored(err, 'the session');
    },
  });

  const watch = new SessionWatch({
    clock,
    keeper,
    onEndsSoon: (expires_at) => {
      told.sessionEndsSoon(expires_at);
    },
    onListFailed: ({ code, message }) => {
      if (code !== 'rate_limited')
        log.warn({ failure: code, reason: message }, 'the cars could not be listed anew');
    },
  });

  const calls = createCalls({
    account: options.name,
    deadline_ms: {
      ...options.deadline_ms,
      action_status: options.deadline_ms.command,
      trips: options.deadline_ms.cached,
    },
    readBack_s: options.confirm.read_back_ms.map((gap_ms) => gap_ms / 1000),
    breakers,
    handOff,
    session: () => keeper.state,
    renew: (generation) => keeper.renew(generation),
    adopt: (outcome, generation) => keeper.adopt(outcome, generation),
  });

  const dispatcher: Dispatcher = new Dispatcher({
    clock,
    retry,
    mayLeave: (callClass) =>
      keeper.state.is === 'ready' && breakers[callClass].allows && !budget.isBlocked,
    isShut: (callClass) =>
      breakers[callClass].state.is === 'open' ||
      budget.isBlocked ||
      refusalOf(keeper.state) !== undefined,
    takeSlot: (callClass, priority) => slots.take(callClass, priority),
    beforeWake: (vehicle, ids) =>
      book.markStarted(ids, [stored.wakeWrite(vehicle, wakes.leaves(vehicle))]),
    markJoined: (id) => book.markStarted([id]),
    notWoken: (vehicle) => {
      wakes.hasNotLeft(vehicle);
    },
    call: (context) => calls.call(context),
  });

  const firstReads = new FirstReads(dispatcher, retry, ({ topic_id }, { code, message }) => {
    if (code !== 'rate_limited')
      log.warn({ vehicle: topic_id, failure: code, reason: message }, 'the first read failed');
  });

  const { admissions, confirmation, hold, jobs, quiet } = createAccountCommands(options, deps, {
    book,
    breakers,
    calls,
    care,
    dispatcher,
    slots,
    stored,
    vehicles,
    isReady: () => keeper.state.is === 'ready',
    refusal: () => refusalOf(keeper.state),
    permissionsOf,
    reject: (event, response, source) => {
      output.publish(output.address(event, response));
      onEvent(event, event.vehicle, source);
    },
  });

  const schedule: Schedule = createAccountSchedule(options, deps, {
    care,
    quiet,
    vehicles,
    told,
    hold,
  });

  function isOwner(): boolean {
    return deps.lease === undefined || deps.lease.remaining_ms > 0;
  }

  function permissionsOf(vehicle: string): InfoPermissions {
    const allow = [...options.allow, vehicles.settingsOf(vehicle)?.allow];
    return { allow, readOnly: options.readOnly };
  }

  function newBreaker(callClass: CallClass): Breaker {
    return new Breaker(callClass, options.breaker, clock, (state) => {
      onBreaker(callClass, state);
    });
  }

  function onBreaker(callClass: CallClass, state: BreakerState): void {
    told.breaker(callClass, state);
    if (state.is === 'open') {
      output.trouble(state.reason);
      dispatcher.failWaiting(callClass, breakers[callClass].refusal);
    }
    output.changed();
    pumpAll();
  }

  function onBudget(state: BudgetState): void {
    told.budget(state, budget.document().resets_at);
    endWaitingAtLimit();
    output.changed();
    schedule.settingsChanged();
    pumpAll();
  }

  /** At the maker's own limit nothing that waits would leave in time. */
  function endWaitingAtLimit(): void {
    const { refusal } = budget;
    if (refusal === undefined) return;
    output.trouble(refusal);
    for (const one of callClasses) dispatcher.failWaiting(one, refusal);
  }

  /** Something that calls wait for may have become free. */
  function pumpAll(): void {
    dispatcher.pump();
    jobs.pump();
    schedule.pump();
  }

  function onSessionState(state: SessionState): void {
    const refusal = refusalOf(state);
    told.session(state, refusal);
    if ('reason' in state) output.trouble(refusal ?? state.reason);
    if (refusal !== undefined) for (const one of callClasses) dispatcher.failWaiting(one, refusal);
    vehicles.publishAvailability();
    output.changed();
    readOnce();
    pumpAll();
  }

  function refusalOf(state: SessionState): Failure | undefined {
    return isBlocked(state) ? refusalWithAdvice(options.name, state) : undefined;
  }

  function readOnce(): void {
    if (!options.readOnStart || keeper.state.is !== 'ready') return;
    const since = clock.now() - options.readOnStartAfter_ms;
    firstReads.of(
      vehicles.cars.filter(({ listed }) => (vehicles.polledAt(listed.id) ?? 0) <= since),
    );
  }

  function onReturn(task: Task, returned: Outcome, duration_ms: number): Outcome {
    const outcome = budget.returned(returned);
    told.returned(task, outcome, duration_ms);
    if (outcome.library !== undefined && outcome.library !== library) {
      library = outcome.library;
      vehicles.publishInfo();
    }
    const result = outcome.ok ? outcome.result : outcome.cached;
    if (task.vehicle !== undefined && result !== undefined) wasRead(task.vehicle, result);
    if (!outcome.ok && outcome.failure.code === 'unknown_vehicle') watch.listAnew();
    return outcome;
  }

  function wasRead(vehicle: string, result: Result): void {
    vehicles.read(vehicle, result);
    if (!('report' in result)) return;
    wakes.reported(vehicle, result.report);
    schedule.read(vehicle);
  }

  function onNote(note: ThreadNote): void {
    told.noted(note);
    if (note.kind === 'request') requestSent(note.attempt);
    if (note.kind === 'process') output.changed();
  }

  function onEvent(event: LifeCycleEvent, vehicle: string | null, source?: CommandSource): void {
    told.step(event, vehicle);
    output.step(event, source);
    if (vehicle !== null) vehicles.commandStep(vehicle, event);
    output.changed();
  }

  function notStored(err: unknown, what: string): void {
    told.notStored(err, what);
    output.trouble(failure('not_stored', `${what} could not be stored`));
  }

  function publishTrips(): void {
    jobs.publishAll().catch((err: unknown) => {
      log.warn({ err }, 'what cars have driven could not be published');
    });
  }

  /** A car's polls and what is known of its wakes. */
  function pollsOf(vehicle: string) {
    const woken_at = wakes.wokenAt(vehicle);
    return {
      ...schedule.document(vehicle),
      woken_at: woken_at === null ? null : utc(woken_at),
      wake: care.guard.holdsAutomatic(vehicle)?.decision ?? 'allowed',
    };
  }

  function deliver(parcel: Parcel): void {
    output.deliver(parcel, () => {
      stored.journal.delivered(parcel);
    });
  }

  function prune(): void {
    stored.journal.prune(clock.now() - options.keepAudit_ms).catch((err: unknown) => {
      notStored(err, 'the end of old journal entries');
    });
  }
  const pruning = setInterval(prune, day_ms).unref();

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
      publishTrips();
      for (const parcel of recovered.parcels) deliver(parcel);
      for (const record of [...recovered.remembered, ...recovered.open].sort(byKey)) {
        vehicles.restoreCommand(record.event);
      }
      admissions.restore(recovered.open, recovered.remembered);
      jobs.pump();
      if (isBlocked(keeper.state)) onSessionState(keeper.state);
      readOnce();
      keeper.start();
      // A crash between the session and the list of cars leaves an account that never asked for its cars.
      if (keeper.state.is === 'ready' && !vehicles.hasListed) {
        void keeper.renew(keeper.state.session.generation);
      }
      dispatcher.pump();
      if (budget.state !== 'ok') {
        const { state, resets_at } = budget.document();
        log.info({ budget: state, resets_at }, 'the limit of before the start still holds');
        endWaitingAtLimit();
      }
      schedule.start();
      prune();
      watch.check();
    },

    /** A step of a one-time code. Answers why it was not taken. */
    otp: (step: CodeStep): Promise<Failure | undefined> =>
      'code' in step ? keeper.submitCode(step.code) : keeper.requestCode(step.method),

    /** A person wants a sign-in now. Resolves when it has ended one way or the other. */
    login: async (): Promise<void> => {
      await keeper.login();
    },

    /** Lists the cars as the vendor has them now. Answers why it could not. */
    list: (): Promise<Failure | undefined> => keeper.listOrSignIn(),

    report: (): AccountReport => accountReport(options.name, keeper, vehicles.cars, library),

    /** What a refresh of all cars needs. */
    refreshable: {
      name: options.name,
      cars: () => vehicles.cars.map(({ listed, topic_id }) => ({ id: listed.id, topic_id })),
      refusal: () => refusalOf(keeper.state),
      ready: (onHeld: (hold: Hold) => void, signal: AbortSignal) => jobs.gate.pass(onHeld, signal),
      isHeld: () => hold() !== undefined,
      refreshOne: (vehicle: string, mode: RefreshMode, max_age_s: number | undefined) =>
        quiet.refresh(vehicle, mode, max_age_s),
    },

    get jobs() {
      return jobs.documents;
    },

    state: () => ({
      account: {
        state: keeper.state.is,
        vehicles: vehicles.cars.map((car) => car.topic_id),
        backend: options.backend.backend,
        session_expires_at: keeper.expiresAt,
        library,
      },
      breakers: Object.fromEntries(
        callClasses.map((one) => [
          one,
          breakerDocument(breakers[one].state, options.breaker.failures),
        ]),
      ),
      budget: budget.document(),
      polls: {
        nextAt: schedule.nextAt,
        vehicles: Object.fromEntries(
          vehicles.cars.map(({ topic_id, listed }) => [topic_id, pollsOf(listed.id)]),
        ),
      },
      running: dispatcher.running,
      oldest: admissions.oldestWaiting,
    }),

    figures: () => ({ ...pool.figures(), waiting: dispatcher.waitingForSlot + slots.waiting }),

    /** Why its threads do not turn any more; undefined while they do. */
    get poolFault() {
      return pool.fault;
    },

    /** The settings of what the bridge reads by itself have changed. */
    pollingChanged(): void {
      schedule.settingsChanged();
    },

    clearQueue(): void {
      for (const id of admissions.waitingIds) {
        admissions.leave(id, 'cancelled', { message: 'the queue was cleared' });
      }
    },

    resetBreakers(): void {
      for (const one of callClasses) breakers[one].reset();
    },

    /** Whether nothing waits or runs. */
    get isIdle(): boolean {
      return dispatcher.running === 0 && admissions.waitingIds.length === 0;
    },

    /** Nothing new starts; what runs has a grace, then its threads and processes are ended. */
    async stop(grace_ms = stopGrace_ms): Promise<void> {
      clearInterval(pruning);
      schedule.stop();
      watch.stop();
      const signedOff = keeper.stop();
      slots.close();
      dispatcher.stop();
      admissions.endWaitingRemotes();
      confirmation.stop();
      const rested = jobs.stop();
      await Promise.all(
        [dispatcher.quiet(grace_ms), signedOff, rested].map((one) => settlesWithin(one, grace_ms)),
      );
      admissions.stop();
      for (const one of callClasses) breakers[one].stop();
      firstReads.stop();
      slots.stop();
      budget.stop();
      vehicles.stop();
      await Promise.all([pool.stop(), book.stop(grace_ms)]);
      closed.abort();
    },
  };
}

export type Account = Awaited<ReturnType<typeof createAccount>>;

function byKey(one: JournalRecord, other: JournalRecord): number {
  return one.key < other.key ? -1 : 1;
}
