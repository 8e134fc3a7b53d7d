import { z } from 'zod';
import type { TreePath } from './fault.js';

/** What does not hold between settings. */
export interface Breach {
  readonly path: TreePath;
  readonly expected: string;
  readonly got: string;
}

export const maybe = <T extends z.ZodType>(schema: T) => schema.optional().catch(undefined);

/** As much of an account as the rules look at, whatever else is wrong with it. */
export const readableAccount = z
  .object({
    name: maybe(z.string()),
    enabled: maybe(z.boolean()),
    vehicles: maybe(z.record(z.string(), z.object({ alias: maybe(z.string()) }).catch({}))),
  })
  .catch({});

interface ReadableAccount {
  readonly name?: string | undefined;
  readonly vehicles?: Readonly<Record<string, { readonly alias?: string | undefined }>> | undefined;
}

interface Vehicle {
  readonly id: string;
  readonly alias: string | undefined;
  readonly path: TreePath;
}

/**
 * What does not hold between the accounts, each named by its place in the list: the path of a breach begins with
 * `accounts` and that number. Of two that do not agree the later one is named.
 */
export function accountBreaches(accounts: readonly ReadableAccount[]): Breach[] {
  const vehicles = accounts.map((account, index) => vehiclesOf(account, index));
  const all = vehicles.flat();
  const names = accounts.map(({ name }, index) => ({
    value: name,
    path: ['accounts', index, 'name'],
  }));
  const aliases = all.map(({ alias, path }) => ({ value: alias, path: [...path, 'alias'] }));
  return [
    ...repeated(names, 'a name that no other account has'),
    ...vehicles.flatMap((own) =>
      repeated(
        own.map(({ id, path }) => ({ value: id.toLowerCase(), path })),
        'each car once',
      ),
    ),
    ...repeated(aliases, 'an alias that no other car has'),
    ...aliasesThatAreIds(all),
  ];
}

function vehiclesOf({ vehicles = {} }: ReadableAccount, index: number): Vehicle[] {
  return Object.entries(vehicles).map(([id, { alias }]) => ({
    id,
    alias,
    path: ['accounts', index, 'vehicles', id],
  }));
}

interface Named {
  readonly value: string | undefined;
  readonly path: TreePath;
}

function repeated(all: readonly Named[], expected: string): Breach[] {
  const seen = new Set<string>();
  return all.flatMap(({ value, path }) => {
    if (value === undefined) return [];
    if (seen.has(value)) return [{ path, expected, got: `"${value}" again` }];
    seen.add(value);
    return [];
  });
}

/** An alias that is the id of another car would make two cars of one topic. */
function aliasesThatAreIds(vehicles: readonly Vehicle[]): Breach[] {
  const ids = new Map<string, Set<string>>();
  for (const { id } of vehicles) {
    const folded = id.toLowerCase();
    ids.set(folded, (ids.get(folded) ?? new Set()).add(id));
  }
  return vehicles.flatMap(({ id, alias = '', path }) => {
    const others = [...(ids.get(alias) ?? [])].some((other) => other !== id);
    if (!others) return [];
    const expected = 'an alias that is not the id of another car';
    return [{ path: [...path, 'alias'], expected, got: `"${alias}"` }];
  });
}
