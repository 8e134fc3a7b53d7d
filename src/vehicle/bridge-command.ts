import { z } from 'zod';
import {
  commonFields,
  idPattern,
  parseRefresh,
  readFields,
  refreshFields,
  refreshModes,
  refused,
  requestOf,
  valueOf,
  type Parsed,
} from './command.js';
import { describeIssues, describeSecretIssues } from './describe-issues.js';
import { failure } from './outcome.js';
import { numberOf, switchOf } from './parse-value.js';
import { codeMethods, type CodeMethod } from './task.js';

/** The commands to the bridge itself that are done at once, with one word or none. */
const wordCommandNames = [
  'cancel',
  'clear_queue',
  'reset_breaker',
  'log_level',
  'announce',
] as const;

/** What a person sets for good. */
const pollCommandNames = ['polling', 'poll_interval'] as const;

/** The commands to the bridge itself. */
export const bridgeCommandNames = [
  'refresh_all',
  ...pollCommandNames,
  ...wordCommandNames,
  'otp',
] as const;

export type BridgeCommandName = (typeof bridgeCommandNames)[number];
type WordCommandName = (typeof wordCommandNames)[number];

export interface WordCommand {
  readonly name: WordCommandName;
  /** The id to cancel, the account, the level; empty for a command that needs no value. */
  readonly value: string;
}

/** Whether the bridge reads by itself, or how often (minutes). */
export type PollCommand =
  | { readonly name: 'polling'; readonly enabled: boolean }
  | { readonly name: 'poll_interval'; readonly minutes: number };

/** A step of a one-time code: asking for one, or handing it over. The code is a secret. */
export type CodeStep = { readonly method: CodeMethod } | { readonly code: string };

export interface OtpCommand {
  readonly name: 'otp';
  /** Needed only where the bridge has more than one. */
  readonly account: string | undefined;
  readonly step: CodeStep;
}

/** A refresh of every car: a job. Journalled in this form. */
export const refreshAllSchema = z.strictObject({
  name: z.literal('refresh_all'),
  mode: z.enum(refreshModes),
  /** Seconds; only of `smart`, and only where the sender named it. */
  max_age_s: z.number().exactOptional(),
});

export type RefreshAllCommand = z.infer<typeof refreshAllSchema>;

export type BridgeCommand = WordCommand | PollCommand | OtpCommand | RefreshAllCommand;

const word = (expected: string, values?: readonly string[]) =>
  z
    .string({ error: expected })
    .meta(values === undefined ? {} : { enum: [...values] })
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

const method = z.enum(codeMethods, { error: codeMethods.join(' or ') });
const codeExpected = 'a code of 4 to 10 digits';
const code = z
  .union([z.string(), z.int().nonnegative()], { error: codeExpected })
  .transform((given) => String(given).trim())
  .refine((text) => /^\d{4,10}$/.test(text), { error: codeExpected });

/** A bare word is the method, a bare number the code. */
const otpFields = z
  .strictObject({
    ...commonFields,
    account: z.string({ error: 'the name of an account' }).optional(),
    method: method.optional(),
    code: code.optional(),
    value: z
      .union([method, code], { error: `${codeMethods.join(', ')} or ${codeExpected}` })
      .optional(),
  })
  .refine(
    ({ method, code, value }) =>
      [method, code, value].filter((one) => one !== undefined).length === 1,
    { error: 'either a method or a code', path: ['code'] },
  );

const pollingFields = z.strictObject({
  ...commonFields,
  value: switchOf({ on: true, true: true, 1: true, off: false, false: false, 0: false }, [
    'on',
    'off',
  ]),
});

const intervalFields = z.strictObject({
  ...commonFields,
  value: numberOf({ min: 5, max: 1440, step: 1, unit: 'min' }),
});

/** The fields of each command to the bridge, those that every command may have among them. */
export const bridgeFields: Readonly<Record<BridgeCommandName, z.ZodType>> = {
  ...fieldsOf,
  refresh_all: refreshFields.in,
  polling: pollingFields,
  poll_interval: intervalFields,
  otp: otpFields,
};

/** Reads the payload of a command to the bridge: a bare word or a JSON object. */
export function parseBridgeCommand(
  name: BridgeCommandName,
  payload: Uint8Array,
): Parsed<{ readonly command: BridgeCommand }> {
  if (name === 'refresh_all') return parseRefreshAll(payload);
  const fields = readFields(payload);
  if (!fields.ok) return fields;
  switch (name) {
    case 'otp':
      return parseOtp(fields.value);
    case 'polling':
      return parsePolling(fields.value);
    case 'poll_interval':
      return parseInterval(fields.value);
    default:
      return parseWord(name, fields.value);
  }
}

/** The value as events show it; of a one-time code nothing. */
export function valueOfBridge(command: BridgeCommand): string | number | undefined {
  switch (command.name) {
    case 'otp':
      return undefined;
    case 'refresh_all':
      return valueOf(command);
    case 'polling':
      return command.enabled ? 'on' : 'off';
    case 'poll_interval':
      return command.minutes;
    default:
      return command.value;
  }
}

/** The payload of `refresh`, but nobody passes the guards of all cars at once. */
function parseRefreshAll(payload: Uint8Array): Parsed<{ readonly command: RefreshAllCommand }> {
  const parsed = parseRefresh(payload);
  if (!parsed.ok) return parsed;
  const { request, command } = parsed;
  if (request.override) {
    const { id } = request;
    const message = 'override: expected only with the refresh of one car, got true';
    const reason = failure('invalid_payload', message);
    return { ok: false, ...(id === undefined ? {} : { id }), failure: reason };
  }
  const { mode, max_age_s } = command;
  const age = max_age_s === undefined ? {} : { max_age_s };
  return { ok: true, request, command: { name: 'refresh_all', mode, ...age } };
}

function parseOtp(fields: Record<string, unknown>): Parsed<{ readonly command: OtpCommand }> {
  const parsed = otpFields.safeParse(fields);
  if (!parsed.success) return refused(fields, describeSecretIssues(parsed.error, fields));
  const { account, method, code, value, ...common } = parsed.data;
  const bare = codeMethods.find((one) => one === value);
  const asked = method ?? bare;
  const step = asked === undefined ? { code: code ?? value ?? '' } : { method: asked };
  return { ok: true, request: requestOf(common), command: { name: 'otp', account, step } };
}

function parsePolling(fields: Record<string, unknown>): Parsed<{ readonly command: PollCommand }> {
  const parsed = pollingFields.safeParse(fields);
  if (!parsed.success) return refused(fields, describeIssues(parsed.error, fields));
  const { value: enabled, ...common } = parsed.data;
  return { ok: true, request: requestOf(common), command: { name: 'polling', enabled } };
}

function parseInterval(fields: Record<string, unknown>): Parsed<{ readonly command: PollCommand }> {
  const parsed = intervalFields.safeParse(fields);
  if (!parsed.success) return refused(fields, describeIssues(parsed.error, fields));
  const { value: minutes, ...common } = parsed.data;
  return { ok: true, request: requestOf(common), command: { name: 'poll_interval', minutes } };
}

function parseWord(
  name: WordCommandName,
  fields: Record<string, unknown>,
): Parsed<{ readonly command: WordCommand }> {
  const parsed = fieldsOf[name].safeParse(fields);
  if (!parsed.success) return refused(fields, describeIssues(parsed.error, fields));
  const { value, ...common } = parsed.data;
  const isId = name === 'cancel';
  const said = isId ? (value ?? '') : (value ?? '').toLowerCase();
  return { ok: true, request: requestOf(common), command: { name, value: said } };
}
