import { z } from 'zod';
import { failure, type Failure } from './outcome.js';
import { describeIssues } from './describe-issues.js';

/** Every command to a car that the contract names (sections 3.1 to 3.2, jobs included). */
export const vehicleCommandNames = [
  'refresh',
  'lock',
  'climate',
  'climate_temperature',
  'climate_duration',
  'climate_defrost',
  'climate_seat_front_left',
  'climate_seat_front_right',
  'climate_seat_rear_left',
  'climate_seat_rear_right',
  'charge',
  'charge_limit_ac',
  'charge_limit_dc',
  'charge_limits',
  'charging_current',
  'charge_port',
  'windows',
  'lights',
  'horn',
  'valet_mode',
  'v2l_limit',
  'schedule',
  'navigation',
  'trips',
] as const;

export type VehicleCommandName = (typeof vehicleCommandNames)[number];

export const refreshModes = ['cached', 'force', 'smart'] as const;
export type RefreshMode = (typeof refreshModes)[number];

/** What can have an expiry of its own: a command, and where its value decides, that value. */
export type ExpiryKey = Exclude<VehicleCommandName, 'refresh'> | RefreshMode | 'unlock';

export const maxAgeLimits_s = { min: 1, max: 604_800 } as const;

/** What a sender may choose as the id of a command. */
export const idPattern = /^[A-Za-z0-9._:-]{1,64}$/;

/** The fields that every command's JSON form may have (contract, section 2). */
export const commonFields = {
  id: z.string().regex(idPattern, '1 to 64 of A-Z a-z 0-9 . _ : -').optional(),
  expires_in: z.number().min(1).max(3600).optional(),
  issued_at: z.iso.datetime({ offset: true, error: 'ISO 8601 with an offset' }).optional(),
  override: z.boolean().optional(),
  dry_run: z.boolean().optional(),
};

export const commonFieldsSchema = z.object(commonFields);

/** What a sender asked for, besides the command's own value. */
export interface Request {
  readonly id?: string;
  /** Seconds from the moment it arrived. */
  readonly expires_in_s?: number;
  /** Epoch milliseconds. */
  readonly issued_at?: number;
  readonly override: boolean;
  readonly dry_run: boolean;
}

export const refreshCommandSchema = z.strictObject({
  name: z.literal('refresh'),
  mode: z.enum(refreshModes),
  /** Seconds; only of `smart`, and only where the sender named it. */
  max_age_s: z.number().optional(),
  override: z.boolean(),
});

export type RefreshCommand = z.infer<typeof refreshCommandSchema>;

/** The value as events show it. */
export function valueOf(command: Pick<RefreshCommand, 'mode' | 'max_age_s'>): string {
  return command.max_age_s === undefined
    ? command.mode
    : `${command.mode}:${String(command.max_age_s)}`;
}

export type Parsed<T> =
  | ({ readonly ok: true; readonly request: Request } & T)
  | { readonly ok: false; readonly id?: string; readonly failure: Failure };

/** In JSON Schema's words; what is wrong is said further down. */
const refreshWord = z.string().meta({ pattern: '^(cached|force|smart(:[0-9]{1,7})?)$' });

const maxAge = z.number().int().min(maxAgeLimits_s.min).max(maxAgeLimits_s.max);

export const refreshFields = z
  .strictObject({ ...commonFields, value: refreshWord, max_age: maxAge.optional() })
  .transform(({ value, max_age, ...rest }, context) => {
    const word = /^(cached|force|smart)(?::(\d{1,7}))?$/.exec(value.trim().toLowerCase());
    const mode = refreshModes.find((one) => one === word?.[1]);
    if (mode === undefined || (word?.[2] !== undefined && mode !== 'smart')) {
      context.addIssue({
        code: 'custom',
        path: ['value'],
        message: 'expected cached, force, smart or smart:<seconds>',
        input: value,
      });
      return z.NEVER;
    }
    const named = word?.[2] === undefined ? undefined : Number(word[2]);
    if (named !== undefined && !maxAge.safeParse(named).success) {
      context.addIssue({
        code: 'custom',
        path: ['value'],
        message: `expected seconds from ${String(maxAgeLimits_s.min)} to ${String(maxAgeLimits_s.max)}`,
        input: value,
      });
    }
    if (max_age !== undefined && (mode !== 'smart' || named !== undefined)) {
      context.addIssue({
        code: 'custom',
        path: ['max_age'],
        message: 'expected only with "smart", and once',
        input: max_age,
      });
    }
    if (rest.override === true && mode !== 'force') {
      context.addIssue({
        code: 'custom',
        path: ['override'],
        message: 'expected only with "force"',
        input: rest.override,
      });
    }
    return { ...rest, mode, max_age_s: max_age ?? named };
  });

/** Reads the payload of `refresh`: a bare word or a JSON object. */
export function parseRefresh(payload: Uint8Array): Parsed<{ readonly command: RefreshCommand }> {
  const fields = readFields(payload);
  if (!fields.ok) return fields;
  const parsed = refreshFields.safeParse(fields.value);
  if (!parsed.success) return refused(fields.value, describeIssues(parsed.error, fields.value));
  const { mode, max_age_s, ...common } = parsed.data;
  const request = requestOf(common);
  return {
    ok: true,
    request,
    command: {
      name: 'refresh',
      mode,
      override: request.override,
      ...(max_age_s === undefined ? {} : { max_age_s }),
    },
  };
}

export function requestOf(common: z.infer<typeof commonFieldsSchema>): Request {
  return {
    override: common.override ?? false,
    dry_run: common.dry_run ?? false,
    ...(common.id === undefined ? {} : { id: common.id }),
    ...(common.expires_in === undefined ? {} : { expires_in_s: common.expires_in }),
    ...(common.issued_at === undefined ? {} : { issued_at: Date.parse(common.issued_at) }),
  };
}

/** Beyond them a payload is refused unparsed (contract, section 2). */
export const payloadLimits = { bytes: 8192, depth: 8 } as const;

const fieldsSchema = z.record(z.string(), z.unknown());

type Fields =
  | { readonly ok: true; readonly value: Record<string, unknown> }
  | { readonly ok: false; readonly id?: string; readonly failure: Failure };

/** Payload → the fields of its JSON form; a bare word is its `value`. Refuses unparsed what is too big or too deep. */
export function readFields(payload: Uint8Array): Fields {
  if (payload.length > payloadLimits.bytes) {
    return invalid(
      `payload: expected at most ${String(payloadLimits.bytes)} bytes, got ${String(payload.length)}`,
    );
  }
  const text = decode(payload)?.trim();
  if (text === undefined) return invalid('payload: expected UTF-8 text, got other bytes');
  if (!/^[{["]/.test(text)) return { ok: true, value: { value: text } };
  if (depthOf(text) > payloadLimits.depth) {
    return invalid(`payload: expected nesting of at most ${String(payloadLimits.depth)}, got more`);
  }
  try {
    const value: unknown = JSON.parse(text);
    const object = fieldsSchema.safeParse(value);
    // zod passes over this one key in silence.
    if (object.success && typeof value === 'object' && Object.hasOwn(value ?? {}, '__proto__')) {
      return refused(object.data, '__proto__: expected no such field, got one');
    }
    if (object.success) return { ok: true, value: object.data };
    return invalid('payload: expected a word or a JSON object, got other JSON');
  } catch {
    return invalid('payload: expected a word or a JSON object, got JSON that does not parse');
  }
}

/** The sender's request id wherever it can be read, of a command that is refused before its payload is looked at. */
export function senderId(payload: Uint8Array): string | undefined {
  const fields = readFields(payload);
  const id = commonFields.id.safeParse(fields.ok ? fields.value['id'] : fields.id);
  return id.success ? id.data : undefined;
}

/** A refusal that carries the sender's id wherever it can be read. */
export function refused(
  fields: Record<string, unknown>,
  message: string,
): { ok: false; id?: string; failure: Failure } {
  const id = commonFields.id.safeParse(fields['id']);
  return { ...invalid(message), ...(id.success && id.data !== undefined ? { id: id.data } : {}) };
}

function invalid(message: string): { ok: false; failure: Failure } {
  return { ok: false, failure: failure('invalid_payload', message) };
}

function decode(payload: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(payload);
  } catch {
    return undefined;
  }
}

/** How deep brackets nest outside of strings: one pass, so that no payload can hold up the loop. */
function depthOf(json: string): number {
  let depth = 0;
  let deepest = 0;
  let inString = false;
  for (let at = 0; at < json.length; at += 1) {
    const token = json[at];
    if (token === '"') inString = !inString;
    else if (inString) at += token === '\\' ? 1 : 0;
    else if (token === '{' || token === '[') deepest = Math.max(deepest, (depth += 1));
    else if (token === '}' || token === ']') depth -= 1;
  }
  return deepest;
}
