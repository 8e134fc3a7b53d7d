import { createHmac } from 'node:crypto';

/** The entry of a packet id: which packet last came with it. */
export interface PacketEntry {
  readonly session: string;
  readonly hash: string;
}

export interface RedeliveryOptions<W> {
  /** Keeps what a payload was from anyone who reads the store. */
  readonly key: string;
  readonly find: (packetId: number) => Promise<PacketEntry | undefined>;
  readonly write: (packetId: number, entry: PacketEntry) => W;
}

/** What a command came as. */
export interface Packet {
  readonly topic: string;
  readonly payload: Uint8Array;
  /** Not even the hash of its payload is stored: after a restart it is known by its topic alone. */
  readonly isSecret: boolean;
}

const mostInMemory = 4096;

/**
 * Tells a redelivered command (DUP) from a new one: the same packet id, topic and payload within the same session
 * at the broker. The entry is stored in the same batch as the command it came with.
 */
export class Redelivery<W> {
  readonly #options: RedeliveryOptions<W>;
  /** The newest packets: their entry may not be on the disk yet, or never come there. */
  readonly #inMemory = new Map<number, PacketEntry>();
  #session = '';

  constructor(options: RedeliveryOptions<W>) {
    this.#options = options;
  }

  /** Entries of another session are void. */
  setSession(session: string): void {
    if (session !== this.#session) this.#inMemory.clear();
    this.#session = session;
  }

  async isKnown(packetId: number, packet: Packet): Promise<boolean> {
    const held = this.#inMemory.get(packetId);
    if (held !== undefined) return held.hash === this.#hash(packet);
    const entry = await this.#options.find(packetId);
    return entry?.session === this.#session && entry.hash === this.#hash(storable(packet));
  }

  /** Takes the packet as the newest of its id. The answer goes into the command's batch. */
  enter(packetId: number, packet: Packet): W {
    const session = this.#session;
    this.#inMemory.delete(packetId);
    this.#inMemory.set(packetId, { session, hash: this.#hash(packet) });
    this.#forgetOldest();
    return this.#options.write(packetId, { session, hash: this.#hash(storable(packet)) });
  }

  /** What was refused is never stored, and must not fill the memory. */
  #forgetOldest(): void {
    const [oldest] = this.#inMemory.keys();
    if (this.#inMemory.size > mostInMemory && oldest !== undefined) this.#inMemory.delete(oldest);
  }

  #hash({ topic, payload }: Packet): string {
    return createHmac('sha256', this.#options.key)
      .update(topic)
      .update('\0')
      .update(payload)
      .digest('base64');
  }
}

const nothing = new Uint8Array();

function storable(packet: Packet): Packet {
  return packet.isSecret ? { ...packet, payload: nothing } : packet;
}
