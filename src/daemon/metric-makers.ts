import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

export type Labels = Readonly<Record<string, string>>;

const prefix = 'bluelink2mqtt_';

/** What every metric is made with: the prefix, the registry, and zeros for all that can be counted from the start. */
export function createMetricMakers(registry: Registry) {
  const registers = [registry];

  return {
    /** `known`: the values that its labels can have; shown as 0, so that the first event is an increase. */
    counter<T extends string>(name: string, help: string, known: Known<T> = {} as Known<T>) {
      const labelNames = Object.keys(known) as T[];
      const made = new Counter({ name: prefix + name, help, labelNames, registers });
      for (const labels of combinationsOf(known)) made.inc(labels, 0);
      return made;
    },

    /** Of labels with too many values to show them all as 0. */
    sparseCounter<T extends string>(name: string, help: string, labelNames: readonly T[]) {
      return new Counter({ name: prefix + name, help, labelNames: [...labelNames], registers });
    },

    histogram<T extends string>(
      name: string,
      help: string,
      { buckets, labelNames = [] }: { buckets: readonly number[]; labelNames?: readonly T[] },
    ) {
      return new Histogram({
        name: prefix + name,
        help,
        labelNames: [...labelNames],
        buckets: [...buckets],
        registers,
      });
    },

    gauge<T extends string>(name: string, help: string, known: Known<T>) {
      const labelNames = Object.keys(known) as T[];
      const made = new Gauge({ name: prefix + name, help, labelNames, registers });
      for (const labels of combinationsOf(known)) made.set(labels, 0);
      return made;
    },

    /** A figure that is asked for whenever somebody reads the metrics. */
    pull(name: string, help: string, value: () => number): void {
      new Gauge({
        name: prefix + name,
        help,
        registers,
        collect() {
          this.set(value());
        },
      });
    },

    /** The same with labels. What has no value at the moment is not shown. */
    pullEach(
      name: string,
      help: string,
      labelNames: readonly string[],
      values: () => readonly (readonly [Labels, number | null | undefined])[],
    ): void {
      new Gauge({
        name: prefix + name,
        help,
        labelNames: [...labelNames],
        registers,
        collect() {
          this.reset();
          for (const [labels, value] of values()) if (value != null) this.set(labels, value);
        },
      });
    },

    /** A count that something else keeps. */
    pullCounter(name: string, help: string, total: () => number): void {
      new Counter({
        name: prefix + name,
        help,
        registers,
        collect() {
          this.reset();
          this.inc(total());
        },
      });
    },
  };
}

export type MetricMakers = ReturnType<typeof createMetricMakers>;

type Known<T extends string> = Readonly<Record<T, readonly string[]>>;

/** Every combination of the values that labels can have; none without labels. */
function combinationsOf<T extends string>(known: Known<T>): Record<T, string>[] {
  const names = Object.keys(known) as T[];
  if (names.length === 0) return [];
  return names.reduce<Record<T, string>[]>(
    (before, name) =>
      before.flatMap((labels) => known[name].map((value) => ({ ...labels, [name]: value }))),
    [{} as Record<T, string>],
  );
}

/** A label's value; what is none of the known words is `unknown`, so that no label grows without end. */
export function knownWord(words: readonly string[], word: string | null | undefined): string {
  return words.find((one) => one === word) ?? 'unknown';
}
