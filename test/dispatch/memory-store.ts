import { StoreError, type Entry, type Store, type Write } from '../../src/store/store.js';

/** A store in memory that the test can make fail or hang. What hangs is written when it is told to go on. */
export class MemoryStore implements Store {
  readonly entries = new Map<string, unknown>();
  mode: 'works' | 'fails' | 'hangs' = 'works';
  writes = 0;
  readonly #hanging: (() => void)[] = [];

  goOn(): void {
    this.mode = 'works';
    for (const write of this.#hanging.splice(0)) write();
  }

  keys(part: string): string[] {
    return [...this.entries.keys()].filter((key) => key.includes(part)).sort();
  }

  get(key: string): Promise<Entry | undefined> {
    if (this.mode === 'fails') return Promise.reject(new StoreError('the test says no'));
    const value = this.entries.get(key);
    return Promise.resolve(value === undefined ? undefined : { key, value, revision: 1 });
  }

  list(prefix: string): Promise<Entry[]> {
    const keys = [...this.entries.keys()].filter((key) => key.startsWith(prefix)).sort();
    return Promise.resolve(keys.map((key) => ({ key, value: this.entries.get(key), revision: 1 })));
  }

  put(key: string, value: unknown): Promise<void> {
    return this.batch([{ type: 'put', key, value }]);
  }

  async putIf(key: string, value: unknown): Promise<boolean> {
    await this.put(key, value);
    return true;
  }

  batch(writes: readonly Write[]): Promise<void> {
    this.writes += 1;
    const write = (): void => {
      for (const one of writes) {
        if (one.type === 'del') this.entries.delete(one.key);
        else this.entries.set(one.key, structuredClone(one.value));
      }
    };
    if (this.mode === 'fails') return Promise.reject(new StoreError('the test says no'));
    if (this.mode === 'hangs') {
      return new Promise((resolve) => {
        this.#hanging.push(() => {
          write();
          resolve();
        });
      });
    }
    write();
    return Promise.resolve();
  }

  later(writes: readonly Write[]): void {
    void this.batch(writes).catch(() => undefined);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
