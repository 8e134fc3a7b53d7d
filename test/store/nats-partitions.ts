import { randomBytes } from 'node:crypto';
import type { NatsConnection } from '@nats-io/transport-node';
import { createCipher } from '../../src/store/cipher.js';
import { openNatsStore, type NatsStoreOptions } from '../../src/store/nats-store.js';
import { prepareStream } from '../../src/store/nats-stream.js';
import type { Store } from '../../src/store/store.js';
import { startNats, type NatsServer } from '../support/nats.js';

export const fleet = 'fleet';
export const key = randomBytes(32);
export const cipher = createCipher({ current: key });

/** One server, and any number of partitions on it. Called from `beforeAll`, or from a test. */
export class Partitions {
  readonly nats: NatsServer;
  readonly connection: NatsConnection;
  #made = 0;

  private constructor(nats: NatsServer, connection: NatsConnection) {
    this.nats = nats;
    this.connection = connection;
  }

  static async start(): Promise<Partitions> {
    const nats = await startNats();
    const connection = await nats.connect();
    await prepareStream(connection, { name: fleet, replicas: 1 });
    return new Partitions(nats, connection);
  }

  newName(): string {
    this.#made += 1;
    return `account.a${this.#made}`;
  }

  open(partition: string, others: Partial<NatsStoreOptions> = {}): Promise<Store> {
    return openNatsStore({
      connection: this.connection,
      name: fleet,
      partition,
      cipher,
      onDeposed: () => undefined,
      ...others,
    });
  }
}
