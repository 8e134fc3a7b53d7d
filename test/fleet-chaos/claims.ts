import { type JsMsg, jetstream, jetstreamManager, StorageType } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { createLogger } from '../../src/daemon/logger.js';
import { KnownSecrets } from '../../src/daemon/redaction.js';
import { FleetBucket } from '../../src/fleet/fleet-bucket.js';
import { ownerKey } from '../../src/fleet/fleet-view.js';
import type { NatsServer } from '../support/nats.js';

/** Something was given to an instance, or (undefined) given back. */
export interface Claim {
  readonly item: string;
  readonly instance: string | undefined;
  /** When NATS stored it, epoch ms. */
  readonly at: number;
}

const witness = 'witness';

/** Who owns what, and who has owned it: a mirror within NATS keeps what the fleet's own bucket overwrites. */
export class Claims {
  readonly #connection: NatsConnection;
  readonly #fleet: string;
  readonly #bucket: FleetBucket;

  private constructor(connection: NatsConnection, fleet: string, bucket: FleetBucket) {
    this.#connection = connection;
    this.#fleet = fleet;
    this.#bucket = bucket;
  }

  /** Before the first instance is started. */
  static async witness(nats: NatsServer, fleet: string): Promise<Claims> {
    const connection = await nats.connect('witness');
    const log = createLogger({ level: 'error', format: 'json', secrets: new KnownSecrets() });
    const bucket = await FleetBucket.open({
      ...{ connection, name: fleet, replicas: 1, timeout_ms: 20_000, log },
    });
    const { streams } = await jetstreamManager(connection);
    await streams.add({
      ...{ name: witness, storage: StorageType.File },
      mirror: { name: `KV_${fleet}_fleet` },
    });
    return new Claims(connection, fleet, bucket);
  }

  /** The instance that has it by the bucket; it may be dead. */
  async ownerOf(item: string): Promise<string | undefined> {
    return ownerIn((await this.#bucket.read(ownerKey(item)))?.value);
  }

  /** All of them so far, in order. */
  async all(): Promise<Claim[]> {
    const prefix = `$KV.${this.#fleet}_fleet.${ownerKey('')}`;
    const consumer = await jetstream(this.#connection).consumers.get(witness, {
      filter_subjects: `${prefix}>`,
    });
    const { num_pending: pending } = await consumer.info();
    const claims: Claim[] = [];
    while (claims.length < pending) {
      const batch = await consumer.fetch({
        max_messages: pending - claims.length,
        expires: 10_000,
      });
      for await (const message of batch) claims.push(claimOf(message, prefix));
    }
    return claims;
  }
}

function claimOf(message: JsMsg, prefix: string): Claim {
  const removed = (message.headers?.get('KV-Operation') ?? '') !== '';
  return {
    item: message.subject.slice(prefix.length),
    instance: removed ? undefined : ownerIn(message.json()),
    at: Number(message.timestampNanos / 1000n) / 1000,
  };
}

function ownerIn(value: unknown): string | undefined {
  return (value as { readonly instance?: string } | undefined)?.instance;
}
