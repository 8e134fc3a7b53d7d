interface Watched {
  readonly revision: number;
  readonly silent_ms: number;
}

/**
 * How long instances have not beaten, by the own beats: time in which this instance was cut off itself counts for
 * nobody's silence, so that it judges nobody for its own outage.
 */
export class Silence {
  readonly #ttl_ms: number;
  #watched = new Map<string, Watched>();

  constructor(ttl_ms: number) {
    this.#ttl_ms = ttl_ms;
  }

  /** After an own beat, `passed_ms` after the one before: those that have been silent for too long. */
  note(
    instances: Iterable<readonly [name: string, revision: number]>,
    passed_ms: number,
  ): string[] {
    const watched = new Map<string, Watched>();
    for (const [name, revision] of instances) {
      const before = this.#watched.get(name);
      const silent_ms = before?.revision === revision ? before.silent_ms + passed_ms : 0;
      watched.set(name, { revision, silent_ms });
    }
    this.#watched = watched;
    return [...watched]
      .filter(([, { silent_ms }]) => silent_ms >= this.#ttl_ms)
      .map(([name]) => name);
  }
}
