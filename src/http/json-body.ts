import type { Context } from 'hono';
import { payloadLimits } from '../vehicle/command.js';
import { failure, type Failure } from '../vehicle/outcome.js';

type Body =
  | { readonly ok: true; readonly payload: Uint8Array }
  | { readonly ok: false; readonly failure: Failure };

export const tooLarge = invalid(`expected at most ${String(payloadLimits.bytes)} bytes, got more`);

/**
 * The body of a request as the payload of a command: an object as it came, a bare JSON word or number as its text,
 * no body as an object without fields. What it holds is never quoted: it may be a one-time code.
 */
export async function commandPayload(c: Context): Promise<Body> {
  const bytes = new Uint8Array(await c.req.arrayBuffer());
  if (bytes.length === 0) return { ok: true, payload: Buffer.from('{}') };
  const type = c.req.header('content-type')?.split(';')[0]?.trim().toLowerCase();
  if (type !== 'application/json') {
    return { ok: false, failure: invalid('expected content-type application/json, got another') };
  }
  return payloadOf(bytes);
}

function payloadOf(bytes: Uint8Array): Body {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    return { ok: false, failure: invalid('expected JSON, got something that does not parse') };
  }
  if (typeof value === 'string' || typeof value === 'number') {
    return { ok: true, payload: Buffer.from(String(value)) };
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return { ok: true, payload: bytes };
  }
  return { ok: false, failure: invalid('expected an object, a word or a number, got other JSON') };
}

function invalid(message: string): Failure {
  return failure('invalid_payload', `body: ${message}`);
}
