import type { AccountReport, BridgeApi, VehicleDocuments } from '../http/bridge-api.js';
import { failure } from '../vehicle/outcome.js';
import { apiMethods, type Behind, type Part } from './api-methods.js';
import type { CallMethod } from './call-wire.js';
import type { InstanceCalls } from './instance-calls.js';

export interface FleetListsOptions {
  readonly calls: InstanceCalls;
  readonly local: Pick<BridgeApi, 'vehicles' | 'accounts'>;
  readonly accountNames: () => readonly string[];
  /** The instances that are there, without this one. */
  readonly others: () => readonly string[];
  readonly ownerOf: (account: string) => string | undefined;
}

/** Who does not answer in this time is left out. */
export const answer_ms = 2000;
export const nobody = 'no instance has the account at the moment';
const silent = 'the instance that has the account did not answer';

/** The cars and the accounts of all instances. */
export function createFleetLists(options: FleetListsOptions) {
  const { calls, local, others, ownerOf } = options;
  return {
    async vehicles(): Promise<readonly VehicleDocuments[]> {
      const told = await allParts(calls, others(), apiMethods.carParts);
      const cars = new Map<string, VehicleDocuments>();
      // Of a car that has just moved the new owner knows more than the former one.
      for (const car of [...(await local.vehicles()), ...told]) {
        const isOld = cars.has(car.vehicle) && ownerOf(car.info.account) === calls.instance;
        if (!isOld) cars.set(car.vehicle, car);
      }
      return [...cars.values()].sort(byAccount);
    },

    async accounts(): Promise<readonly AccountReport[]> {
      const told = await allParts(calls, others(), apiMethods.accountParts);
      const reports = new Map([...told, ...(await local.accounts())].map((one) => [one.name, one]));
      return options.accountNames().map((name) => {
        const reason = ownerOf(name) === undefined ? nobody : silent;
        return reports.get(name) ?? outOfReach(name, reason);
      });
    },
  };
}

/** An account of which nobody can tell how it stands. */
export function outOfReach(name: string, message: string): AccountReport {
  return {
    ...{ name, state: 'unreachable', reason: failure('not_ready', message), challenge: null },
    ...{ session_expires_at: null, library: null, vehicles: [] },
  };
}

/** Whole lists of those that answer for each part of theirs in time. */
async function allParts<T>(
  calls: InstanceCalls,
  instances: readonly string[],
  method: CallMethod<Behind, Part<T>>,
): Promise<T[]> {
  const lists = instances.map((instance) => partsOf(calls, instance, method));
  return (await Promise.all(lists)).flat();
}

async function partsOf<T>(
  calls: InstanceCalls,
  instance: string,
  method: CallMethod<Behind, Part<T>>,
): Promise<T[]> {
  const items: T[] = [];
  let from: Behind | undefined = { after: null };
  while (from !== undefined) {
    const part: Part<T> | undefined = await partOf(calls, instance, method, from);
    if (part === undefined) return [];
    items.push(...part.items);
    from = part.next === null ? undefined : { after: part.next };
  }
  return items;
}

async function partOf<T>(
  calls: InstanceCalls,
  instance: string,
  method: CallMethod<Behind, Part<T>>,
  from: Behind,
): Promise<Part<T> | undefined> {
  const told = await calls.askAll([instance], method, from, { timeout_ms: answer_ms });
  return told.get(instance);
}

function byAccount(one: VehicleDocuments, other: VehicleDocuments): number {
  return one.info.account < other.info.account ? -1 : Number(one.info.account > other.info.account);
}
