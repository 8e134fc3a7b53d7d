import type { z } from 'zod';
import { lifeCycleEventSchema, type LifeCycleEvent } from './life-cycle.js';

/** One step of a command's life: its event without what is the same in all of them. */
export const stepSchema = lifeCycleEventSchema.omit({
  schema: true,
  id: true,
  vehicle: true,
  command: true,
  value: true,
});

export type CommandStep = z.infer<typeof stepSchema>;

/** What the journal keeps of one command. */
const mostSteps = 50;

export function stepOf(event: LifeCycleEvent): CommandStep {
  const { schema: _s, id: _i, vehicle: _v, command: _c, value: _w, ...step } = event;
  return step;
}

/** The steps with one more. Of the progress only the newest is kept, and of very many steps the first and the newest. */
export function withStep(steps: readonly CommandStep[], step: CommandStep): CommandStep[] {
  const kept =
    step.status === 'progress' ? steps.filter(({ status }) => status !== 'progress') : steps;
  const all = [...kept, step];
  return all.length > mostSteps ? [...all.slice(0, 1), ...all.slice(1 - mostSteps)] : all;
}

/** What the newest command among the events of an id has said since this step, where it is the one that is meant. */
export function stepsSince(
  seq: number,
  events: readonly LifeCycleEvent[],
  { vehicle, command }: Pick<LifeCycleEvent, 'vehicle' | 'command'>,
): CommandStep[] {
  const own = events.filter((one) => one.replayed !== true && one.seq > 0);
  const accepted = own.findLastIndex(({ status }) => status === 'accepted');
  return own
    .slice(Math.max(0, accepted))
    .filter((one) => one.seq > seq && one.vehicle === vehicle && one.command === command)
    .map(stepOf);
}
