import { setTimeout as pause } from 'node:timers/promises';
import { v7 as uuidv7 } from 'uuid';
import type { AccountOutput } from './account-options.js';
import type { Account } from './account.js';
import type { Asked } from './bridge-api.js';
import { createBridgeOutput } from './bridge-output.js';
import type { Clock } from './daemon/clock.js';
import type { Logger } from './daemon/logger.js';
import type { Metrics } from './daemon/metrics.js';
import type { RetryPolicy } from './daemon/retry.js';
import { settlesWithin } from './daemon/settles-within.js';
import { Announcer } from './homeassistant/announcer.js';
import type { Form } from './homeassistant/device-message.js';
import { devicesOf } from './homeassistant/discovery.js';
import type { LiveEvents } from './http/live-events.js';
import { Leftovers } from './leftovers.js';
import { createCommandIntake } from './mqtt/command-intake.js';
import { Connection, type Connected } from './mqtt/connection.js';
import { LegacyTopics } from './mqtt/legacy-topics.js';
import { Presence } from './mqtt/presence.js';
import { Publisher } from './mqtt/publisher.js';
import { Redelivery } from './mqtt/redelivery.js';
import type { Topics } from './mqtt/topics.js';
import { WrittenTopics } from './mqtt/written-topics.js';
import type { BridgeStore } from './store/bridge-store.js';
import type { Write } from './store/store.js';
import type { ExpiryKey } from './vehicle/command.js';

/** How the broker is reached, and what is said to it. */
export interface BrokerOptions {
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
}

export interface HomeAssistantOptions {
  readonly discovery: Form | 'off';
  readonly prefix: string;
  readonly status_topic: string;
  readonly times: boolean;
}

export interface BrokerSessionOptions {
  /** Of the bridge. */
  readonly version: string;
  readonly mqtt: BrokerOptions;
  readonly home_assistant: HomeAssistantOptions;
  readonly allow: readonly string[] | undefined;
  readonly expiresIn_ms: Readonly<Record<ExpiryKey, number>>;
  readonly retry: RetryPolicy;
}

export interface BrokerSessionDependencies {
  readonly clock: Clock;
  readonly log: Logger;
  readonly topics: Topics;
  /** What belongs to this session, and to no other. */
  readonly stored: BridgeStore;
  readonly metrics: Metrics;
  readonly live: LiveEvents;
  readonly clockTrusted: () => boolean;
  /** Whose cars are on it. */
  readonly accounts: () => readonly Account[];
  /** Whether it speaks for the bridge itself: availability, the bridge's devices. */
  readonly isBridge: boolean;
  /** The names of all accounts of the bridge. */
  readonly accountNames: () => readonly string[];
  /** The topics on which its commands come; may change with its cars. */
  readonly commandFilters: () => readonly string[];
  /** Resolves when the packet that brought it may be acknowledged. */
  readonly take: (arrived: Asked) => Promise<void>;
  readonly onConnected: () => void;
  readonly onTakenOver: () => void;
  readonly output: Pick<AccountOutput, 'step' | 'changed' | 'trouble' | 'carsChanged'>;
}

const storeGrace_ms = 5000;
const look_ms = 20;

/** One session at the broker with all that goes over it: commands in, what its accounts say out. */
export async function createBrokerSession(
  options: BrokerSessionOptions,
  deps: BrokerSessionDependencies,
) {
  const { mqtt, home_assistant } = options;
  const { clock, log, topics, stored, metrics, live, accounts } = deps;
  const key = await stored.secretKey();
  const seen = await stored.seen();
  let session = await stored.session();
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
  const output = createBridgeOutput({
    ...{ publisher, topics, live, flatTopics: mqtt.flat_topics },
    legacy: mqtt.legacy_topics
      ? new LegacyTopics({ topics, publisher, vendorIdOf, startedAt: clock.now() })
      : undefined,
    ...deps.output,
    carsChanged: () => {
      connection.commandFiltersChanged();
      deps.output.carsChanged();
      // What is announced no more is cleared after that was said.
      if (announcer === undefined) leftovers.clearSoon();
      else announcer.changed();
    },
  });

  // Home Assistant, in its own words; and what is of no more use to anybody.
  const announcer = await createAnnouncer();
  const leftovers = new Leftovers({
    ...{ topics, written, publisher, accounts },
    flatTopics: mqtt.flat_topics,
    legacyTopics: mqtt.legacy_topics,
    announced: () => announcer?.belonging() ?? (() => false),
  });

  // In: from the broker to whom it concerns.
  const redelivery = new Redelivery<Write>({ key, find: stored.packet, write: stored.packetWrite });
  const intake = createCommandIntake<Write>({
    ...{ topics, redelivery, clock, log, take: deps.take },
    responseLimits: { prefix: mqtt.response_prefix, discoveryPrefix: home_assistant.prefix },
    clear: (topic) => {
      publisher.clear(topic);
    },
  });
  const presence = new Presence({
    ...{ clock, seen, clockTrusted: deps.clockTrusted, note: stored.putSeenLater },
    sessionExpiry_ms: mqtt.session_expiry_ms,
  });
  const connection: Connection = new Connection({
    url: mqtt.url,
    clientId: mqtt.client_id,
    ...(mqtt.username === undefined ? {} : { username: mqtt.username }),
    ...(mqtt.password === undefined ? {} : { password: mqtt.password }),
    ...{ tls: mqtt.tls, version: mqtt.version, clock, log, retry: options.retry },
    sessionExpiry_s: Math.round(mqtt.session_expiry_ms / 1000),
    commandFilters: deps.commandFilters,
    ...(deps.isBridge ? { availabilityTopic: topics.bridge.availability } : {}),
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
    onTakenOver: deps.onTakenOver,
  });

  function onConnected({ sessionPresent }: Connected): void {
    if (!sessionPresent || session === undefined) session = uuidv7();
    redelivery.setSession(session);
    if (connection.reconnects > 0) metrics.reconnected();
    void noteAndSayOnline(session);
    deps.onConnected();
    publisher.connected();
    announcer?.connected();
  }

  /**
   * Whoever sees `online` may count on the broker's session, whatever becomes of this process: the next one has to
   * know that there is a session to take up, and how old it is.
   */
  async function noteAndSayOnline(name: string): Promise<void> {
    const noted = stored.putConnected(name, clock.now()).catch((err: unknown) => {
      log.warn({ err }, 'the connection could not be noted; a crash now may lose commands');
    });
    await settlesWithin(noted, storeGrace_ms);
    if (deps.isBridge && !isStopping) publisher.retain(topics.bridge.availability, 'online');
  }

  function vendorIdOf(vehicle: string): string | undefined {
    for (const account of accounts()) {
      const car = account.vehicles.find(vehicle);
      if (car !== undefined) return car.listed.id;
    }
    return undefined;
  }

  async function createAnnouncer(): Promise<Announcer | undefined> {
    const { discovery: form, prefix, status_topic, times } = home_assistant;
    if (form === 'off') return undefined;
    const told = {
      ...{ topics, baseTopic: mqtt.base_topic, version: options.version, hasTimes: times },
      ...{ expiresIn_ms: options.expiresIn_ms, allow: options.allow },
    };
    return new Announcer({
      discovery: { form, prefix },
      statusTopic: status_topic,
      ...{ clock, log, publisher },
      devices: () =>
        devicesOf(
          { ...told, ...(deps.isBridge ? { accounts: deps.accountNames() } : {}) },
          accounts().flatMap(({ vehicles }) => vehicles.announced),
        ),
      subscribe: (filter) => {
        connection.subscribe(filter);
      },
      areAllKnown: () => accounts().every(({ vehicles }) => vehicles.hasListed),
      kept: await stored.announced(),
      keep: stored.putAnnounced,
      onAnnounced: () => {
        leftovers.clearSoon();
      },
      onTold: metrics.announced,
    });
  }

  return {
    output,
    publisher,
    seen,
    get state() {
      return connection.state;
    },
    get reconnects() {
      return connection.reconnects;
    },

    /** Connects, and says what there is. */
    start(): void {
      const isReplacing = leftovers.clearAnnouncements().length > 0;
      if (announcer === undefined) leftovers.clearSoon();
      else announcer.start({ isReplacing });
      connection.start();
    },

    /** Resolves when the broker has it; rejects when the connection is lost before. */
    publish: (...words: Parameters<Connection['publish']>): Promise<void> =>
      connection.publish(...words),

    /** There are other accounts than before. */
    accountsChanged(): void {
      output.carsChanged();
    },

    /** Publishes again what Home Assistant was told, and everything that is retained. */
    announce(): void {
      announcer?.announce();
      publisher.republish();
    },

    /** Removes everything retained that was published here. Resolves when the broker holds none of it, or after so long. */
    async clear(within_ms: number): Promise<void> {
      const until = clock.monotonic() + within_ms;
      for (const topic of written.all) publisher.remove(topic);
      while (written.all.length > 0 && clock.monotonic() < until) await pause(look_ms);
    },

    /** What comes from now on is left to the next start, or to the next owner. */
    stopTaking(): void {
      isStopping = true;
    },

    /** After its accounts. Takes leave of the broker; what it has not acknowledged stays in the store. */
    async stop(grace_ms: number): Promise<void> {
      isStopping = true;
      const sayOffline = () =>
        connection.publish(topics.bridge.availability, 'offline', { retain: true });
      await connection.stop(deps.isBridge ? sayOffline : () => Promise.resolve(), grace_ms);
      announcer?.stop();
      leftovers.stop();
      presence.stop();
    },

    /** At once: somebody else may speak for these accounts already. */
    abandon(): void {
      isStopping = true;
      connection.abandon();
      announcer?.stop();
      leftovers.stop();
      presence.stop();
    },
  };
}
