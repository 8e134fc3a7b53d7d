import { z } from 'zod';
import { commandLimits } from './command-limits.js';
import { numberField, startOrStop, switchOf, wordOf } from './parse-value.js';
import { heatings, steeringWheelLevels } from './remote-action.js';
import type { RemoteCommand } from './remote-command.js';
import { seatLevels } from './state.js';

const seat = wordOf(seatLevels).exactOptional();

const expectedBoolean = { error: 'true or false' };

/** What a start may be told besides. */
const startFields = {
  temperature: z.number({ error: 'number' }).exactOptional(),
  duration: numberField(commandLimits.climate_duration).exactOptional(),
  defrost: z.boolean(expectedBoolean).exactOptional(),
  heating: wordOf(heatings).exactOptional(),
  steering_wheel: wordOf(steeringWheelLevels).exactOptional(),
  seats: z
    .strictObject({ front_left: seat, front_right: seat, rear_left: seat, rear_right: seat })
    .exactOptional(),
};

/** `auto` is how Home Assistant starts; its temperature comes in a message of its own. */
const meanings = { ...startOrStop, auto: 'auto' } as const;

export const climateFields = z
  .strictObject({
    value: switchOf(meanings, ['start', 'stop', 'on', 'auto', 'off']),
    ...startFields,
  })
  .transform(({ value, ...fields }, context): RemoteCommand => {
    if (value !== 'stop') {
      const awaits_temperature = value === 'auto' && fields.temperature === undefined;
      return { name: 'climate', value: 'start', awaits_temperature, ...fields };
    }
    for (const [field, input] of Object.entries(fields)) {
      context.addIssue({
        code: 'custom',
        path: [field],
        message: 'expected only with "start"',
        input,
      });
    }
    return { name: 'climate', value };
  });
