import { z } from 'zod';
import { stateDocumentSchema } from '../../src/vehicle/state.js';

/** The paths of all values: `ev.schedule.enabled`. */
function leavesOf(schema: z.ZodObject, prefix = ''): string[] {
  return Object.entries(schema.shape).flatMap(([key, inner]) =>
    inner instanceof z.ZodObject ? leavesOf(inner, `${prefix}${key}.`) : [prefix + key],
  );
}

/** The paths of all values of the state document. */
export const statePaths: readonly string[] = leavesOf(stateDocumentSchema);
