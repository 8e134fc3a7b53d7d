import { randomBytes } from 'node:crypto';
import { Socket } from 'node:net';
import mqtt, { type IClientOptions, type IConnackPacket, type MqttClient } from 'mqtt';
import { refusedFiltersOf } from './refusal.js';

/** How the broker is reached, as the bridge reaches it. */
export interface TrialOptions {
  readonly url: string;
  readonly username?: string;
  readonly password?: string;
  readonly tls: { readonly ca?: Buffer; readonly cert?: Buffer; readonly key?: Buffer };
  readonly version: 'auto' | 4 | 5;
}

export type Opened =
  | {
      readonly is: 'open';
      readonly client: MqttClient;
      readonly version: 4 | 5;
      readonly connack: IConnackPacket;
    }
  | { readonly is: 'refused'; readonly error: unknown };

/** One publish or answer later than this will not come any more. */
export const answer_ms = 3000;
const connect_ms = 8000;
/** What a broker answers that does not speak the version: MQTT 5 and 3.1.1. */
const unsupportedVersion = [132, 1];

/** Connects as the bridge does, under another name: with its own it would take the bridge's place. */
export async function openBroker(options: TrialOptions, signal: AbortSignal): Promise<Opened> {
  if (options.version !== 'auto') return connect(options, options.version, signal);
  const opened = await connect(options, 5, signal);
  const isOlder = opened.is === 'refused' && unsupportedVersion.includes(codeOf(opened.error) ?? 0);
  return isOlder ? connect(options, 4, signal) : opened;
}

async function connect(
  options: TrialOptions,
  version: 4 | 5,
  signal: AbortSignal,
): Promise<Opened> {
  signal.throwIfAborted();
  const client = mqtt.connect(options.url, clientOptions(options, version));
  // What it was doing fails then, and tells.
  client.on('error', () => undefined);
  signal.addEventListener('abort', () => {
    discard(client);
  });
  try {
    const connack = await connackOf(client);
    if (client.stream instanceof Socket) client.stream.setNoDelay(true);
    return { is: 'open', client, version, connack };
  } catch (error) {
    discard(client);
    return { is: 'refused', error };
  }
}

function connackOf(client: MqttClient): Promise<IConnackPacket> {
  return new Promise((resolve, reject) => {
    client.once('connect', resolve);
    client.once('error', reject);
    client.once('close', () => {
      reject(new Error('it ended the connection without a word'));
    });
  });
}

function clientOptions(
  { username, password, tls }: TrialOptions,
  protocolVersion: 4 | 5,
): IClientOptions {
  return {
    clientId: `b2m-doctor-${randomBytes(6).toString('hex')}`,
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    ...tls,
    protocolVersion,
    clean: true,
    connectTimeout: connect_ms,
    reconnectPeriod: 0,
    resubscribe: false,
  };
}

/** The filters that the broker does not grant. */
export function refusedFilters(client: MqttClient, filters: SubscribeFilters): Promise<string[]> {
  const names = Object.keys(filters);
  return new Promise((resolve, reject) => {
    client.subscribe(filters, (error, _granted, answer) => {
      if (answer === undefined) {
        if (error === null) resolve([]);
        else reject(error);
        return;
      }
      resolve(refusedFiltersOf(names, answer.granted as readonly unknown[]));
    });
  });
}

type SubscribeFilters = Readonly<Record<string, { qos: 0 | 1; rh?: 0 | 1 | 2 }>>;

/** Publishes with QoS 1. Undefined when the broker has taken it, else its error. */
export async function publishFault(
  client: MqttClient,
  topic: string,
  payload: string,
  more: { readonly retain?: boolean; readonly expiry_s?: number } = {},
): Promise<Error | undefined> {
  const { retain = false, expiry_s } = more;
  const properties =
    expiry_s === undefined ? {} : { properties: { messageExpiryInterval: expiry_s } };
  try {
    await client.publishAsync(topic, payload, { qos: 1, retain, ...properties });
    return undefined;
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

/** Nothing of the client is left, whatever it was doing. */
function discard(client: MqttClient): void {
  client.end(true);
  client.stream.destroy();
}

/** What the broker answered, where it did. */
export function codeOf(error: unknown): number | undefined {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'number' ? code : undefined;
}
