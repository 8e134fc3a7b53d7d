import type { AccountDependencies, AccountOptions } from './account-options.js';
import {
  accountReport,
  createAccountSession,
  keptSession,
  refusalWithAdvice,
} from './account-session.js';
import { settlesWithin } from './daemon/settles-within.js';
import { createAccountLog } from './dispatch/account-log.js';
import { Admissions } from './dispatch/admissions.js';
import {
  Breaker,
  breakerDocument,
  callClasses,
  type BreakerState,
  type CallClass,
} from './dispatch/breaker.js';
import { createCalls } from './dispatch/calls.js';
import { CommandBook, rememberEnded_ms } from './dispatch/command-book.js';
import { Dispatcher } from './dispatch/dispatcher.js';
import { FirstReads } from './dispatch/first-reads.js';
import { createHandOff } from './dispatch/hand-off.js';
import { RequestCount } from './dispatch/request-count.js';
import { isBlocked, type SessionKeeper, type SessionState } from './dispatch/session-keeper.js';
import { SessionWatch } from './dispatch/session-watch.js';
import { Slots } from './dispatch/slots.js';
import { Vehicles } from './dispatch/vehicles.js';
import { startWorkerPool } from './dispatch/worker-pool.js';
import type { AccountReport } from './http/bridge-api.js';
import { createAccountStore } from './store/account-store.js';
import type { Write } from './store/store.js';
import type { CodeStep } from './vehicle/bridge-command.js';
import type { JournalRecord, Parcel } from './vehicle/journal-record.js';
import type { LifeCycleEvent } from './vehicle/life-cycle.js';
import { failure, type Failure } from './vehicle/outcome.js';
import type { Outcome, Task } from './vehicle/task.js';
import type { ThreadNote } from './vehicle/thread-note.js';

/** How long past its deadline a thread is left alone, and how long a stop waits for what runs. */
const grace_ms = 5000;
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
  const [session, known, readings, recovered] = await Promise.all([
    keptSession(options, stored),
    stored.vehicles(),
    stored.readings(),
    stored.journal.recover(clock.now(), rememberEnded_ms),
  ]);
  const count = new RequestCount(clock, await stored.usage(), stored.putUsageLater);
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

  const vehicles = new Vehicles({
    clock,
    known: session.wasAnother ? undefined : known,
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
    retry,
    onStoreTrouble: (err) => {
      notStored(err, 'what was read');
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
      told.terminated(task);
    },
  });

  const breakers: Record<CallClass, Breaker> = {
    read: newBreaker('read'),
    wake: newBreaker('wake'),
  };

  const handOff = createHandOff({
    clock,
    run: pool.run,
    onLeave: (task) => {
      told.handedOver(task);
    },
    onReturn,
  });

  const closed = new AbortController();
  const keeper: SessionKeeper = createAccountSession(options, session, {
    clock,
    closed: closed.signal,
    retry,
    stored,
    handOff,
    onVehicles: (listed) => {
      vehicles.listed(listed);
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
      log.warn({ failure: code, reason: message }, 'the cars could not be listed anew');
    },
  });

  const calls = createCalls({
    account: options.name,
    deadline_ms: options.deadline_ms,
    readBack_s: options.readBack_ms.map((gap_ms) => gap_ms / 1000),
    breakers,
    handOff,
    session: () => keeper.state,
    renew: (generation) => keeper.renew(generation),
    adopt: (outcome, generation) => keeper.adopt(outcome, generation),
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

  const firstReads = new FirstReads(dispatcher, retry, ({ topic_id }, { code, message }) => {
    log.warn({ vehicle: topic_id, failure: code, reason: message }, 'the first read failed');
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
    accountRefusal: () => refusalOf(keeper.state),
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
    told.breaker(callClass, state);
    if (state.is === 'open') {
      output.trouble(state.reason);
      dispatcher.failWaiting(callClass, breakers[callClass].refusal);
    }
    output.changed();
    dispatcher.pump();
  }

  function onSessionState(state: SessionState): void {
    const refusal = refusalOf(state);
    told.session(state, refusal);
    if ('reason' in state) output.trouble(refusal ?? state.reason);
    if (refusal !== undefined) for (const one of callClasses) dispatcher.failWaiting(one, refusal);
    vehicles.publishAvailability();
    output.changed();
    readOnce();
    dispatcher.pump();
  }

  function refusalOf(state: SessionState): Failure | undefined {
    return isBlocked(state) ? refusalWithAdvice(options.name, state) : undefined;
  }

  function readOnce(): void {
    if (options.readOnStart && keeper.state.is === 'ready') firstReads.of(vehicles.cars);
  }

  function onReturn(task: Task, outcome: Outcome, duration_ms: number): void {
    told.returned(task, outcome, duration_ms);
    if (outcome.library !== undefined && outcome.library !== library) {
      library = outcome.library;
      vehicles.publishInfo();
    }
    const result = outcome.ok ? outcome.result : outcome.cached;
    if (task.vehicle !== undefined && result !== undefined) vehicles.read(task.vehicle, result);
    if (!outcome.ok && outcome.failure.code === 'unknown_vehicle') watch.listAnew();
  }

  function onNote(note: ThreadNote): void {
    told.noted(note);
    if (note.kind === 'request') count.add();
    if (note.kind === 'process') output.changed();
  }

  function onEvent(event: LifeCycleEvent, vehicle: string | null): void {
    told.step(event, vehicle);
    output.step(event);
    if (vehicle !== null) vehicles.commandStep(vehicle, event);
    output.changed();
  }

  function notStored(err: unknown, what: string): void {
    told.notStored(err, what);
    output.trouble(failure('not_stored', `${what} could not be stored`));
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
      for (const parcel of recovered.parcels) deliver(parcel);
      for (const record of [...recovered.remembered, ...recovered.open].sort(byKey)) {
        vehicles.restoreCommand(record.event);
      }
      admissions.restore(recovered.open, recovered.remembered);
      if (isBlocked(keeper.state)) onSessionState(keeper.state);
      readOnce();
      keeper.start();
      // A crash between the session and the list of cars leaves an account that never asked for its cars.
      if (keeper.state.is === 'ready' && !vehicles.hasListed) {
        void keeper.renew(keeper.state.session.generation);
      }
      dispatcher.pump();
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
      budget: count.document(),
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
      clearInterval(pruning);
      watch.stop();
      const signedOff = keeper.stop();
      dispatcher.stop();
      await Promise.all([dispatcher.quiet(grace_ms), settlesWithin(signedOff, grace_ms)]);
      admissions.stop();
      for (const one of callClasses) breakers[one].stop();
      firstReads.stop();
      slots.stop();
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
