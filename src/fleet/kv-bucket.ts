import { jetstream, jetstreamManager, StorageType } from '@nats-io/jetstream';
import { Kvm, type KV } from '@nats-io/kv';
import type { NatsConnection } from '@nats-io/transport-node';
import type { Logger } from '../daemon/logger.js';

export interface KvBucketOptions {
  readonly connection: NatsConnection;
  readonly bucket: string;
  readonly replicas: number;
  /** How long one answer of the server is waited for. */
  readonly timeout_ms: number;
  readonly log: Logger;
}

/** A bucket of newest values, made where there is none. Rejects while JetStream cannot be reached. */
export async function openKvBucket(options: KvBucketOptions): Promise<KV> {
  const { connection, bucket, replicas, timeout_ms, log } = options;
  const kv = await new Kvm(jetstream(connection, { timeout: timeout_ms })).create(bucket, {
    ...{ replicas, history: 1, storage: StorageType.File },
    // A replica that lags would tell of a revision that is no longer the newest.
    allow_direct: false,
  });
  const kept = await kv.status();
  if (kept.replicas === replicas) return kv;
  // An operator may have changed the setting since the bucket was made.
  try {
    const { streams } = await jetstreamManager(connection, { timeout: timeout_ms });
    await streams.update(`KV_${bucket}`, { num_replicas: replicas });
  } catch (err) {
    log.warn({ err, bucket, replicas: kept.replicas, wanted: replicas }, 'NATS keeps other copies');
  }
  return kv;
}
