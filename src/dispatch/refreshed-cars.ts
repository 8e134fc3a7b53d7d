import { z } from 'zod';
import type { Ending } from '../vehicle/life-cycle.js';
import { failure, failureSchema } from '../vehicle/outcome.js';
import { failureDetails, type EventDetails } from './command-book.js';

const carSchema = z.object({
  account: z.string(),
  vehicle: z.string(),
  topic_id: z.string(),
  /** `left`: a wake may have left for it, and its answer is not known. */
  state: z.enum(['waits', 'left', 'read', 'failed']),
  failure: failureSchema.optional(),
});

export type RefreshedCar = z.infer<typeof carSchema>;

export const refreshAllCheckpointSchema = z.object({
  attempt: z.int().positive(),
  last: z.string().nullable(),
  cars: z.array(carSchema),
});

export type RefreshAllCheckpoint = z.infer<typeof refreshAllCheckpointSchema>;

/** The cars of these accounts, none of them read. */
export function carsOf(
  accounts: readonly {
    readonly name: string;
    readonly cars: () => readonly { readonly id: string; readonly topic_id: string }[];
  }[],
): RefreshedCar[] {
  return accounts.flatMap(({ name, cars }) =>
    cars().map(({ id, topic_id }) => ({ account: name, vehicle: id, topic_id, state: 'waits' })),
  );
}

export function isDone({ state }: RefreshedCar): boolean {
  return state === 'read' || state === 'failed';
}

/** How it ended, once nothing is read any more. */
export function endingOf(cars: readonly RefreshedCar[]): [Ending, EventDetails] {
  if (cars.some((car) => !isDone(car))) return ['cancelled', {}];
  const failed = cars.filter((car) => car.state === 'failed');
  const [first] = failed;
  if (first?.failure === undefined) return ['succeeded', {}];
  const { failure: reason, topic_id } = first;
  const count = `${String(failed.length)} of ${String(cars.length)} cars were not read`;
  const message = `${count}; ${topic_id}: ${reason.message}`;
  return ['failed', failureDetails(failure(reason.code, message))];
}
