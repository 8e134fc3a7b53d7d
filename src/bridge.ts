import { randomBytes } from 'node:crypto';
import { v7 as uuidv7 } from 'uuid';
import { createAccount, type Account, type AccountOptions, type AccountOutput } from './account.js';
import { ClockTrust } from './daemon/clock-trust.js';
import { utc, type Clock } from './daemon/clock.js';
import type { Logger } from './daemon/logger.js';
import { createMetrics } from './daemon/metrics.js';
import type { RetryPolicy } from './daemon/retry.js';
import { settlesWithin } from './daemon/settles-within.js';
import { rejected } from './dispatch/admission.js';
import { BridgeCommands, type Cancelled } from './dispatch/bridge-commands.js';
import { CommandBook } from './dispatch/command-book.js';
import { refusalEvent } from './dispatch/refusal-event.js';
import { SharedSlots } from './dispatch/slots.js';
import { WaitingCount } from './dispatch/waiting-count.js';
import { createCommandIntake, type Arrived } from './mqtt/command-intake.js';
import { Connection, type Connected } from './mqtt/connection.js';
import { flatValues } from './mqtt/flat-values.js';
import { Presence } from './mqtt/presence.js';
import { Publisher } from './mqtt/publisher.js';
import { Redelivery } from './mqtt/redelivery.js';
import { createTopics } from './mqtt/topics.js';
import { createBridgeStore } from './store/bridge-store.js';
import { createJournal } from './store/journal.js';
import type { Store, Write } from './store/store.js';
import { bridgeState, type LastError } from './bridge-state.js';
import type { Parcel } from './vehicle/journal-record.js';
import { isEnding } from './vehicle/life-cycle.js';
import { failure, type Failure } from './vehicle/outcome.js';

export interface BridgeOptions {
  readonly version: string;
  readonly mqtt: {
    readonly url: string;
    readonly client_id: string;
    readonly username?: string;
    readonly password?: string;
    readonly tls: { readonly ca?: Buffer; readonly cert?: Buffer; readonly key?: Buffer };
    readonly version: 'auto' | 4 | 5;
    readonly session_expiry_ms: number;
    readonly response_prefix?: string;
    readonly base_topic: string;
    readonly flat_topics: boolean;
    readonly discovery_prefix: string;
  };
  readonly accounts: readonly AccountOptions[];
  /** What may be asked of the bridge and of every car; absent: everything. */
  readonly allow: readonly string[] | undefined;
  readonly queueTotal: number;
  readonly mostProcesses: number;
  readonly retry: RetryPolicy;
}

export interface BridgeDependencies {
  readonly clock: Clock;
  readonly log: Logger;
  /** The bridge closes it at its end. */
  readonly store: Store;
  /** The entry file of the worker threads. */
  readonly workerEntry: string;
}

const stateEvery_ms = 60_000;
const statePause_ms = 250;
const stopGrace_ms = 2000;
const storeGrace_ms = 5000;

/** The bridge: from the broker to the cars and back. Resolves when everything stored has been read and started. */
export async function startBridge(
  options: BridgeOptions,
  { clock, log, store, workerEntry }: BridgeDependencies,
) {
  const { mqtt } = options;
  const stored = createBridgeStore(store);
  const boot = await stored.nextBoot();
  const key = await stored.secretKey(() => randomBytes(32).toString('base64'));
  const seen = await stored.seen();
  const topics = createTopics(mqtt.base_topic);
  const started_at = utc(clock.now());
  let isStopping = false;
  let isStarted = false;
  let lastError: LastError | null = null;
  let stateTimer: NodeJS.Timeout | undefined;

  // Out: what the accounts say, to the broker.
  const publisher = new Publisher((...words) => connection.publish(...words), log);
  const output: AccountOutput = {
    address: (event, response) => {
      const payload = JSON.stringify(event);
      const own =
        event.vehicle === null ? topics.bridge.result : topics.vehicle(event.vehicle).result;
      return [
        { topic: own, payload },
        ...(response === undefined ? [] : [{ ...response, payload }]),
      ];
    },
    deliver: (parcel, delivered) => {
      publisher.deliver(parcel, delivered);
    },
    publish: (messages) => {
      publisher.say(messages);
    },
    state: (document) => {
      const own = topics.vehicle(document.id);
      publisher.retain(own.state, JSON.stringify(document));
      if (!mqtt.flat_topics) return;
      for (const [path, value] of flatValues(document)) publisher.retain(own.value(path), value);
    },
    info: (info) => {
      publisher.retain(topics.vehicle(info.id).info, JSON.stringify(info));
    },
    availability: (vehicle, online) => {
      publisher.retain(topics.vehicle(vehicle).availability, online ? 'online' : 'offline');
    },
    changed: publishStateSoon,
    trouble,
  };

  // The accounts, each with everything that belongs to it.
  const said = new Set<string>();
  const isNews = (message: string): boolean => said.size < said.add(message).size;
  const waiting = new WaitingCount(options.queueTotal);
  const metrics = createMetrics({ pool: poolFigures, queueDepth: () => waiting.total });
  const sharedSlots = new SharedSlots(options.mostProcesses, options.accounts.length);
  const accounts: readonly Account[] = await Promise.all(
    options.accounts.map((account) =>
      createAccount(account, {
        clock,
        retry: options.retry,
        store,
        boot,
        log,
        metrics,
        sharedSlots,
        waiting,
        clockTrusted: () => clockTrust.isTrusted,
        isNews,
        workerEntry,
        output,
      }),
    ),
  );
  const newest = await Promise.all(accounts.map((account) => account.newestJournalEntry()));
  const clockTrust = new ClockTrust({
    clock,
    newestStored: Math.max(seen ?? 0, ...newest),
    onTrusted: () => {
      log.info('the system clock can be trusted now');
    },
  });
  if (!clockTrust.isTrusted)
    log.warn('the system clock is behind the journal: only cached reads are taken');

  // In: from the broker to the account of the car.
  const redelivery = new Redelivery<Write>({ key, find: stored.packet, write: stored.packetWrite });
  const intake = createCommandIntake<Write>({
    topics,
    redelivery,
    responseLimits: { prefix: mqtt.response_prefix, discoveryPrefix: mqtt.discovery_prefix },
    clock,
    log,
    take,
    clear: (topic) => {
      publisher.clear(topic);
    },
  });
  const presence = new Presence({
    clock,
    sessionExpiry_ms: mqtt.session_expiry_ms,
    seen,
    clockTrusted: () => clockTrust.isTrusted,
    note: stored.putSeenLater,
  });
  const connection: Connection = new Connection({
    url: mqtt.url,
    clientId: mqtt.client_id,
    ...(mqtt.username === undefined ? {} : { username: mqtt.username }),
    ...(mqtt.password === undefined ? {} : { password: mqtt.password }),
    tls: mqtt.tls,
    version: mqtt.version,
    sessionExpiry_s: Math.round(mqtt.session_expiry_ms / 1000),
    commandFilter: topics.commandFilter,
    availabilityTopic: topics.bridge.availability,
    retry: options.retry,
    clock,
    log,
    mayResume: () => presence.mayResume(),
    onContact: () => {
      presence.contact();
    },
    onConnected,
    onDisconnected: () => {
      publisher.disconnected();
    },
    onReceived: (received) => {
      // What comes while the bridge stops stays at the broker, unacknowledged, for the next start.
      if (!isStopping) intake.receive(received);
    },
    onTakenOver: () => {
      const message = `another client uses the client id "${mqtt.client_id}"; two bridges on one broker need two`;
      log.error(message);
      trouble(failure('unavailable', message));
    },
  });

  let session = await stored.session();
  function onConnected({ sessionPresent }: Connected): void {
    if (!sessionPresent || session === undefined) session = uuidv7();
    redelivery.setSession(session);
    if (connection.reconnects > 0) metrics.reconnected();
    void sayOnline(session);
    publishState();
    publisher.connected();
  }

  /**
   * Whoever sees `online` may count on the broker's session, whatever becomes of this process: the next one has to
   * know that there is a session to take up, and how old it is.
   */
  async function sayOnline(name: string): Promise<void> {
    const noted = stored.putConnected(name, clock.now()).catch((err: unknown) => {
      log.warn({ err }, 'the connection could not be noted; a crash now may lose commands');
    });
    await settlesWithin(noted, storeGrace_ms);
    if (!isStopping) publisher.retain(topics.bridge.availability, 'online');
  }

  async function take(arrived: Arrived<Write>): Promise<void> {
    const { target } = arrived;
    if (target === 'bridge') return bridgeCommands.handle(arrived);
    for (const account of accounts) {
      const car = account.vehicles.find(target);
      if (car !== undefined) return account.admissions.handle({ ...arrived, car });
    }
    refuse(arrived, refusalOfUnknown(arrived));
    return undefined;
  }

  function refusalOfUnknown({ retained }: Arrived<Write>): Failure {
    if (retained)
      return failure('retained', 'a retained command is never run; it has been cleared');
    if (accounts.some((account) => !account.vehicles.hasListed)) {
      return failure('not_ready', 'the account has not listed its cars yet');
    }
    return failure('unknown_vehicle', 'no account has a car that is called so');
  }

  function refuse(arrived: Arrived<Write>, reason: Failure): void {
    const at = utc(clock.now());
    const event = refusalEvent(rejected(reason), null, arrived, uuidv7(), at);
    publisher.say(output.address(event, arrived.response));
    log.warn({ target: arrived.target.slice(0, 64), failure: reason.code }, 'command refused');
    metrics.commandEnded('unknown', 'rejected');
  }

  // Commands to the bridge itself.
  const journal = createJournal(store, 'bridge/');
  const recovered = await journal.recover(clock.now(), 3_600_000);
  const deliver = (parcel: Parcel): void => {
    publisher.deliver(parcel, () => {
      journal.delivered(parcel);
    });
  };
  const book = new CommandBook<Write>({
    clock,
    retry: options.retry,
    boot,
    journal,
    address: (event, response) => output.address(event, response),
    deliver,
    publish: (messages) => {
      publisher.say(messages);
    },
    onEvent: (event) => {
      const { id, command, value, status } = event;
      log.info({ command_id: id, command, value, status }, 'command');
      if (isEnding(event)) metrics.commandEnded(command ?? 'unknown', status);
    },
    onStoreTrouble: (err, delay_ms) => {
      log.warn({ err, delay_ms }, 'an ending could not be stored yet');
    },
  });
  const bridgeCommands = new BridgeCommands<Write>({
    clock,
    book,
    allow: options.allow,
    find: (id) => firstKnown(accounts.map((account) => account.admissions.peek(id))),
    cancel: (id) =>
      firstKnown(accounts.map((account) => account.admissions.leave(id, 'cancelled', {}))),
    clearQueue: () => {
      for (const account of accounts) account.clearQueue();
    },
    resetBreaker: (name) => {
      const meant = accounts.filter((account) => name === 'all' || account.name === name);
      for (const account of meant) account.resetBreakers();
      return meant.length > 0;
    },
    setLogLevel: (level) => {
      log.level = level;
      for (const account of accounts) account.setLogLevel(level);
      publishStateSoon();
    },
    announce: () => {
      for (const account of accounts) account.vehicles.publishAll();
      publishState();
      publisher.republish();
    },
    reject: (event, response) => {
      publisher.say(output.address(event, response));
      log.warn({ command: event.command, failure: event.code }, 'command refused');
    },
  });

  // The bridge's own state.
  const stateInterval = setInterval(publishState, stateEvery_ms);
  function publishStateSoon(): void {
    if (!isStarted || isStopping) return;
    stateTimer ??= setTimeout(publishState, statePause_ms);
  }

  function publishState(): void {
    clearTimeout(stateTimer);
    stateTimer = undefined;
    const document = bridgeState({
      version: options.version,
      started_at,
      connection,
      accounts,
      depth: waiting.total,
      pool: poolFigures(),
      eventLoop: metrics.eventLoop(),
      now: clock.monotonic(),
      logLevel: log.level,
      lastError,
    });
    publisher.retain(topics.bridge.state, JSON.stringify(document));
  }

  function trouble(reason: Failure): void {
    lastError = { code: reason.code, message: reason.message, at: utc(clock.now()) };
    publishStateSoon();
  }

  function poolFigures() {
    const all = accounts.map((account) => account.figures());
    const sum = (of: 'threads' | 'busy' | 'waiting' | 'processes') =>
      all.reduce((total, figures) => total + figures[of], 0);
    return {
      threads: sum('threads'),
      busy: sum('busy'),
      waiting: sum('waiting'),
      processes: sum('processes'),
    };
  }

  isStarted = true;
  for (const parcel of recovered.parcels) deliver(parcel);
  bridgeCommands.restore(recovered.open, recovered.remembered);
  for (const account of accounts) account.start();
  connection.start();

  return {
    metrics,
    /** In order: no new commands, what runs is given a grace, `offline`, then everything is ended. */
    async stop(): Promise<void> {
      isStopping = true;
      clearTimeout(stateTimer);
      clearInterval(stateInterval);
      await Promise.all([...accounts.map((account) => account.stop()), book.stop(stopGrace_ms)]);
      await connection.stop(
        () => connection.publish(topics.bridge.availability, 'offline', { retain: true }),
        stopGrace_ms,
      );
      presence.stop();
      clockTrust.stop();
      metrics.stop();
      await store.close();
    },
  };
}

function firstKnown(found: readonly Cancelled[]): Cancelled {
  return found.find((one) => one !== 'unknown_id') ?? 'unknown_id';
}
