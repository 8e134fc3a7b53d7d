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

  /** All of them so far, in order. What an instance had is nobody's from the end of its membership on. */
  async all(): Promise<Claim[]> {
    const prefix = `$KV.${this.#fleet}_fleet.`;
    const consumer = await jetstream(this.#connection).consumers.get(witness);
    const { num_pending: pending } = await consumer.info();
    const history = new History();
    for (let left = pending; left > 0;) {
      const batch = await consumer.fetch({ max_messages: left, expires: 10_000 });
      for await (const message of batch) {
        history.add(message.subject.slice(prefix.length), recordIn(message), timeOf(message));
        left -= 1;
      }
    }
    return history.claims;
  }
}

interface Owner {
  readonly instance: string;
  readonly incarnation: string;
}

class History {
  readonly claims: Claim[] = [];
  readonly #owners = new Map<string, Owner>();

  add(key: string, record: unknown, at: number): void {
    const [kind] = key.split('.', 1);
    const name = key.slice(key.indexOf('.') + 1);
    if (kind === 'owner') this.#owned(name, record as Owner | undefined, at);
    if (kind === 'instance') this.#beaten(name, record as Owner | undefined, at);
  }

  #owned(item: string, owner: Owner | undefined, at: number): void {
    this.claims.push({ item, instance: owner?.instance, at });
    if (owner === undefined) this.#owners.delete(item);
    else this.#owners.set(item, owner);
  }

  #beaten(instance: string, record: Pick<Owner, 'incarnation'> | undefined, at: number): void {
    for (const [item, owner] of this.#owners) {
      if (owner.instance !== instance || owner.incarnation === record?.incarnation) continue;
      this.#owned(item, undefined, at);
    }
  }
}

function recordIn(message: JsMsg): unknown {
  const isRemoved = (message.headers?.get('KV-Operation') ?? '') !== '';
  return isRemoved ? undefined : message.json();
}

function timeOf(message: JsMsg): number {
  return Number(message.timestampNanos / 1000n) / 1000;
}

function ownerIn(value: unknown): string | undefined {
  return (value as Owner | undefined)?.instance;
}
