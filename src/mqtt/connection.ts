import { Socket } from 'node:net';
import mqtt, {
  type IClientOptions,
  type IConnackPacket,
  type IPublishPacket,
  type MqttClient,
} from 'mqtt';
import { writeToStream } from 'mqtt-packet';
import type { Clock } from '../daemon/clock.js';
import type { Logger } from '../daemon/logger.js';
import { retryDelay, type RetryPolicy } from '../daemon/retry.js';
import { settlesWithin } from '../daemon/settles-within.js';
import { Acknowledgements } from './acknowledgements.js';
import { refusedFiltersOf } from './refusal.js';
import { SendWindow } from './send-window.js';

/** A packet that came in, and the function that acknowledges it. */
export interface Received {
  readonly packet: IPublishPacket;
  readonly acknowledge: () => void;
}

export interface PublishOptions {
  readonly retain?: boolean;
  readonly correlation?: Buffer;
  readonly responseTopic?: string;
  readonly messageExpiry_s?: number;
}

export interface Connected {
  readonly version: 4 | 5;
  /** The broker still has the session: what it delivers with DUP may have been delivered before. */
  readonly sessionPresent: boolean;
}

export interface ConnectionOptions {
  readonly url: string;
  readonly clientId: string;
  readonly username?: string;
  readonly password?: string;
  readonly tls: { readonly ca?: Buffer; readonly cert?: Buffer; readonly key?: Buffer };
  readonly version: 'auto' | 4 | 5;
  readonly sessionExpiry_s: number;
  /** Where commands come; asked anew on each connect and whenever they may have changed. */
  readonly commandFilters: () => readonly string[];
  /** Says `offline` when the connection is lost; without it nothing does. */
  readonly availabilityTopic?: string;
  readonly retry: RetryPolicy;
  readonly clock: Clock;
  readonly log: Logger;
  /** Whether the session at the broker is young enough to be taken up; asked before each try. */
  readonly mayResume: () => boolean;
  /** Something came from the broker: it is there. */
  readonly onContact: () => void;
  readonly onConnected: (connected: Connected) => void;
  readonly onDisconnected: () => void;
  readonly onReceived: (received: Received) => void;
  /** Another client has our id. Told once, and again only after a connection that lasted. */
  readonly onTakenOver: () => void;
}

export type ConnectionState =
  | { readonly is: 'connecting'; readonly attempt: number }
  | {
      readonly is: 'connected';
      readonly client: MqttClient;
      readonly window: SendWindow;
      readonly version: 4 | 5;
      readonly since: number;
    }
  | { readonly is: 'waiting'; readonly attempt: number; readonly retry_at: number }
  | { readonly is: 'stopped' };

const keepalive_s = 15;
/** What a broker takes that names no limit; MQTT 5, section 3.2.2.3.3. */
const mostInFlight = 65_535;
const connectTimeout_ms = 15_000;
const willDelay_s = 10;
/** Far above any command: what is too big for one is still answered. */
const maximumPacketSize = 4 * 1024 * 1024;
/** Another client has our id: fighting over it would only disconnect both again and again. */
const takeOverPause_ms = 60_000;
const sessionTakenOver = 142;
const quickLoss_ms = 5000;
const quickLosses = 3;

/** An error makes mqtt.js go on without a PUBACK. */
const acknowledgedLater = new Error('acknowledged when it is stored');

/** The one connection to the broker. Each try is a client of its own, so nothing of a lost one lives on. */
export class Connection {
  readonly #options: ConnectionOptions;
  #version: 4 | 5;
  #state: ConnectionState = { is: 'stopped' };
  #client: MqttClient | undefined;
  /** Besides the commands. */
  readonly #filters = new Set<string>();
  /** Subscribed on this connection. */
  #commandFilters: ReadonlySet<string> = new Set();
  #timer: NodeJS.Timeout | undefined;
  #attempt = 0;
  #lostQuickly = 0;
  #takenOver = false;
  #hasToldTakenOver = false;
  #connects = 0;

  constructor(options: ConnectionOptions) {
    this.#options = options;
    this.#version = options.version === 4 ? 4 : 5;
  }

  /** From now on, over reconnects, what comes on these topics is received too; with MQTT 5 nothing that is retained. */
  subscribe(filter: string): void {
    if (this.#filters.has(filter)) return;
    this.#filters.add(filter);
    if (this.#state.is === 'connected') this.#subscribeTo(this.#state.client, [filter]);
  }

  /** Other cars than before are to be heard. */
  commandFiltersChanged(): void {
    if (this.#state.is === 'connected') this.#hearCommands(this.#state.client);
  }

  get state(): ConnectionState {
    return this.#state;
  }

  get reconnects(): number {
    return Math.max(0, this.#connects - 1);
  }

  start(): void {
    this.#connect();
  }

  /** Resolves when the broker has acknowledged it; rejects when the connection is lost before. */
  publish(topic: string, payload: string, options: PublishOptions = {}): Promise<void> {
    const state = this.#state;
    if (state.is !== 'connected') return Promise.reject(new Error('not connected to the broker'));
    const { retain = false } = options;
    const properties = state.version === 4 ? {} : propertiesOf(options);
    return state.window.send(
      () =>
        new Promise((resolve, reject) => {
          state.client.publish(topic, payload, { qos: 1, retain, ...properties }, (error) => {
            if (error == null) resolve();
            else reject(error);
          });
        }),
    );
  }

  /** Says good-bye with `last`, in order, and leaves. */
  async stop(last: () => Promise<unknown>, grace_ms: number): Promise<void> {
    clearTimeout(this.#timer);
    const state = this.#state;
    if (state.is === 'connected') await settlesWithin(last(), grace_ms);
    // The connection may have been lost meanwhile.
    clearTimeout(this.#timer);
    const client = this.#client;
    this.#state = { is: 'stopped' };
    if (state.is === 'connected') state.window.close(new Error('the bridge stops'));
    if (client === undefined) return;
    await settlesWithin(client.endAsync(), grace_ms);
    client.removeAllListeners();
    client.on('error', () => undefined);
    client.stream.destroy();
  }

  /** Leaves at once and without a word. */
  abandon(): void {
    clearTimeout(this.#timer);
    if (this.#state.is === 'connected') this.#state.window.close(new Error('another is the owner'));
    this.#state = { is: 'stopped' };
    const client = this.#client;
    if (client === undefined) return;
    client.removeAllListeners();
    client.on('error', () => undefined);
    client.end(true);
    client.stream.destroy();
  }

  #connect(): void {
    this.#attempt += 1;
    this.#state = { is: 'connecting', attempt: this.#attempt };
    const client = mqtt.connect(this.#options.url, this.#clientOptions());
    this.#client = client;
    client.setMaxListeners(0);
    const version = this.#version;
    const acknowledgements = new Acknowledgements((messageId) => {
      if (!client.connected) return;
      // Written past mqtt.js: its own way, the callback of `handleMessage`, would hold up every other packet.
      const puback = {
        cmd: 'puback',
        messageId,
        ...(version === 5 ? { reasonCode: 0 } : {}),
      } as const;
      writeToStream(puback, client.stream, { protocolVersion: version });
    });
    client.handleMessage = (packet, done) => {
      this.#receive(packet, acknowledgements);
      done(packet.qos === 0 ? undefined : acknowledgedLater);
    };
    client.on('packetreceive', this.#options.onContact);
    client.on('connect', (packet) => {
      this.#connected(client, packet);
    });
    client.on('disconnect', (packet) => {
      if (packet.reasonCode === sessionTakenOver) this.#takenOver = true;
    });
    client.on('error', (error) => {
      this.#refused(error);
    });
    client.once('close', () => {
      this.#closed(client);
    });
  }

  #receive(packet: IPublishPacket, acknowledgements: Acknowledgements): void {
    const acknowledge =
      packet.qos === 0 || packet.messageId === undefined
        ? () => undefined
        : acknowledgements.expect(packet.messageId);
    this.#options.onReceived({ packet, acknowledge });
  }

  #connected(client: MqttClient, packet: IConnackPacket): void {
    const { clock, log, onConnected } = this.#options;
    // TLS sockets are sockets too; a WebSocket has set it by itself.
    if (client.stream instanceof Socket) client.stream.setNoDelay(true);
    const version = this.#version;
    const window = new SendWindow(packet.properties?.receiveMaximum ?? mostInFlight);
    this.#state = { is: 'connected', client, window, version, since: clock.monotonic() };
    this.#attempt = 0;
    this.#connects += 1;
    log.info({ version, session_present: packet.sessionPresent }, 'connected to the broker');
    this.#commandFilters = new Set();
    this.#hearCommands(client);
    if (this.#filters.size > 0) this.#subscribeTo(client, [...this.#filters]);
    onConnected({ version, sessionPresent: packet.sessionPresent });
  }

  #hearCommands(client: MqttClient): void {
    const wanted = new Set(this.#options.commandFilters());
    const before = this.#commandFilters;
    const added = [...wanted].filter((filter) => !before.has(filter));
    const gone = [...before].filter((filter) => !wanted.has(filter));
    this.#commandFilters = wanted;
    const isFive = this.#version === 5;
    const options = { qos: 1 as const, ...(isFive ? { nl: true, rap: true, rh: 0 } : {}) };
    if (added.length > 0)
      client.subscribe(added, options, (error) => {
        // A connection that is lost meanwhile is no refusal.
        if (error === null || !this.#isOn(client)) return;
        const { log } = this.#options;
        log.error({ err: error }, 'the broker refuses the subscription to the command topics');
      });
    if (gone.length > 0) client.unsubscribe(gone, () => undefined);
  }

  #subscribeTo(client: MqttClient, filters: string[]): void {
    const options = { qos: 1 as const, ...(this.#version === 5 ? { nl: true, rh: 2 } : {}) };
    client.subscribe(filters, options, (error, _granted, answer) => {
      if (error === null || !this.#isOn(client)) return;
      const refused = refusedFiltersOf(filters, answer?.granted ?? []);
      this.#options.log.warn({ err: error, filters: refused }, 'the broker refuses subscriptions');
    });
  }

  /** Whether what was asked of this client still concerns anybody. */
  #isOn(client: MqttClient): boolean {
    return client.connected && this.#state.is === 'connected' && this.#client === client;
  }

  #refused(error: Error): void {
    const code = 'code' in error ? error.code : undefined;
    const unsupportedVersion = code === (this.#version === 5 ? 132 : 1) || code === 1;
    if (unsupportedVersion && this.#options.version === 'auto' && this.#version === 5) {
      this.#version = 4;
      this.#attempt = 0;
      this.#options.log.info('the broker does not speak MQTT 5; going on with 3.1.1');
    } else this.#options.log.warn({ reason: inWords(error) }, 'the broker cannot be reached');
  }

  #closed(client: MqttClient): void {
    client.removeListener('packetreceive', this.#options.onContact);
    // What this client still does in its last moments concerns nobody.
    client.on('error', () => undefined);
    client.end(true);
    if (this.#client !== client || this.#state.is === 'stopped') return;
    if (this.#state.is === 'connected') {
      this.#state.window.close(new Error('the connection to the broker was lost'));
      this.#options.log.warn('the connection to the broker was lost');
      this.#options.onDisconnected();
    }
    const delay_ms = this.#pause();
    const retry_at = this.#options.clock.now() + delay_ms;
    this.#state = { is: 'waiting', attempt: this.#attempt, retry_at };
    this.#timer = setTimeout(() => {
      this.#connect();
    }, delay_ms);
  }

  #pause(): number {
    const { clock, retry, onTakenOver } = this.#options;
    // The broker answered that it wants the older version: that was no failure.
    if (this.#state.is === 'connecting' && this.#attempt === 0) return 0;
    // A broker that cannot be reached is why the connection was lost: nobody else.
    if (this.#state.is === 'connecting') this.#lostQuickly = 0;
    if (this.#state.is === 'connected') {
      const wasQuick = clock.monotonic() - this.#state.since < quickLoss_ms;
      this.#lostQuickly = wasQuick ? this.#lostQuickly + 1 : 0;
      this.#hasToldTakenOver &&= wasQuick;
    }
    if (!this.#takenOver && this.#lostQuickly < quickLosses) {
      return retryDelay(retry, Math.max(1, this.#attempt)) ?? takeOverPause_ms;
    }
    this.#takenOver = false;
    if (!this.#hasToldTakenOver) onTakenOver();
    this.#hasToldTakenOver = true;
    return takeOverPause_ms;
  }

  #clientOptions(): IClientOptions {
    const { clientId, username, password, tls, sessionExpiry_s, availabilityTopic } = this.#options;
    const isFive = this.#version === 5;
    return {
      clientId,
      ...(username === undefined ? {} : { username }),
      ...(password === undefined ? {} : { password }),
      ...tls,
      protocolVersion: this.#version,
      clean: !isFive || !this.#options.mayResume(),
      keepalive: keepalive_s,
      connectTimeout: connectTimeout_ms,
      reconnectPeriod: 0,
      resubscribe: false,
      queueQoSZero: false,
      timerVariant: 'native',
      ...(availabilityTopic === undefined
        ? {}
        : {
            will: {
              topic: availabilityTopic,
              payload: Buffer.from('offline'),
              qos: 1,
              retain: true,
              ...(isFive ? { properties: { willDelayInterval: willDelay_s } } : {}),
            },
          }),
      ...(isFive
        ? { properties: { sessionExpiryInterval: sessionExpiry_s, maximumPacketSize } }
        : {}),
    };
  }
}

function propertiesOf({ correlation, responseTopic, messageExpiry_s }: PublishOptions) {
  const properties = {
    ...(correlation === undefined ? {} : { correlationData: correlation }),
    ...(responseTopic === undefined ? {} : { responseTopic }),
    ...(messageExpiry_s === undefined ? {} : { messageExpiryInterval: messageExpiry_s }),
  };
  return Object.keys(properties).length === 0 ? {} : { properties };
}

/** Without a stack: a broker that is away is nothing to trace. A name with several addresses fails with an error for each. */
function inWords(error: Error): string {
  const each: readonly unknown[] = error instanceof AggregateError ? error.errors : [error];
  return each.map((one) => (one instanceof Error ? one.message : String(one))).join('; ');
}
