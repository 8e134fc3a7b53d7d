import { fit } from './fit.js';
import type { Held } from './sample.js';

export interface Sample {
  /** Hours since the first one. */
  readonly at_h: number;
  /** Accepted so far. */
  readonly commands: number;
  /** Threads that were terminated from outside so far. */
  readonly terminated: number;
  readonly held: Held;
}

export type FigureName = keyof Held;

export interface Finding {
  readonly figure: FigureName;
  readonly mean: number;
  /** By how much the fitted line goes up over the samples that count, and what of it may be chance. */
  readonly rise: number;
  readonly doubt: number;
  readonly allowed: number;
  readonly per: string;
  readonly isFlat: boolean;
}

/** How much a figure's line may rise over a whole run, however long that is: the longer, the smaller a leak is found. */
const allowed: Readonly<Record<Exclude<FigureName, 'rss_MB' | 'store_MB' | 'defunct'>, number>> = {
  // What is remembered of the newest commands is as large as they happen to be: some 0.5 MB to and fro.
  heap_MB: 2,
  external_MB: 1,
  buffer_MB: 1,
  // Timers among them, and some always wait: for an idle thread, a delay, what is read soon.
  resources: 8,
  fds: 3,
  threads: 2,
  children: 1,
  listeners: 6,
  clients: 1,
  emitters: 20,
  signals: 20,
};

/** The collector gives room back when it likes: this much more or less says nothing. */
const residentShare = 0.2;
/** A journalled command with its steps and its answer's address; the log is kept for 90 days, so it grows. */
const storedPerCommand_bytes = 4096;
const leastSamples = 5;

/** Of the samples after the warm-up, figure by figure. */
export function findings(samples: readonly Sample[]): Finding[] {
  if (samples.length < leastSamples) {
    throw new RangeError(`${String(samples.length)} samples say nothing: a longer run is needed`);
  }
  const names = Object.keys(samples[0]?.held ?? {}) as FigureName[];
  return names.map((figure) => findingOf(figure, samples));
}

function findingOf(figure: FigureName, samples: readonly Sample[]): Finding {
  const values = samples.map(({ held }) => held[figure]);
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const { rise, doubt } = fit(samples.map(({ at_h, held }) => [at_h, held[figure]] as const));
  const most = mostRise(figure, mean, samples);
  // Both: a rise that is too much, and that is no chance.
  const isFlat = rise <= most || rise <= doubt;
  return { figure, mean, rise, doubt, allowed: most, per: reasonOf(figure), isFlat };
}

function mostRise(figure: FigureName, mean: number, samples: readonly Sample[]): number {
  const [first, last] = [samples[0], samples.at(-1)];
  const risen = (of: (sample: Sample) => number): number =>
    first === undefined || last === undefined ? 0 : of(last) - of(first);
  switch (figure) {
    case 'rss_MB':
      return mean * residentShare;
    case 'store_MB':
      return 1 + (risen(({ commands }) => commands) * storedPerCommand_bytes) / 2 ** 20;
    case 'defunct':
      // The process of a thread that was terminated is waited for by nobody.
      return 1 + risen(({ terminated }) => terminated);
    default:
      return allowed[figure];
  }
}

function reasonOf(figure: FigureName): string {
  if (figure === 'rss_MB') return '20 % of its mean';
  if (figure === 'store_MB') return '4 KiB a command';
  return figure === 'defunct' ? 'one a terminated thread' : '';
}

/** The findings as a table of Markdown. */
export function table(found: readonly Finding[]): string {
  const rows = found.map(({ figure, mean, rise, doubt, allowed: most, per, isFlat }) => [
    figure,
    number(mean),
    `${number(rise)} ± ${number(doubt)}`,
    `${number(most)}${per === '' ? '' : ` (${per})`}`,
    isFlat ? 'flat' : 'GROWS',
  ]);
  const lines = [['figure', 'mean', 'rise', 'allowed', ''], ...rows].map(
    (words) => `| ${words.join(' | ')} |`,
  );
  return [lines[0], '|---|---|---|---|---|', ...lines.slice(1)].join('\n');
}

function number(value: number): string {
  return value.toFixed(Math.abs(value) < 100 ? 2 : 0);
}
