/** In the order of the bytes of their UTF-8, which is the order of their characters' numbers. */
export function compareKeys(one: string, other: string): number {
  const shorter = Math.min(one.length, other.length);
  for (let place = 0; place < shorter; place += 1) {
    const unit = one.charCodeAt(place);
    const otherUnit = other.charCodeAt(place);
    if (unit !== otherUnit) return rankOf(unit) - rankOf(otherUnit);
  }
  return one.length - other.length;
}

/** Surrogates stand for characters behind all that need one unit only. */
function rankOf(unit: number): number {
  if (unit < 0xd800) return unit;
  return unit < 0xe000 ? unit + 0x2000 : unit - 0x800;
}

export interface KeyRange {
  readonly after?: string;
  readonly limit?: number;
  readonly newestFirst?: boolean;
}

/** Below this many it is quicker to put each new key in its place than to sort all. */
const few = 32;

/** A set of keys that can be listed in order. */
export class SortedKeys {
  #sorted: string[] = [];
  readonly #added = new Set<string>();

  /** A key that is not in it. */
  add(key: string): void {
    this.#added.add(key);
  }

  delete(key: string): void {
    if (this.#added.delete(key)) return;
    const place = this.#firstNotBefore(key);
    if (this.#sorted[place] === key) this.#sorted.splice(place, 1);
  }

  list(prefix: string, { after, limit, newestFirst = false }: KeyRange): string[] {
    this.#settle();
    let from = this.#firstNotBefore(prefix);
    let to = this.#first((key) => !key.startsWith(prefix), from);
    if (after !== undefined && newestFirst) {
      to = Math.min(to, Math.max(from, this.#firstNotBefore(after)));
    } else if (after !== undefined) {
      const behind = this.#first((key) => compareKeys(key, after) > 0, 0);
      from = Math.min(to, Math.max(from, behind));
    }
    const count = Math.min(to - from, limit ?? Infinity);
    if (!newestFirst) return this.#sorted.slice(from, from + count);
    return this.#sorted.slice(to - count, to).reverse();
  }

  #settle(): void {
    if (this.#added.size > few) {
      this.#sorted = this.#sorted.concat([...this.#added]).sort(compareKeys);
    } else {
      for (const key of this.#added) this.#sorted.splice(this.#firstNotBefore(key), 0, key);
    }
    this.#added.clear();
  }

  #firstNotBefore(key: string): number {
    return this.#first((one) => compareKeys(one, key) >= 0, 0);
  }

  /** The place of the first key from `from` on for which this is true, as it is for all behind it. */
  #first(isTrue: (key: string) => boolean, from: number): number {
    let low = from;
    let high = this.#sorted.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (isTrue(this.#sorted[middle] ?? '')) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}
