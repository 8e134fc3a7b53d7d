import {
  DiscardPolicy,
  JetStreamApiError,
  RetentionPolicy,
  StorageType,
  jetstreamManager,
  type JetStreamManager,
} from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { StoreError } from './store.js';

export interface StreamSettings {
  /** What the names of everything in NATS begin with. */
  readonly name: string;
  readonly replicas: number;
}

export function streamOf(name: string): string {
  return `${name}_store`;
}

export function subjectOf(name: string, partition: string): string {
  return `${name}.store.${partition}`;
}

/**
 * Makes the stream of all partitions, or sets an existing one right. Any number of instances may do so at once.
 * @throws StoreError when the server has no JetStream, refuses, or does not answer.
 */
export async function prepareStream(
  connection: NatsConnection,
  { name, replicas }: StreamSettings,
): Promise<void> {
  const stream = streamOf(name);
  const wanted = { num_replicas: replicas, allow_direct: true, subjects: [`${name}.store.>`] };
  try {
    const manager = await jetstreamManager(connection);
    const found = await configurationOf(manager, stream);
    if (found === undefined) {
      await manager.streams.add({
        ...wanted,
        name: stream,
        storage: StorageType.File,
        retention: RetentionPolicy.Limits,
        // A log that is full refuses: it never forgets what is needed.
        discard: DiscardPolicy.New,
      });
    } else if (found.num_replicas !== replicas || !found.allow_direct) {
      await manager.streams.update(stream, wanted);
    }
  } catch (error) {
    throw new StoreError(`the stream ${stream} cannot be prepared: ${reasonOf(error)}`, {
      cause: error,
    });
  }
}

async function configurationOf(manager: JetStreamManager, stream: string) {
  try {
    return (await manager.streams.info(stream)).config;
  } catch (error) {
    // 10059: there is no such stream.
    if (error instanceof JetStreamApiError && error.code === 10059) return undefined;
    throw error;
  }
}

/** In words, of an error of the NATS library. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  // The library does not export this class.
  if (error.name !== 'JetStreamNotEnabled') return error.message;
  return 'JetStream does not answer: it is not enabled (nats-server -js), or not ready';
}
