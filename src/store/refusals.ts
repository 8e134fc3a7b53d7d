import { v7 as uuidv7 } from 'uuid';
import { refusalSchema, type StoredRefusal } from '../vehicle/audit-entry.js';
import { readAllAs } from './read-as.js';
import type { Store, Write } from './store.js';

const prefix = 'refusal/';
/** As many places as there are in the store: the newest takes that of the oldest. */
const places = 1000;
const gather_ms = 1000;
/** What is written at once; of a flood the rest is known until the process ends. */
const mostAtOnce = 20;

/** The newest commands that were refused. Written seldom and little at a time: a flood must not wear an SD card out. */
export class Refusals {
  readonly #store: Store;
  /** Oldest first. */
  #known: StoredRefusal[];
  #place: number;
  #unwritten: StoredRefusal[] = [];
  #timer: NodeJS.Timeout | undefined;

  private constructor(store: Store, known: readonly StoredRefusal[], place: number) {
    this.#store = store;
    this.#known = [...known];
    this.#place = place;
  }

  static async open(store: Store): Promise<Refusals> {
    const stored = await readAllAs(store, prefix, refusalSchema);
    const found = [...stored].map(([place, held]) => ({ place: Number(place), held }));
    found.sort((one, other) => (one.held.key < other.held.key ? -1 : 1));
    const newest = found.at(-1);
    const next = newest === undefined ? 0 : (newest.place + 1) % places;
    return new Refusals(
      store,
      found.map(({ held }) => held),
      next,
    );
  }

  get newestFirst(): readonly StoredRefusal[] {
    return this.#known.toReversed();
  }

  note(refusal: Omit<StoredRefusal, 'key'>): void {
    const noted = { key: uuidv7(), ...refusal };
    this.#known.push(noted);
    if (this.#known.length > places) this.#known.shift();
    this.#unwritten.push(noted);
    if (this.#unwritten.length > mostAtOnce) this.#unwritten.shift();
    this.#timer ??= setTimeout(() => {
      this.flush();
    }, gather_ms);
  }

  /** Hands what has been gathered to the store. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const writes = this.#unwritten.splice(0).map((refusal): Write => {
      const key = keyOf(this.#place);
      this.#place = (this.#place + 1) % places;
      return { type: 'put', key, value: refusal };
    });
    if (writes.length > 0) this.#store.later(writes);
  }

  /** Forgets what was refused before then (epoch milliseconds). */
  async prune(before: number): Promise<void> {
    const isOld = (refusal: StoredRefusal) => Date.parse(refusal.event.at) < before;
    this.#known = this.#known.filter((one) => !isOld(one));
    const old = (await this.#store.list(prefix)).filter(({ value }) => {
      const refusal = refusalSchema.safeParse(value);
      return !refusal.success || isOld(refusal.data);
    });
    if (old.length > 0) await this.#store.batch(old.map(({ key }) => ({ type: 'del', key })));
  }
}

function keyOf(place: number): string {
  return `${prefix}${String(place).padStart(3, '0')}`;
}
