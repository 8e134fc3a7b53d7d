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
