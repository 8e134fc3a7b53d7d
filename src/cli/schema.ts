import { z } from 'zod';
import { lifeCycleEventSchema } from '../vehicle/life-cycle.js';
import { stateDocumentSchema } from '../vehicle/state.js';

/** The JSON Schemas of what the bridge publishes, from the code's own definitions. */
export function schemas(): Record<'state' | 'result', unknown> {
  const options = { target: 'draft-2020-12', io: 'output' } as const;
  return {
    state: z.toJSONSchema(stateDocumentSchema, options),
    result: z.toJSONSchema(lifeCycleEventSchema, options),
  };
}
