import { z } from 'zod';
import type { CarIdentity } from '../vehicle/simulated-state.js';
import type { SimulatorEffect } from './simulator-effects.js';
import { createIdentity } from '../vehicle/simulated-identity.js';
import { SimulatedCar } from '../vehicle/simulated-car.js';
import { EffectLog } from './simulator-effects.js';
import {
  effectOf,
  ordersSchema,
  settle,
  type Order,
  type PendingOrder,
} from './simulator-orders.js';
import { SharedText, sharedTextBytes } from './simulator-shared-text.js';

/** Memory for the cars of one account, to be handed to each of its threads. */
export function createSharedCars(vehicles: number): SharedArrayBuffer {
  return new SharedArrayBuffer((vehicles + 1) * sharedTextBytes);
}

export interface SharedCarsOptions {
  readonly shared: SharedArrayBuffer;
  readonly vehicles: number;
  readonly seed: number;
  readonly brand: string;
  readonly region: string;
  readonly log_file?: string;
}

/** A car, what its vendor is to tell it, and the lines of the log that are owed for both. */
const slotSchema = z.strictObject({
  car: z.unknown(),
  orders: ordersSchema,
  owed: z.array(z.custom<SimulatorEffect>()),
});

interface Slot {
  readonly car: SimulatedCar;
  orders: Order[];
  owed: SimulatorEffect[];
}

/** A car as one thread has it in its hands. */
interface Held {
  readonly car: SimulatedCar;
  readonly orders: readonly Order[];
  take(order: PendingOrder): void;
}

/** The cars of one account as every thread of it sees them. A slot of memory each, and one for the fault counters. */
export class SharedCars {
  readonly identities: readonly CarIdentity[];
  /** How often each fault has struck, across threads. */
  readonly faultCounts: SharedText;
  readonly #options: SharedCarsOptions;
  readonly #log: EffectLog;
  readonly #now: () => number;
  readonly #indexes: ReadonlyMap<string, number>;

  constructor(options: SharedCarsOptions, now: () => number) {
    this.#options = options;
    this.#log = new EffectLog(options.log_file);
    this.#now = now;
    this.identities = Array.from({ length: options.vehicles }, (_, index) =>
      createIdentity({ ...options, index }),
    );
    this.#indexes = new Map(this.identities.map(({ id }, index) => [id, index]));
    this.faultCounts = new SharedText(options.shared, options.vehicles);
  }

  /** Looks at a car; `undefined` when the account has none of this id. What was due by now has been done before. */
  read<T>(id: string, look: (held: Omit<Held, 'take'>) => T): T | undefined {
    return this.#with(id, (held) => ({ answer: look(held), changed: false }));
  }

  /** Does something with a car that the other threads shall see. */
  update<T>(id: string, act: (held: Held) => T): T | undefined {
    return this.#with(id, (held) => ({ answer: act(held), changed: true }));
  }

  #with<T>(id: string, use: (held: Held) => { answer: T; changed: boolean }): T | undefined {
    const index = this.#indexes.get(id);
    if (index === undefined) return undefined;
    return new SharedText(this.#options.shared, index).exchange((text, store) => {
      let time = this.#now();
      const at = (wanted: number): void => {
        time = wanted;
      };
      const slot = this.#open(text, index, () => time);
      const repaid = this.#repay(slot);
      const settleDue = (now: number): boolean => {
        const after = settle(slot.orders, now, {
          car: slot.car,
          at,
          executed: (order, action) => {
            slot.owed.push(effectOf(id, { ...order, action }, 'executed', order.due));
          },
        });
        slot.orders = after ?? slot.orders;
        at(now);
        return after !== undefined;
      };
      const now = time;
      const settled = settleDue(now);
      const { answer, changed } = use({
        car: slot.car,
        orders: slot.orders,
        take: (order) => {
          slot.orders = [...slot.orders, order];
          slot.owed.push(effectOf(id, order, 'taken', now));
          settleDue(now);
        },
      });
      if (!repaid && !settled && !changed && text !== '') return { answer };
      // Stored before they are written and again behind it: a thread that dies in between leaves word of them.
      if (slot.owed.length > 0) {
        store(textOf(slot));
        this.#log.append(slot.owed);
        slot.owed = [];
      }
      return { answer, text: textOf(slot) };
    });
  }

  #open(text: string, index: number, now: () => number): Slot {
    if (text === '') {
      const car = SimulatedCar.create({ ...this.#options, index }, { now });
      return { car, orders: [], owed: [] };
    }
    const { car, orders, owed } = slotSchema.parse(JSON.parse(text));
    return { car: SimulatedCar.fromSnapshot(car, { now }), orders, owed };
  }

  /** Writes what a thread that died has left unwritten. */
  #repay(slot: Slot): boolean {
    if (slot.owed.length === 0) return false;
    this.#log.append(this.#log.missing(slot.owed));
    slot.owed = [];
    return true;
  }
}

function textOf({ car, orders, owed }: Slot): string {
  return JSON.stringify({ car: car.snapshot(), orders, owed });
}
