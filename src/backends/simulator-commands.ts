import { randomUUID } from 'node:crypto';
import { failure, type Failure } from '../vehicle/outcome.js';
import type { RemoteAction } from '../vehicle/remote-action.js';
import { offers } from '../vehicle/simulated-capabilities.js';
import type { CarIdentity } from '../vehicle/simulated-state.js';
import type { Result, Task } from '../vehicle/task.js';
import type { Weather } from './simulator-faults.js';
import { isBusy, type PendingOrder } from './simulator-orders.js';
import type { SharedCars } from './simulator-shared-cars.js';

/** More than a real car takes, and little enough for the memory that the threads share. */
const largestAction_bytes = 3_000;

export interface CommandWeather extends Weather {
  readonly car_latency_ms: number;
}

/** What the vendor answered to an action. */
export type Taken =
  { readonly refused: Failure } | { readonly order: PendingOrder; readonly rest?: RemoteAction };

/**
 * An electric car is given a schedule half by half, as newer real ones are: the first half is taken, and the other one
 * is for the sender to send.
 */
function halves(identity: CarIdentity, action: RemoteAction) {
  const isSplit =
    action.name === 'schedule' && action.part === 'all' && identity.drivetrain === 'ev';
  if (!isSplit) return { first: action };
  return {
    first: { ...action, part: 'charge' } as const,
    rest: { ...action, part: 'climate' } as const,
  };
}

/** The vendor takes an action for a car, once for each call of this, or refuses it. */
export function takeAction(
  cars: SharedCars,
  identity: CarIdentity,
  task: Task,
  weather: CommandWeather,
): Taken {
  const { action } = task;
  if (action === undefined) return { refused: failure('internal', 'the task names no action') };
  const { first, rest } = halves(identity, action);
  const refused = refusalOf(identity, first);
  if (refused !== undefined) return { refused };
  const order: PendingOrder = {
    status: 'pending',
    action_id: randomUUID(),
    action: first,
    attempt: task.attempt,
    command_id: task.command_id ?? null,
    due: Date.now() + weather.car_latency_ms,
    car: weather.car ?? 'obeys',
    half_done: weather.half_done ?? false,
  };
  const busy = cars.update(identity.id, (held) => {
    if (isBusy(held.orders)) {
      return failure('duplicate_request', 'the car has not done the last ones yet');
    }
    held.take(order);
    return undefined;
  });
  if (busy !== undefined) return { refused: busy };
  return rest === undefined ? { order } : { order, rest };
}

function refusalOf(identity: CarIdentity, action: RemoteAction): Failure | undefined {
  if (!offers(identity, action.name)) {
    return failure('unsupported', `the ${identity.model} knows no ${action.name}`);
  }
  if (Buffer.byteLength(JSON.stringify(action)) > largestAction_bytes) {
    return failure('vehicle_refused', 'this is more than the car can be told at once');
  }
  return undefined;
}

/** How often a sender may ask what became of an action: often while the car is quick, else as a person would. */
function paceOf(carLatency_ms: number): number {
  return Math.min(2, Math.max(0.1, carLatency_ms / 4_000));
}

export function takenResult(
  { order: { action_id }, rest }: Extract<Taken, { order: unknown }>,
  { follow_up = 'done', car_latency_ms }: CommandWeather,
): Result {
  const isNamed = follow_up !== 'none';
  return {
    operation: 'command',
    action_id: isNamed ? action_id : null,
    follow_up: isNamed
      ? { action_id, every_s: paceOf(car_latency_ms), succeeded_means: follow_up }
      : null,
    ...(rest !== undefined && { rest }),
  };
}
