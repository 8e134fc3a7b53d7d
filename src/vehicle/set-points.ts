import { z } from 'zod';
import { seatLevels } from './state.js';

const seat = z.enum(seatLevels).nullable();

/** What the bridge keeps of a car for its next climate start. Null: nobody has set it. */
export const setPointsSchema = z.strictObject({
  /** In the car's own unit. */
  temperature: z.number().nullable(),
  duration_min: z.int().positive().nullable(),
  defrost: z.boolean().nullable(),
  seats: z.strictObject({
    front_left: seat,
    front_right: seat,
    rear_left: seat,
    rear_right: seat,
  }),
});

export type SetPoints = z.infer<typeof setPointsSchema>;

export const noSetPoints: SetPoints = {
  temperature: null,
  duration_min: null,
  defrost: null,
  seats: { front_left: null, front_right: null, rear_left: null, rear_right: null },
};
