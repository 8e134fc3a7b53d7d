import { z } from 'zod';
import type { TreePath } from './fault.js';

/** The schema of what is written in the file, without defaults and conversions around it. */
export function written(schema: unknown): unknown {
  if (schema instanceof z.ZodPrefault || schema instanceof z.ZodDefault)
    return written(schema.unwrap());
  if (isOptional(schema)) return written(schema.unwrap());
  if (schema instanceof z.ZodPipe) return written(schema.in);
  return schema;
}

/** Whether the key may be left out and has no default. */
export function isOptional(schema: unknown): schema is z.ZodOptional | z.ZodExactOptional {
  return schema instanceof z.ZodOptional || schema instanceof z.ZodExactOptional;
}

/** The schema under one key; undefined for a key that is unknown there. */
export function schemaOf(schema: unknown, key: string | number): unknown {
  const inner = written(schema);
  if (inner instanceof z.ZodObject && Object.hasOwn(inner.shape, key)) return inner.shape[key];
  if (inner instanceof z.ZodRecord) return inner.valueType;
  if (inner instanceof z.ZodArray) return inner.element;
  if (inner instanceof z.ZodUnion) {
    return inner.options
      .map((option) => schemaOf(option, key))
      .find((found) => found !== undefined);
  }
  return undefined;
}

export function schemaAt(schema: unknown, path: TreePath): unknown {
  return path.reduce<unknown>(schemaOf, schema);
}

/** Whether any text is meant as it stands there: a password `0123` or `true` is neither number nor boolean. */
export function takesText(schema: unknown): boolean {
  return written(schema) instanceof z.ZodString;
}

/** Whether keys stand there. */
export function isSection(schema: unknown): boolean {
  const inner = written(schema);
  return inner instanceof z.ZodObject || inner instanceof z.ZodRecord;
}

/** The keys that are known in an object; of all alternatives where there are several. */
export function knownKeys(schema: unknown): string[] {
  const inner = written(schema);
  if (inner instanceof z.ZodObject) return Object.keys(inner.shape);
  if (inner instanceof z.ZodUnion) return [...new Set(inner.options.flatMap(knownKeys))];
  return [];
}
