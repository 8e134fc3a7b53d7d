import { createHmac, timingSafeEqual } from 'node:crypto';
import type { CloudRequest } from '../wire.js';
import type { EuropeBrand } from './account.js';
import { fingerprintKey } from './library-signing.js';

/** Missing, wrong, and signed at another time. */
export type FingerprintFault = 9035 | 9036 | 9037;

const tolerance_ms = 300_000;
const identityHeaders = ['client-id', 'client-name', 'client-version', 'client-os-code'];

/** What is wrong with the signature of a request to the token servers; undefined when it is right. */
export function fingerprintFault(
  { headers, text }: CloudRequest,
  brand: EuropeBrand,
  now: number,
): FingerprintFault | undefined {
  const given = headers['x-fingerprint'];
  const timestamp = headers['x-timestamp'] ?? '';
  if (given === undefined) return 9035;
  const identity = identityHeaders.map((name) => headers[name] ?? '').join('');
  const body = text.replace(/[ \t\n\v\f\r]/g, '');
  const expected = createHmac('sha256', identity + fingerprintKey(brand))
    .update(identity + (headers['client-os-version'] ?? '') + timestamp + body)
    .digest();
  const bytes = Buffer.from(given, 'hex');
  if (bytes.length !== expected.length || !timingSafeEqual(bytes, expected)) return 9036;
  return Math.abs(Number(timestamp) - now) <= tolerance_ms ? undefined : 9037;
}
