/** A stored value with its revision, a number that grows with every write of its key. */
export interface Entry {
  readonly key: string;
  readonly value: unknown;
  readonly revision: number;
}

export type Write =
  | { readonly type: 'put'; readonly key: string; readonly value: unknown }
  | { readonly type: 'del'; readonly key: string };

export interface ListOptions {
  /** Only keys that sort behind this one: the last key of the page before. */
  readonly after?: string;
  readonly limit?: number;
  readonly newestFirst?: boolean;
}

/**
 * What must survive a restart, behind an interface narrow enough for a second engine. Values are JSON. Every
 * promise resolves when the engine has answered and rejects with a `StoreError` when it could not.
 */
export interface Store {
  get(key: string): Promise<Entry | undefined>;
  /** Entries whose key begins with `prefix`, in the order of their keys. */
  list(prefix: string, options?: ListOptions): Promise<Entry[]>;
  put(key: string, value: unknown): Promise<void>;
  /** Writes only if the key still has this revision (0: it does not exist). Answers whether it wrote. */
  putIf(key: string, value: unknown, revision: number): Promise<boolean>;
  /** All of the writes or none. Resolves when they are on the disk. */
  batch(writes: readonly Write[]): Promise<void>;
  /** Writes that may be lost in a crash: they reach the disk with the next batch, or within a second. */
  later(writes: readonly Write[]): void;
  /** Tells from now on how the disk does; of an engine that has one. */
  watch?(watcher: DiskWatcher): void;
  close(): Promise<void>;
}

/** Told of each batch that went to the disk, or did not, and of what the store did about it. */
export interface DiskWatcher {
  wrote(duration_ms: number): void;
  failed(): void;
  reopened(): void;
}

export class StoreError extends Error {
  override readonly name = 'StoreError';
}
