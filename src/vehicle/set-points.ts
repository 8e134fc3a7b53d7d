import { z } from 'zod';
import { seats } from './remote-action.js';
import type { RemoteCommand } from './remote-command.js';
import { seatLevels, type StateDocument } from './state.js';

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

/** How long the climate stays on where nobody has said it. */
export const normalDuration_min = 10;

/** The document with what the next start would take; the target starts as the car's. */
export function withSetPoints(document: StateDocument, points: SetPoints): StateDocument {
  const { climate } = document;
  return {
    ...document,
    climate: {
      ...climate,
      target: points.temperature ?? climate.target,
      duration_min: points.duration_min ?? normalDuration_min,
      start_defrost: points.defrost ?? false,
      seats: points.seats,
    },
  };
}

/** The set-points after a command that changes one; undefined for any other. */
export function changedBy(command: RemoteCommand, points: SetPoints): SetPoints | undefined {
  switch (command.name) {
    case 'climate_temperature':
      return { ...points, temperature: command.temperature };
    case 'climate_duration':
      return { ...points, duration_min: command.minutes };
    case 'climate_defrost':
      return { ...points, defrost: command.on };
    case 'climate_seat_front_left':
    case 'climate_seat_front_right':
    case 'climate_seat_rear_left':
    case 'climate_seat_rear_right': {
      const place = seats.find((one) => command.name === `climate_seat_${one}`) ?? 'front_left';
      return { ...points, seats: { ...points.seats, [place]: command.level } };
    }
    default:
      return undefined;
  }
}
