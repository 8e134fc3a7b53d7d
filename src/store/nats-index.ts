import { SortedKeys, type KeyRange } from './key-order.js';

/** What recovery needs to know of one write in a message; without `size` the key is deleted. */
export interface RecordHead {
  readonly key: string;
  /** Bytes of key and value, about. */
  readonly size?: number;
  /** The message that wrote it first, if it was copied since. */
  readonly revision?: number;
}

export interface LoggedMessage {
  readonly sequence: number;
  /** Bytes in the stream, about. */
  readonly size: number;
  /** Of each key one. */
  readonly records: readonly RecordHead[];
}

export interface Held {
  readonly sequence: number;
  readonly revision: number;
}

interface Key {
  readonly key: string;
  /** The newest message that writes the key. */
  newest: Message;
  revision: number;
  size: number;
  isDeleted: boolean;
  /** How many older messages that still exist have a value of it. */
  older: number;
}

interface Message {
  readonly sequence: number;
  readonly size: number;
  readonly hasDeletions: boolean;
  /** The keys of which it has a value, the newest or not. */
  readonly values: Key[];
  /** How many of its records are needed still. */
  live: number;
}

/** Room that a log may waste whatever it holds. */
const allowance_bytes = 64 * 1024;
/** Sealed text is base64. */
const sealedPerByte = 4 / 3;

/**
 * Where in the log of one partition the newest value of each key is, and which messages nobody needs any more. A
 * deletion is needed as long as an older message with a value of its key exists: without it that value would be
 * back at the next opening.
 *
 * Another opener may be reading the log already while this one still deletes. It must never read the older message
 * and then, that one being gone meanwhile, miss the deletion. So a message with deletions is deleted only when a
 * message was stored here that was published after the older one was gone: then nobody had opened the log until
 * then, and whoever does so now reads it without the older message.
 */
export class LogIndex {
  readonly #keys = new Map<string, Key>();
  readonly #sorted = new SortedKeys();
  /** Those that exist, oldest first. */
  readonly #messages = new Map<number, Message>();
  readonly #dead = new Set<number>();
  /** Dead messages with deletions: since the last turn, and since the one before. */
  #youngDead: number[] = [];
  #settlingDead: number[] = [];
  #turned_ms = -Infinity;
  readonly #lag_ms: number;
  #newest: Message | undefined;
  #total_bytes = 0;
  #live_bytes = 0;

  /** By `lag_ms` a replica of the server may be behind the others, at most. */
  constructor({ lag_ms }: { readonly lag_ms: number }) {
    this.#lag_ms = lag_ms;
  }

  /** The message was stored by this opener, on top of all that were applied before. */
  applyOwn(message: LoggedMessage, now_ms: number): void {
    this.apply(message);
    if (now_ms - this.#turned_ms < this.#lag_ms) return;
    this.#turned_ms = now_ms;
    // It may have been published before the youngest of these were dead: they wait for the next one.
    for (const sequence of this.#settlingDead) this.#dead.add(sequence);
    this.#settlingDead = this.#youngDead;
    this.#youngDead = [];
  }

  /** The message behind all that were applied before. */
  apply({ sequence, size, records }: LoggedMessage): void {
    const hasDeletions = records.some((record) => record.size === undefined);
    const message: Message = { sequence, size, hasDeletions, values: [], live: 0 };
    const before = this.#newest;
    this.#newest = message;
    this.#messages.set(sequence, message);
    this.#total_bytes += size;
    for (const record of records) {
      if (record.size === undefined) this.#delete(record.key, message);
      else this.#put(record.key, record.size, record.revision ?? sequence, message);
    }
    if (before !== undefined) this.#noteIfDead(before);
  }

  find(key: string): Held | undefined {
    const held = this.#keys.get(key);
    if (held === undefined || held.isDeleted) return undefined;
    return { sequence: held.newest.sequence, revision: held.revision };
  }

  list(prefix: string, range: KeyRange): string[] {
    return this.#sorted.list(prefix, range);
  }

  /** The messages that can be deleted; each is told once, until `giveBack`. */
  takeDead(): number[] {
    const dead = [...this.#dead];
    this.#dead.clear();
    return dead;
  }

  giveBack(sequence: number): void {
    this.#dead.add(sequence);
  }

  /** The message does not exist any more, for certain. */
  forget(sequence: number): void {
    const message = this.#messages.get(sequence);
    if (message === undefined) return;
    this.#messages.delete(sequence);
    for (const held of message.values) {
      held.older -= 1;
      if (held.isDeleted && held.older === 0) this.#forgetKey(held);
    }
  }

  /** Much more lies in the stream than is needed. */
  get isWasteful(): boolean {
    return this.#total_bytes > 2 * sealedPerByte * this.#live_bytes + allowance_bytes;
  }

  /** The oldest messages with values that are needed, about so many bytes of them, and the keys of those. */
  oldest(most_bytes: number): { readonly sequence: number; readonly keys: readonly string[] }[] {
    const found: { sequence: number; keys: string[] }[] = [];
    let bytes = 0;
    for (const message of this.#messages.values()) {
      if (bytes >= most_bytes) break;
      const needed = message.values.filter((held) => isNeeded(held, message));
      if (needed.length === 0) continue;
      found.push({ sequence: message.sequence, keys: needed.map(({ key }) => key) });
      for (const { size } of needed) bytes += size;
    }
    return found;
  }

  #put(key: string, size: number, revision: number, message: Message): void {
    const held = this.#keys.get(key);
    message.live += 1;
    this.#live_bytes += size;
    if (held === undefined) {
      const made = { key, newest: message, revision, size, isDeleted: false, older: 0 };
      this.#keys.set(key, made);
      this.#sorted.add(key);
      message.values.push(made);
      return;
    }
    this.#supersede(held);
    if (held.isDeleted) this.#sorted.add(key);
    Object.assign(held, { newest: message, revision, size, isDeleted: false });
    message.values.push(held);
  }

  #delete(key: string, message: Message): void {
    const held = this.#keys.get(key);
    if (held === undefined) return;
    this.#supersede(held);
    if (!held.isDeleted) this.#sorted.delete(key);
    Object.assign(held, { newest: message, size: 0, isDeleted: true });
    message.live += 1;
  }

  /** What the key's newest message says of it is not needed any more. */
  #supersede(held: Key): void {
    if (!held.isDeleted) held.older += 1;
    this.#live_bytes -= held.size;
    held.newest.live -= 1;
    this.#noteIfDead(held.newest);
  }

  #forgetKey(held: Key): void {
    this.#keys.delete(held.key);
    held.newest.live -= 1;
    this.#noteIfDead(held.newest);
  }

  /** The newest message is what the next write is fenced by: it stays. */
  #noteIfDead(message: Message): void {
    if (message.live > 0 || message === this.#newest) return;
    this.#total_bytes -= message.size;
    if (message.hasDeletions) this.#youngDead.push(message.sequence);
    else this.#dead.add(message.sequence);
  }
}

function isNeeded(held: Key, message: Message): boolean {
  return held.newest === message && !held.isDeleted;
}
