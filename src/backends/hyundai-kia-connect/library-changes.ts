import { z } from 'zod';
import { libraryName } from './lock-file.js';
import type { Hello } from './protocol.js';

const names = z.array(z.string()).catch([]);
const numbers = z.record(z.string(), z.number()).catch({});

const featuresSchema = z.object({
  regions: numbers,
  brands: numbers,
  methods: names,
  exceptions: names,
  options: z.record(z.string(), z.array(z.string())).catch({}),
  packages: z.record(z.string(), z.string()).catch({}),
});

/** The library that said hello and how much it can do, in one line. */
export function describeLibrary({ library, python, features }: Hello): string {
  const { regions, brands, methods, exceptions } = featuresSchema.parse(features);
  return (
    `${libraryName} ${String(library)} starts on Python ${python}: regions ${listed(Object.keys(regions))}; ` +
    `brands ${listed(Object.keys(brands))}; ${methods.length} methods; ${exceptions.length} exceptions`
  );
}

/** What one release has and the other has not, a line for each kind; nothing where both can do the same. */
export function libraryChanges(before: Hello, after: Hello): string[] {
  const old = namesByKind(before);
  return Object.entries(namesByKind(after)).flatMap(([kind, now]) => {
    const known = old[kind] ?? [];
    const added = now.filter((name) => !known.includes(name)).map((name) => `+ ${name}`);
    const gone = known.filter((name) => !now.includes(name)).map((name) => `- ${name}`);
    return added.length + gone.length === 0 ? [] : [`${kind}: ${[...added, ...gone].join(', ')}`];
  });
}

function namesByKind({ features }: Hello): Record<string, string[]> {
  const { regions, brands, methods, exceptions, options, packages } =
    featuresSchema.parse(features);
  const pairs = (of: Readonly<Record<string, string | number>>): string[] =>
    Object.entries(of).map(([name, value]) => `${name} ${value}`);
  return {
    regions: pairs(regions),
    brands: pairs(brands),
    methods,
    exceptions,
    options: Object.entries(options).flatMap(([name, fields]) =>
      fields.map((field) => `${name}.${field}`),
    ),
    packages: pairs(packages),
  };
}

function listed(words: readonly string[]): string {
  return words.length === 0 ? 'none' : words.join(', ');
}
