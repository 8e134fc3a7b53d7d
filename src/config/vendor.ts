import { z } from 'zod';

/** Regions and brands by the numbers that the Python library gives them. */
const regionNumbers = {
  europe: 1,
  canada: 2,
  usa: 3,
  china: 4,
  australia: 5,
  india: 6,
  'new-zealand': 7,
  brazil: 8,
  'europe-cci': 9,
} as const;

const brandNumbers = { kia: 1, hyundai: 2, genesis: 3 } as const;

type Region = keyof typeof regionNumbers;
type Brand = keyof typeof brandNumbers;

/** The name where the number has one; a number that a later library added stays a number. */
function nameOrNumber<Name extends string>(what: string, numbers: Readonly<Record<Name, number>>) {
  const names = Object.keys(numbers) as [Name, ...Name[]];
  const byNumber = new Map(names.map((name) => [numbers[name], name]));
  return z
    .union([z.string().toLowerCase().pipe(z.enum(names)), z.int().min(1).max(99)], {
      error: `${what}: one of ${names.join(', ')}, or the library's number`,
    })
    .transform((value): Name | number =>
      typeof value === 'number' ? (byNumber.get(value) ?? value) : value,
    )
    .meta({ type: `${names.map((name) => `\`${name}\``).join(', ')} or the library's number` });
}

export const region = nameOrNumber<Region>('the region', regionNumbers);
export const brand = nameOrNumber<Brand>('the brand', brandNumbers);
