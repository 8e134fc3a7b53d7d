import { z } from 'zod';
import { commonFields, idPattern, readFields, refused, requestOf, type Parsed } from './command.js';
import { describeIssues } from './describe-issues.js';

/** The commands to the bridge itself that this version carries out. */
export const bridgeCommandNames = [
  'cancel',
  'clear_queue',
  'reset_breaker',
  'log_level',
  'announce',
] as const;

export type BridgeCommandName = (typeof bridgeCommandNames)[number];

/** Named by the contract (section 3.3), not carried out yet. */
export const laterBridgeCommandNames = ['refresh_all', 'polling', 'poll_interval', 'otp'] as const;

export interface BridgeCommand {
  readonly name: BridgeCommandName;
  /** The id to cancel, the account, the level; empty for a command that needs no value. */
  readonly value: string;
}

const word = (expected: string, values?: readonly string[]) =>
  z
    .string({ error: expected })
    .transform((text) => text.trim())
    .refine((text) => values?.includes(text.toLowerCase()) ?? text !== '', { error: expected });

const press = word('PRESS', ['press']).optional();

const logLevels = ['error', 'warn', 'info', 'debug', 'trace'];

const fieldsOf = {
  cancel: z
    .strictObject({
      ...commonFields,
      value: z.string().regex(idPattern, { error: 'the id of a command' }).optional(),
      target: z.string().regex(idPattern, { error: 'the id of a command' }).optional(),
    })
    .refine(({ value, target }) => (value === undefined) !== (target === undefined), {
      error: 'the id of a command',
      path: ['target'],
    })
    .transform(({ value, target, ...rest }) => ({ ...rest, value: value ?? target ?? '' })),
  clear_queue: z.strictObject({ ...commonFields, value: press }),
  reset_breaker: z.strictObject({ ...commonFields, value: word('the name of an account, or all') }),
  log_level: z.strictObject({ ...commonFields, value: word(logLevels.join(', '), logLevels) }),
  announce: z.strictObject({ ...commonFields, value: press }),
} as const;

/** Reads the payload of a command to the bridge: a bare word or a JSON object. */
export function parseBridgeCommand(
  name: BridgeCommandName,
  payload: Uint8Array,
): Parsed<{ readonly command: BridgeCommand }> {
  const fields = readFields(payload);
  if (!fields.ok) return fields;
  const parsed = fieldsOf[name].safeParse(fields.value);
  if (!parsed.success) return refused(fields.value, describeIssues(parsed.error, fields.value));
  const { value, ...common } = parsed.data;
  const isId = name === 'cancel';
  const said = isId ? (value ?? '') : (value ?? '').toLowerCase();
  return { ok: true, request: requestOf(common), command: { name, value: said } };
}
