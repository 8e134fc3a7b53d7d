import { tripMonthSchema, type TripMonth } from '../vehicle/trips.js';
import { readAllAs, readAs } from './read-as.js';
import type { Store, Write } from './store.js';

/** The months of one account's cars, as they are published. */
export function createTripStore(store: Store, account: string) {
  const prefix = `account/${account}/trips/`;
  const key = (vehicle: string, month: string) => `${prefix}${vehicle}/${month}`;

  return {
    month: (vehicle: string, month: string): Promise<TripMonth | undefined> =>
      readAs(store, key(vehicle, month), tripMonthSchema),

    write: (vehicle: string, month: TripMonth): Write => ({
      type: 'put',
      key: key(vehicle, month.month),
      value: month,
    }),

    /** Of every car, oldest first. */
    async all(): Promise<{ readonly vehicle: string; readonly month: TripMonth }[]> {
      const months = await readAllAs(store, prefix, tripMonthSchema);
      return [...months].map(([place, month]) => ({
        vehicle: place.slice(0, place.lastIndexOf('/')),
        month,
      }));
    },
  };
}
