import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import type { Cipher } from '../store/cipher.js';

const zip = promisify(gzip);
const unzip = promisify(gunzip);

/** Longer messages are zipped: below NATS' usual limit of 1 MB, with room for what sealing adds. */
const longestPlain_bytes = 512 * 1024;
/** What nobody sends would only fill the memory. */
const longestUnzipped_bytes = 64 * 1024 * 1024;

const plain = 0;
const zipped = 1;

/** JSON, zipped where it is long, sealed in any case, to be read in this place alone. */
export async function sealJson(cipher: Cipher, value: unknown, place: string): Promise<Uint8Array> {
  const text = Buffer.from(JSON.stringify(value));
  const isLong = text.length > longestPlain_bytes;
  const body = isLong ? await zip(text) : text;
  return cipher.seal(Buffer.concat([Buffer.of(isLong ? zipped : plain), body]), place);
}

/** Rejects what was sealed with another key or for another place, and what is no such message. */
export async function openJson(
  cipher: Cipher,
  sealed: Uint8Array,
  place: string,
): Promise<unknown> {
  const bytes = await cipher.open(sealed, place);
  const body = bytes.subarray(1);
  if (bytes[0] === plain) return parsed(body);
  if (bytes[0] !== zipped) throw new Error(`expected the form ${plain} or ${zipped}`);
  return parsed(await unzip(body, { maxOutputLength: longestUnzipped_bytes }));
}

function parsed(bytes: Uint8Array): unknown {
  return JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString());
}
