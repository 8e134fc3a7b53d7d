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
function byNumber<Name extends string>(numbers: Readonly<Record<Name, number>>) {
  const names = Object.keys(numbers) as Name[];
  return (number: number): Name | number =>
    names.find((name) => numbers[name] === number) ?? number;
}

function expected(what: string, names: readonly string[]): string {
  return `${what}: one of ${names.join(', ')}, or the library's number`;
}

function typeOf(names: readonly string[]): string {
  return `${names.map((name) => `\`${name}\``).join(', ')} or the library's number`;
}

const number = z.int().min(1).max(99);
const regions = Object.keys(regionNumbers);
const brands = Object.keys(brandNumbers) as [Brand, ...Brand[]];
const regionName = byNumber<Region>(regionNumbers);
const brandName = byNumber<Brand>(brandNumbers);

/** A word that is not known here may be a region that a later library has added: the library decides. */
export const region = z
  .union(
    [
      z
        .string()
        .toLowerCase()
        .regex(/^[a-z][a-z0-9-]{1,39}$/),
      number,
    ],
    {
      error: expected('the region', regions),
    },
  )
  .transform((value) => (typeof value === 'number' ? regionName(value) : value))
  .meta({ type: typeOf(regions) });

export const brand = z
  .union([z.string().toLowerCase().pipe(z.enum(brands)), number], {
    error: expected('the brand', brands),
  })
  .transform((value): Brand | number => (typeof value === 'number' ? brandName(value) : value))
  .meta({ type: typeOf(brands) });

/** Whether this release has tried the region. */
export function isKnownRegion(region: string | number): boolean {
  return regions.includes(String(region));
}

/** Regions that have not every brand. */
const brandsOf: Readonly<Partial<Record<string, readonly Brand[]>>> = {
  china: ['kia', 'hyundai'],
  india: ['kia', 'hyundai'],
  'new-zealand': ['kia'],
  brazil: ['hyundai'],
};

/** What a person should know of a region that works only in part, or was never tried. */
export function regionNote(region: string | number, brand: string | number): string | undefined {
  if (!isKnownRegion(region)) {
    return `this release does not know the region ${String(region)} (it knows ${regions.join(', ')}); the installed library decides`;
  }
  const its = brandsOf[region];
  if (its?.every((one) => one !== brand) === true) {
    return `this release knows no ${String(brand)} in ${String(region)} (it knows ${its.join(', ')}); the installed library decides`;
  }
  if (['india', 'china', 'brazil'].includes(String(region))) {
    return `the region ${String(region)} is experimental: it was never tried with a real car`;
  }
  if (brand === 'genesis' && String(region).startsWith('europe')) {
    return 'the sign-in of Genesis in Europe fails since 2026-10: the library cannot sign its requests';
  }
  return undefined;
}
