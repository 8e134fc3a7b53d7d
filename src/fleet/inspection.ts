import {
  AckPolicy,
  JetStreamApiCodes,
  JetStreamApiError,
  jetstreamManager,
  type JetStreamManager,
} from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import type { Cipher } from '../store/cipher.js';
import { reasonOf, streamOf } from '../store/nats-stream.js';
import { StoreError } from '../store/store.js';
import { placeOfAccount } from './account-list.js';
import { placeOfCars } from './directory.js';
import { openJson } from './envelope.js';

/** A stream that the fleet needs, as somebody finds it who changes nothing. */
export interface InspectedStream {
  readonly stream: string;
  readonly is: 'there' | 'not yet' | 'refused';
  readonly replicas?: number;
  readonly reason?: string;
}

/** Whether the key opens what is stored; `nothing` where there is nothing to try it on. */
export type KeyStanding =
  | { readonly is: 'fits' }
  | { readonly is: 'nothing' }
  | { readonly is: 'does not fit'; readonly reason: string };

export interface FleetInspection {
  readonly streams: readonly InspectedStream[];
  readonly key: KeyStanding;
  /** By how much the clock here is ahead of the server's; undefined where no stream is there to ask. */
  readonly ahead_ms: number | undefined;
}

export interface InspectionOptions {
  readonly connection: NatsConnection;
  /** Of the fleet. */
  readonly name: string;
  readonly cipher: Cipher;
  readonly timeout_ms: number;
}

/**
 * Looks at what a fleet keeps in NATS. Makes and changes nothing but a consumer, which is gone again.
 * @throws StoreError where there is no JetStream for this user.
 */
export async function inspectFleet(options: InspectionOptions): Promise<FleetInspection> {
  const { connection, name, timeout_ms } = options;
  const manager = await managerOf(connection, timeout_ms);
  const names = [
    streamOf(name),
    ...['fleet', 'accounts', 'cars'].map((one) => bucketOf(name, one)),
  ];
  const streams = await Promise.all(names.map((stream) => inspectStream(manager, stream)));
  const there = streams.filter(({ is }) => is === 'there').map(({ stream }) => stream);
  const [first] = there;
  return {
    streams,
    key: await inspectKey(manager, options, there),
    ahead_ms: first === undefined ? undefined : await clockAhead(manager, first),
  };
}

function bucketOf(name: string, bucket: string): string {
  return `KV_${name}_${bucket}`;
}

async function managerOf(connection: NatsConnection, timeout: number): Promise<JetStreamManager> {
  try {
    return await jetstreamManager(connection, { timeout });
  } catch (error) {
    throw new StoreError(reasonOf(error), { cause: error });
  }
}

async function inspectStream(manager: JetStreamManager, stream: string): Promise<InspectedStream> {
  try {
    const { config } = await manager.streams.info(stream);
    return { stream, is: 'there', replicas: config.num_replicas };
  } catch (error) {
    const isMissing =
      error instanceof JetStreamApiError && error.code === JetStreamApiCodes.StreamNotFound;
    if (isMissing) return { stream, is: 'not yet' };
    return { stream, is: 'refused', reason: reasonOf(error) };
  }
}

/** On what was written last of the accounts and of the cars. */
async function inspectKey(
  manager: JetStreamManager,
  { name, cipher }: InspectionOptions,
  there: readonly string[],
): Promise<KeyStanding> {
  const kinds = [
    ['accounts', placeOfAccount],
    ['cars', placeOfCars],
  ] as const;
  let standing: KeyStanding = { is: 'nothing' };
  for (const [bucket, placeOf] of kinds) {
    const stream = bucketOf(name, bucket);
    if (!there.includes(stream)) continue;
    const prefix = `$KV.${name}_${bucket}.`;
    const last = await lastOf(manager, stream, `${prefix}>`);
    if (last === undefined || last.data.length === 0) continue;
    try {
      await openJson(cipher, last.data, placeOf(last.subject.slice(prefix.length)));
      standing = { is: 'fits' };
    } catch (error) {
      return { is: 'does not fit', reason: reasonOf(error) };
    }
  }
  return standing;
}

async function lastOf(manager: JetStreamManager, stream: string, subject: string) {
  try {
    return (await manager.streams.getMessage(stream, { last_by_subj: subject })) ?? undefined;
  } catch (error) {
    // There is no such message.
    if (error instanceof JetStreamApiError) return undefined;
    throw error;
  }
}

/** The server says when it has made a consumer. Half of the way there and back is the error at most. */
async function clockAhead(manager: JetStreamManager, stream: string): Promise<number | undefined> {
  const before = Date.now();
  try {
    const { name, created } = await manager.consumers.add(stream, {
      ack_policy: AckPolicy.None,
      inactive_threshold: 10_000_000_000,
    });
    const middle = (before + Date.now()) / 2;
    await manager.consumers.delete(stream, name);
    return middle - Date.parse(created);
  } catch (error) {
    throw new StoreError(`the stream ${stream} cannot be read: ${reasonOf(error)}`, {
      cause: error,
    });
  }
}
