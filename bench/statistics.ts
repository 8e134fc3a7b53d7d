import { setTimeout as pause } from 'node:timers/promises';

/** Named durations of one sample. */
export type Sample = Readonly<Record<string, number>>;

/** Between two steps: what the last one left behind must not run into the next one's time. */
const pause_ms = 5;

/** Of an even number of samples the mean of the middle two. */
export function median(samples: readonly number[]): number {
  const sorted = [...samples].sort((one, other) => one - other);
  const middle = sorted.slice(Math.ceil(sorted.length / 2) - 1, Math.floor(sorted.length / 2) + 1);
  if (sorted.length === 0) throw new Error('no samples');
  return middle.reduce((sum, one) => sum + one, 0) / middle.length;
}

/** The smallest sample that at least this share of them does not exceed. */
export function percentile(samples: readonly number[], share: number): number {
  const sorted = [...samples].sort((one, other) => one - other);
  const value = sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)];
  if (value === undefined) throw new Error('no samples');
  return value;
}

/**
 * Takes turns: the first step, the second, ..., the first again, so that whatever else the machine does meets all
 * of them. The first `warmUp` rounds do not count.
 */
export async function interleave(
  rounds: number,
  warmUp: number,
  steps: readonly (() => Promise<Sample>)[],
): Promise<Map<string, number[]>> {
  const samples = new Map<string, number[]>();
  for (let round = -warmUp; round < rounds; round += 1) {
    for (const step of steps) {
      await pause(pause_ms);
      const sample = await step();
      if (round < 0) continue;
      for (const [name, value] of Object.entries(sample)) {
        samples.set(name, [...(samples.get(name) ?? []), value]);
      }
    }
  }
  return samples;
}

/** Milliseconds that it took. */
export async function timed(work: () => Promise<unknown>): Promise<number> {
  const begun = performance.now();
  await work();
  return performance.now() - begun;
}
