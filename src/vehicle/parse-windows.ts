import { z } from 'zod';
import { wordOf } from './parse-value.js';
import { windowPositions } from './remote-action.js';
import type { RemoteCommand } from './remote-command.js';

const position = wordOf(windowPositions).exactOptional();

/** A word for all four, or some of them by name. */
export const windowsFields = z
  .strictObject({
    value: position,
    front_left: position,
    front_right: position,
    rear_left: position,
    rear_right: position,
  })
  .refine(
    ({ value, ...windows }) => (value === undefined) !== (Object.keys(windows).length === 0),
    {
      error: `either one word (${windowPositions.join(', ')}) for all or windows by their names`,
      path: ['value'],
    },
  )
  .transform(({ value, ...windows }): RemoteCommand => ({
    name: 'windows',
    windows:
      value === undefined
        ? windows
        : { front_left: value, front_right: value, rear_left: value, rear_right: value },
  }));
