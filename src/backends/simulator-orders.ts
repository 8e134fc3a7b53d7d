import { z } from 'zod';
import { remoteActionSchema, type RemoteAction } from '../vehicle/remote-action.js';
import { carCommand } from '../vehicle/simulated-action.js';
import type { SimulatedCar } from '../vehicle/simulated-car.js';
import type { ActionStatus } from '../vehicle/task.js';
import type { SimulatorEffect } from './simulator-effects.js';

/** How the car takes an order. `silent`: it never hears of it. */
export const carMoods = ['obeys', 'refuses', 'silent'] as const;

/** An action on its way from the vendor to the car. */
const pendingSchema = z.strictObject({
  status: z.literal('pending'),
  action_id: z.string(),
  action: remoteActionSchema,
  attempt: z.string(),
  command_id: z.string().nullable(),
  /** Epoch ms. */
  due: z.number(),
  car: z.enum(carMoods),
  /** Of a schedule the car does the half about charging only. */
  half_done: z.boolean(),
});

export type PendingOrder = z.infer<typeof pendingSchema>;

const settledSchema = z.strictObject({
  status: z.enum(['succeeded', 'failed', 'timeout']),
  action_id: z.string(),
});

export const ordersSchema = z.array(z.discriminatedUnion('status', [pendingSchema, settledSchema]));

export type Order = z.infer<typeof ordersSchema>[number];
type Settled = Exclude<Order, PendingOrder>;

/** What the vendor still knows of; it answers `unknown` to older ones. */
const settledKept = 20;
/** A vendor refuses a command while others are under way. */
const mostPending = 3;

export function isBusy(orders: readonly Order[]): boolean {
  return orders.filter(({ status }) => status === 'pending').length >= mostPending;
}

export function statusOf(orders: readonly Order[], action_id: string | undefined): ActionStatus {
  return orders.find((order) => order.action_id === action_id)?.status ?? 'unknown';
}

/** Where an order comes from and what its car has done of it so far. */
export interface Delivery {
  readonly car: SimulatedCar;
  /** Sets the car's clock: it acts when the order was due, however late somebody looks. */
  readonly at: (time: number) => void;
  readonly executed: (order: PendingOrder, action: RemoteAction) => void;
}

/** Lets the car do what is due by `now`, in the order of the times. Undefined where nothing is. */
export function settle(
  orders: readonly Order[],
  now: number,
  delivery: Delivery,
): Order[] | undefined {
  const due = orders
    .filter((order) => order.status === 'pending')
    .filter((order) => order.due <= now)
    .sort((one, other) => one.due - other.due);
  if (due.length === 0) return undefined;
  const settled = new Map<Order, Settled>();
  for (const order of due) {
    settled.set(order, { action_id: order.action_id, status: deliver(order, delivery) });
  }
  const after = orders.map((order) => settled.get(order) ?? order);
  const known = after.filter(({ status }) => status !== 'pending').slice(-settledKept);
  return after.filter((order) => order.status === 'pending' || known.includes(order));
}

function deliver(order: PendingOrder, { car, at, executed }: Delivery): Settled['status'] {
  if (order.car === 'silent') return 'timeout';
  const action = order.half_done ? firstHalf(order.action) : order.action;
  if (order.car === 'refuses' || action === undefined) return 'failed';
  // The report is newer than the moment at which the action was sent, also where the car is instant.
  at(order.due + 1);
  if (!car.execute(carCommand(action)).done) return 'failed';
  executed(order, action);
  return 'succeeded';
}

function firstHalf(action: RemoteAction): RemoteAction | undefined {
  if (action.name !== 'schedule') return action;
  return action.part === 'climate' ? undefined : { ...action, part: 'charge' };
}

/** The line of the log that tells of an order. */
export function effectOf(
  vehicle: string,
  order: PendingOrder,
  phase: 'taken' | 'executed',
  at: number,
): SimulatorEffect {
  return {
    at: new Date(at).toISOString(),
    operation: 'command',
    vehicle,
    attempt: order.attempt,
    command_id: order.command_id,
    phase,
    action: order.action,
    action_id: order.action_id,
  };
}
