import { z } from 'zod';
import type { BucketEntry } from './fleet-bucket.js';

// Not strict: a newer instance may say more than an older one knows.
const instanceSchema = z.object({
  /** Of one membership: no two ever have the same. */
  incarnation: z.string(),
  /** When it joined, by its own wall clock. */
  since: z.string(),
  version: z.string(),
  /** It gives back what it has and wants nothing more. */
  isLeaving: z.boolean(),
});

const ownerSchema = z.object({ instance: z.string(), incarnation: z.string() });

export type InstanceRecord = z.infer<typeof instanceSchema>;
export type OwnerRecord = z.infer<typeof ownerSchema>;

export interface Seen<T> {
  readonly revision: number;
  /** Undefined where nothing is there any more. */
  readonly record: T | undefined;
}

export const instanceKey = (instance: string): string => `instance.${instance}`;
export const ownerKey = (item: string): string => `owner.${item}`;

export function readInstance(value: unknown): InstanceRecord | undefined {
  return instanceSchema.safeParse(value).data;
}

/** What the bucket holds, as far as it has been told. Any state of it is one that the bucket was in. */
export class FleetView {
  readonly #instances = new Map<string, Seen<InstanceRecord>>();
  readonly #owners = new Map<string, Seen<OwnerRecord>>();

  /** What is older than what is known changes nothing. */
  apply({ key, revision, value }: BucketEntry): void {
    const dot = key.indexOf('.');
    const name = key.slice(dot + 1);
    if (key.slice(0, dot) === 'instance') {
      note(this.#instances, name, { revision, record: readInstance(value) });
    } else if (key.slice(0, dot) === 'owner') {
      note(this.#owners, name, { revision, record: ownerSchema.safeParse(value).data });
    }
  }

  /** Those that are alive, by name. */
  *instances(): Generator<[name: string, revision: number, record: InstanceRecord]> {
    for (const [name, { revision, record }] of this.#instances) {
      if (record !== undefined) yield [name, revision, record];
    }
  }

  instance(name: string): Seen<InstanceRecord> | undefined {
    return this.#instances.get(name);
  }

  owner(item: string): Seen<OwnerRecord> | undefined {
    return this.#owners.get(item);
  }

  owners(): IterableIterator<[item: string, seen: Seen<OwnerRecord>]> {
    return this.#owners.entries();
  }

  /** The instance that owns the item. One whose incarnation has ended owns nothing. */
  ownerOf(item: string): string | undefined {
    const record = this.#owners.get(item)?.record;
    if (record === undefined) return undefined;
    const { instance, incarnation } = record;
    const isAlive = this.#instances.get(instance)?.record?.incarnation === incarnation;
    return isAlive ? instance : undefined;
  }
}

function note<T>(known: Map<string, Seen<T>>, name: string, seen: Seen<T>): void {
  const before = known.get(name)?.revision ?? 0;
  if (seen.revision > before) known.set(name, seen);
}
