import { lifeCycleEventSchema } from '../../src/vehicle/life-cycle.js';
import type { Evidence } from './evidence.js';
import type { Outcome } from './run.js';

/** Adds up what runs came to. */
export class Tally {
  readonly #endings = new Map<string, number>();
  readonly #faults = new Map<string, number>();
  #commands = 0;
  #executions = 0;

  add({ lives, faults, executions }: Pick<Outcome, 'lives' | 'faults' | 'executions'>): void {
    this.#commands += lives.length;
    this.#executions += executions.cloud + executions.simulated;
    for (const { ending } of lives) {
      const how = [ending?.status ?? 'no ending', ending?.code, ending?.outcome].filter(Boolean);
      increase(this.#endings, how.join(' '), 1);
    }
    for (const [kind, count] of faults) increase(this.#faults, kind, count);
  }

  table(): string {
    const faults = [...this.#faults.values()].reduce((sum, count) => sum + count, 0);
    return [
      ...rows(`commands by ending`, this.#commands, this.#endings),
      '',
      ...rows('faults by kind', faults, this.#faults),
      '',
      `executed by cars: ${String(this.#executions)}`,
    ].join('\n');
  }
}

function increase(counts: Map<string, number>, key: string, by: number): void {
  counts.set(key, (counts.get(key) ?? 0) + by);
}

function rows(heading: string, sum: number, counts: ReadonlyMap<string, number>): string[] {
  const sorted = [...counts].sort(([, one], [, other]) => other - one);
  const width = Math.max(heading.length, ...sorted.map(([key]) => key.length));
  return [[heading, sum] as const, ...sorted].map(
    ([key, count]) => `${key.padEnd(width)} ${String(count).padStart(6)}`,
  );
}

type Explained = Pick<Outcome, 'seed' | 'violations'> & {
  readonly evidence: Omit<Evidence, 'simulated'>;
};

/** Each violation, with the whole history of its command. */
export function explained({ seed, violations, evidence }: Explained): string[] {
  const { recorded, journal, asked, executions, effects } = evidence;
  return violations.map(({ id, says }) => {
    if (id === null) return `seed ${String(seed)}: ${says}`;
    const events = recorded
      .filter(({ topic }) => topic.endsWith('/result'))
      .filter(({ payload }) => lifeCycleEventSchema.parse(JSON.parse(payload)).id === id)
      .map(({ payload }) => `  said      ${payload}`);
    const meant = asked.filter((one) => one.id === id);
    const deeds = executions.filter(({ vehicle }) => meant.some((one) => one.vehicle === vehicle));
    return [
      `seed ${String(seed)}: ${says}`,
      ...meant.map((one) => `  asked     ${JSON.stringify(one)}`),
      ...events,
      ...journal.filter((one) => one.id === id).map((one) => `  journal   ${JSON.stringify(one)}`),
      ...effects
        .filter((one) => one.command_id === id)
        .map((one) => `  simulator ${JSON.stringify(one)}`),
      ...deeds
        .filter(({ deed }) => meant.some((one) => one.deed?.split(' ')[0] === deed.split(' ')[0]))
        .map((one) => `  car did   ${new Date(one.at).toISOString()} ${one.vehicle} ${one.deed}`),
    ].join('\n');
  });
}
