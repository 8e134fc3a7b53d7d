import { randomBytes } from 'node:crypto';
import { v7 as uuidv7 } from 'uuid';
import type { AccountOptions } from './account-options.js';
import { createAccount, type Account } from './account.js';
import { createAuditTrail } from './audit-trail.js';
import { createBridgeApi, type Asked } from './bridge-api.js';
import { createBridgeMetrics } from './bridge-metrics.js';
import { createBridgeOutput } from './bridge-output.js';
import { createOwnCommands } from './bridge-own-commands.js';
import { BridgeState } from './bridge-state.js';
import { ClockTrust } from './daemon/clock-trust.js';
import { utc, type Clock } from './daemon/clock.js';
import { faultsOf, healthOf, LoopWatch, type Health } from './daemon/health.js';
import type { Logger } from './daemon/logger.js';
import { createNews } from './daemon/news.js';
import type { RetryPolicy } from './daemon/retry.js';
import { settlesWithin } from './daemon/settles-within.js';
import { rejected } from './dispatch/admission.js';
import { CommandHistory } from './dispatch/command-history.js';
import { refusalEvent } from './dispatch/refusal-event.js';
import { SharedSlots } from './dispatch/slots.js';
import { WaitingCount } from './dispatch/waiting-count.js';
import { Announcer } from './homeassistant/announcer.js';
import type { Form } from './homeassistant/device-message.js';
import { devicesOf } from './homeassistant/discovery.js';
import type { AccessOptions } from './http/access.js';
import { startControlSocket } from './http/control-socket.js';
import { LiveEvents, stepEvent } from './http/live-events.js';
import type { WebServer } from './http/web-server.js';
import { Leftovers } from './leftovers.js';
import { createCommandIntake } from './mqtt/command-intake.js';
import { Connection, type Connected } from './mqtt/connection.js';
import { translateLegacy } from './mqtt/legacy-commands.js';
import { LegacyTopics } from './mqtt/legacy-topics.js';
import { Presence } from './mqtt/presence.js';
import { Publisher } from './mqtt/publisher.js';
import { Redelivery } from './mqtt/redelivery.js';
import { createTopics } from './mqtt/topics.js';
import { WrittenTopics } from './mqtt/written-topics.js';
import type { PollSettings } from './schedule/next-poll.js';
import { Polling } from './schedule/polling.js';
import { createBridgeStore } from './store/bridge-store.js';
import type { Store, Write } from './store/store.js';
import type { ExpiryKey } from './vehicle/command.js';
import { failure, wellKnown, type Failure } from './vehicle/outcome.js';

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
    readonly legacy_topics: boolean;
  };
  readonly home_assistant: {
    readonly discovery: Form | 'off';
    readonly prefix: string;
    readonly status_topic: string;
    readonly times: boolean;
  };
  readonly accounts: readonly AccountOptions[];
  /** What may be asked of the bridge and of every car; absent: everything. */
  readonly allow: readonly string[] | undefined;
  /** Milliseconds by name, mode or value of a command. */
  readonly expiresIn_ms: Readonly<Record<ExpiryKey, number>>;
  /** What is read without being asked for. */
  readonly polling: PollSettings;
  /** How long finished commands stay in the audit log. */
  readonly keepAudit_ms: number;
  readonly queueTotal: number;
  readonly mostProcesses: number;
  readonly retry: RetryPolicy;
  /** Dashboard, API, health and metrics; absent where they are switched off. */
  readonly http:
    | (Pick<AccessOptions, 'token' | 'host' | 'allowed_hosts' | 'trusted_proxies'> & {
        readonly port: number;
      })
    | undefined;
  /** Where subcommands reach this daemon: a Unix socket. */
  readonly control_path: string;
}

export interface BridgeDependencies {
  readonly clock: Clock;
  readonly log: Logger;
  /** The bridge closes it at its end. */
  readonly store: Store;
  /** The entry file of the worker threads. */
  readonly workerEntry: string;
}

const stopGrace_ms = 2000;
const storeGrace_ms = 5000;

/** The bridge: from the broker to the cars and back. Resolves when everything stored has been read and started. */
export async function startBridge(
  options: BridgeOptions,
  { clock, log, store, workerEntry }: BridgeDependencies,
) {
  const { mqtt, home_assistant } = options;
  const stored = createBridgeStore(store);
  const boot = await stored.nextBoot();
  const key = await stored.secretKey(() => randomBytes(32).toString('base64'));
  const seen = await stored.seen();
  const topics = createTopics(mqtt.base_topic);
  let isStopping = false;

  // Out: what the accounts say, to the broker.
  const record = { add: stored.addWrittenTopic, delete: stored.deleteWrittenTopic };
  const written = new WrittenTopics(record, await stored.writtenTopics());
  const publisher = new Publisher(
    (...words) => connection.publish(...words),
    log,
    written,
    (isAcknowledged) => {
      metrics[isAcknowledged ? 'published' : 'dropped']();
    },
  );
  const state = new BridgeState({
    clock,
    log,
    publish: (document) => {
      publisher.retain(topics.bridge.state, JSON.stringify(document));
      live.tell({ kind: 'bridge', data: document });
    },
  });
  const history = new CommandHistory();
  const live = new LiveEvents();
  const legacyOptions = {
    topics,
    publisher,
    vendorIdOf: (vehicle: string) => carCalled(vehicle)?.car.listed.id,
    startedAt: clock.now(),
  };
  const output = createBridgeOutput({
    publisher,
    topics,
    flatTopics: mqtt.flat_topics,
    legacy: mqtt.legacy_topics ? new LegacyTopics(legacyOptions) : undefined,
    live,
    step: (event, source) => {
      history.note(event);
      live.tell(stepEvent(event));
      if (event.seq === 0) auditTrail.refused(event, source);
    },
    carsChanged: () => {
      // What is announced no more is cleared after that was said.
      if (announcer === undefined) leftovers.clearSoon();
      else announcer.changed();
    },
    changed: () => {
      state.changed();
    },
    trouble: (reason) => {
      state.trouble(reason);
    },
  });

  const polling = new Polling({
    configured: options.polling,
    kept: await stored.polling(),
    keep: stored.putPolling,
    onChange: () => {
      for (const account of accounts) account.pollingChanged();
      state.changed();
    },
  });

  await polling.forgetOverruled().catch((err: unknown) => {
    log.warn({ err }, 'that the configuration overrules a setting of polls could not be stored');
  });

  // The accounts, each with everything that belongs to it.
  const isNews = createNews();
  const waiting = new WaitingCount(options.queueTotal);
  const metrics = createBridgeMetrics({
    ...{ version: options.version, clock, waiting },
    names: options.accounts.map(({ name }) => name),
    accounts: () => accounts,
    isHealthy: () => health().ok,
    isClockTrusted: () => clockTrust.isTrusted,
    isConnected: () => connection.state.is === 'connected',
    undelivered: () => publisher.undelivered,
  });
  store.watch?.(metrics.disk);
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
        polling: () => polling.settings,
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

  const auditTrail = await createAuditTrail({
    clock,
    log,
    store,
    accounts,
    history,
    keep_ms: options.keepAudit_ms,
  });

  // Home Assistant, in its own words; and what is of no more use to anybody.
  const announcer = await createAnnouncer();
  const leftovers = new Leftovers({
    topics,
    written,
    publisher,
    accounts,
    flatTopics: mqtt.flat_topics,
    legacyTopics: mqtt.legacy_topics,
    announced: () => announcer?.belonging() ?? (() => false),
  });

  // Commands to the bridge itself.
  const ownCommands = await createOwnCommands({
    clock,
    retry: options.retry,
    store,
    boot,
    log,
    metrics,
    output,
    accounts,
    allow: options.allow,
    expiresIn_ms: options.expiresIn_ms,
    polling,
    announce: () => {
      for (const account of accounts) account.vehicles.publishAll();
      state.publish();
      announcer?.announce();
      publisher.republish();
    },
  });

  // In: from the broker to the account of the car.
  const redelivery = new Redelivery<Write>({ key, find: stored.packet, write: stored.packetWrite });
  const intake = createCommandIntake<Write>({
    topics,
    redelivery,
    responseLimits: { prefix: mqtt.response_prefix, discoveryPrefix: home_assistant.prefix },
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
      announcer?.disconnected();
    },
    onReceived: (received) => {
      // What comes while the bridge stops stays at the broker, unacknowledged, for the next start.
      if (isStopping) return;
      metrics.received();
      const { topic, payload, retain } = received.packet;
      announcer?.receive(topic, payload.toString(), retain);
      intake.receive(received);
    },
    onTakenOver: () => {
      const message = `another client uses the client id "${mqtt.client_id}"; two bridges on one broker need two`;
      log.error(message);
      state.trouble(failure('unavailable', message));
    },
  });

  let session = await stored.session();
  function onConnected({ sessionPresent }: Connected): void {
    if (!sessionPresent || session === undefined) session = uuidv7();
    redelivery.setSession(session);
    if (connection.reconnects > 0) metrics.reconnected();
    void sayOnline(session);
    state.publish();
    publisher.connected();
    announcer?.connected();
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

  async function take(arrived: Asked): Promise<void> {
    const { target } = arrived;
    if (target === 'bridge') return ownCommands.handle(arrived);
    const found = carCalled(target);
    if (found !== undefined) {
      const payload = mqtt.legacy_topics
        ? translateLegacy(arrived.name, arrived.payload, found.car.listed.commands)
        : arrived.payload;
      return found.account.admissions.handle({ ...arrived, payload, car: found.car });
    }
    refuse(arrived, refusalOfUnknown(arrived));
    return undefined;
  }

  async function serve(http: NonNullable<BridgeOptions['http']>): Promise<WebServer> {
    // Not loaded where it is switched off.
    const { startWebServer } = await import('./http/web-server.js');
    return startWebServer({
      ...http,
      ...{ api, log, version, retry: options.retry },
      onAnswered: metrics.httpAnswered,
    });
  }

  async function createAnnouncer(): Promise<Announcer | undefined> {
    const { discovery: form, prefix, status_topic, times } = home_assistant;
    if (form === 'off') return undefined;
    const told = {
      ...{ topics, baseTopic: mqtt.base_topic, version: options.version, hasTimes: times },
      accounts: options.accounts.map(({ name }) => name),
      ...{ expiresIn_ms: options.expiresIn_ms, allow: options.allow },
    };
    return new Announcer({
      discovery: { form, prefix },
      statusTopic: status_topic,
      ...{ clock, log, publisher },
      subscribe: (filter) => {
        connection.subscribe(filter);
      },
      devices: () =>
        devicesOf(
          told,
          accounts.flatMap(({ vehicles }) => vehicles.announced),
        ),
      areAllKnown: () => accounts.every(({ vehicles }) => vehicles.hasListed),
      kept: await stored.announced(),
      keep: stored.putAnnounced,
      onAnnounced: () => {
        leftovers.clearSoon();
      },
      onTold: metrics.announced,
    });
  }

  function carCalled(name: string) {
    for (const account of accounts) {
      const car = account.vehicles.find(name);
      if (car !== undefined) return { account, car };
    }
    return undefined;
  }

  function refusalOfUnknown({ retained }: Asked): Failure {
    if (retained) return wellKnown.retained;
    const unlisted = accounts.find((account) => !account.vehicles.hasListed)?.report();
    if (unlisted !== undefined) {
      const { name, state: stands } = unlisted;
      return failure(
        'not_ready',
        `the account ${name} has not listed its cars yet: it is ${stands}`,
      );
    }
    return failure('unknown_vehicle', 'no account has a car that is called so');
  }

  function refuse(arrived: Asked, reason: Failure): void {
    const at = utc(clock.now());
    const event = refusalEvent(rejected(reason), null, arrived, uuidv7(), at);
    arrived.onAnswer?.(event);
    publisher.say(output.address(event, arrived.response));
    log.warn({ target: arrived.target.slice(0, 64), failure: reason.code }, 'command refused');
    metrics.commandStep(event);
  }

  const loopWatch = new LoopWatch(clock);
  const health = (): Health =>
    healthOf([
      loopWatch.fault,
      ...accounts.map(({ name, poolFault }) => poolFault && `account ${name}: ${poolFault}`),
    ]);

  /** Broker and accounts, too: what a person would wait for. */
  const readiness = (): Health =>
    healthOf([
      ...faultsOf(health()),
      connection.state.is === 'connected' ? undefined : 'the broker is not connected',
      ...accounts.map((account) => {
        const { name, state: stands } = account.report();
        return stands === 'ready' ? undefined : `account ${name}: ${stands}`;
      }),
    ]);

  // What people ask beside the broker.
  const { version } = options;
  const api = createBridgeApi({
    ...{ clock, accounts, take, health, readiness, state, history, live },
    registry: metrics.registry,
    audit: auditTrail.log,
  });
  const control = await startControlSocket({ path: options.control_path, api, log, version });
  const web = options.http && (await serve(options.http));

  const jobs = () => [...accounts.flatMap((account) => account.jobs), ...ownCommands.jobs];
  state.start({
    ...{ version, connection, accounts, metrics, jobs },
    waiting: () => waiting.total,
    polling: () => polling.settings,
  });
  auditTrail.start();
  ownCommands.start();
  for (const account of accounts) account.start();
  const isReplacing = leftovers.clearAnnouncements().length > 0;
  if (announcer === undefined) leftovers.clearSoon();
  else announcer.start({ isReplacing });
  connection.start();

  return {
    metrics,
    health,
    /** What the bridge says of itself; null once it stops. */
    document: () => state.document,
    /** In order: no new commands, what runs is given a grace, `offline`, then everything is ended. */
    async stop(): Promise<void> {
      isStopping = true;
      state.stop();
      const rested = ownCommands.stopJobs();
      await Promise.all([
        control.stop(),
        web?.stop(),
        ...accounts.map((account) => account.stop()),
      ]);
      // What they did for accounts has ended with these.
      await settlesWithin(rested, stopGrace_ms);
      await ownCommands.stop(stopGrace_ms);
      await connection.stop(
        () => connection.publish(topics.bridge.availability, 'offline', { retain: true }),
        stopGrace_ms,
      );
      announcer?.stop();
      leftovers.stop();
      presence.stop();
      clockTrust.stop();
      metrics.stop();
      loopWatch.stop();
      auditTrail.stop();
      await store.close();
    },
  };
}
