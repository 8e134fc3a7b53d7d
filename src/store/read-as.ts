import type { z } from 'zod';
import type { Store } from './store.js';

/** The value of a key, or undefined where there is none: what another release wrote in another shape is as good as nothing. */
export async function readAs<T>(
  store: Store,
  key: string,
  schema: z.ZodType<T>,
): Promise<T | undefined> {
  const parsed = schema.safeParse((await store.get(key))?.value);
  return parsed.success ? parsed.data : undefined;
}

/** The values whose keys begin with `prefix`, by the rest of their keys; what another release wrote in another shape is left out. */
export async function readAllAs<T>(
  store: Store,
  prefix: string,
  schema: z.ZodType<T>,
): Promise<Map<string, T>> {
  const entries = await store.list(prefix);
  return new Map(
    entries.flatMap(({ key, value }) => {
      const parsed = schema.safeParse(value);
      return parsed.success ? [[key.slice(prefix.length), parsed.data] as const] : [];
    }),
  );
}
