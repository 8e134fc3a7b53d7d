import { performance } from 'node:perf_hooks';
import { knownWord, type MetricMakers } from './metric-makers.js';

/** What can stand in the labels about commands. */
export interface CommandWords {
  readonly commands: readonly string[];
  readonly endings: readonly string[];
  readonly codes: readonly string[];
  readonly decisions: readonly string[];
}

/** A step of a command as its events tell it. */
export interface CommandStep {
  readonly id: string;
  readonly seq: number;
  readonly vehicle: string | null;
  readonly command: string | null;
  readonly status: string;
  readonly code?: string | undefined;
  readonly decision?: string | undefined;
  readonly queued_ms?: number | undefined;
}

const buckets_s = [0.005, 0.01, 0.05, 0.1, 0.5, 1, 2, 5, 10, 30, 60, 120, 300, 900];

/** Counts and times commands by their steps, one after the other. */
export function addCommandMetrics(make: MetricMakers, words: CommandWords) {
  const commands = make.sparseCounter('commands_total', 'Commands by name and by how they ended', [
    'command',
    'status',
  ]);
  const refusals = make.counter(
    'command_refusals_total',
    'Commands that were rejected, by the code of the refusal',
    { code: words.codes },
  );
  const failures = make.counter(
    'command_failures_total',
    'Commands that were accepted and failed, by the code of the failure',
    { code: words.codes },
  );
  const decisions = make.counter(
    'refresh_decisions_total',
    'Refreshes in the mode smart, by why they woke the car or did not',
    { decision: words.decisions },
  );
  const wait = make.histogram(
    'command_wait_seconds',
    'From the arrival of a command to its start',
    {
      buckets: buckets_s,
    },
  );
  const duration = make.histogram(
    'command_duration_seconds',
    'From the acceptance of a command to its ending',
    { buckets: buckets_s, labelNames: ['command'] },
  );
  /** Accepted since the start and not ended. */
  const open = new Map<string, { readonly since: number; hasBegun: boolean }>();

  function ended(step: CommandStep): void {
    const { code, decision, seq, status } = step;
    const command = knownWord(words.commands, step.command);
    commands.inc({ command, status: knownWord(words.endings, status) });
    if (status === 'rejected') refusals.inc({ code: knownWord(words.codes, code) });
    if (status === 'failed') failures.inc({ code: knownWord(words.codes, code) });
    if (decision !== undefined) decisions.inc({ decision: knownWord(words.decisions, decision) });
    // A refusal is no part of the life of the command that has its id.
    if (seq === 0) return;
    const one = open.get(keyOf(step));
    if (one === undefined) return;
    open.delete(keyOf(step));
    duration.observe({ command }, (performance.now() - one.since) / 1000);
  }

  return (step: CommandStep): void => {
    if (words.endings.includes(step.status)) ended(step);
    else if (step.status === 'accepted') {
      open.set(keyOf(step), { since: performance.now(), hasBegun: false });
    } else if (step.queued_ms !== undefined) {
      const one = open.get(keyOf(step));
      // What was interrupted and waits again has waited once.
      if (one === undefined || one.hasBegun) return;
      one.hasBegun = true;
      wait.observe(step.queued_ms / 1000);
    }
  };
}

function keyOf({ id, vehicle }: CommandStep): string {
  return `${vehicle ?? ''} ${id}`;
}
