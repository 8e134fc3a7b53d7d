import { createHash, webcrypto } from 'node:crypto';
import { CompactEncrypt, compactDecrypt, errors } from 'jose';
import { StoreError } from './store.js';

export interface CipherKeys {
  /** 32 bytes. */
  readonly current: Uint8Array;
  /** What was sealed with this one can still be opened. 32 bytes. */
  readonly previous?: Uint8Array;
}

/** Seals what others keep for us: only who has the key can read it, and nobody can change it unnoticed. */
export interface Cipher {
  /** Answers a compact JWE. What was sealed for one place cannot be opened in another. */
  seal(bytes: Uint8Array, place?: string): Promise<Uint8Array>;
  /** @throws StoreError when it was sealed with another key or for another place, or was changed since. */
  open(sealed: Uint8Array | string, place?: string): Promise<Uint8Array>;
}

interface Key {
  readonly kid: string;
  readonly imported: Promise<webcrypto.CryptoKey>;
}

const keyLength = 32;
const encoder = new TextEncoder();

/** @throws StoreError when a key has not 32 bytes. */
export function createCipher({ current, previous }: CipherKeys): Cipher {
  const own = keyOf(current, 'encryption_key');
  const known = [own];
  if (previous !== undefined) known.push(keyOf(previous, 'previous_encryption_key'));

  return {
    async seal(bytes, place = '') {
      const sealed = await new CompactEncrypt(bytes)
        .setProtectedHeader({ alg: 'dir', enc: 'A256GCM', kid: own.kid, place })
        .encrypt(await own.imported);
      return encoder.encode(sealed);
    },

    async open(sealed, place = '') {
      try {
        const { plaintext, protectedHeader } = await compactDecrypt(
          sealed,
          async ({ kid }) => {
            const key = known.find((one) => one.kid === kid);
            if (key === undefined) throw new UnknownKeyError();
            return key.imported;
          },
          { keyManagementAlgorithms: ['dir'], contentEncryptionAlgorithms: ['A256GCM'] },
        );
        if (protectedHeader['place'] !== place) {
          throw new StoreError('what is stored was sealed for another place');
        }
        return plaintext;
      } catch (error) {
        throw asStoreError(error);
      }
    },
  };
}

class UnknownKeyError extends Error {}

function asStoreError(error: unknown): unknown {
  if (error instanceof UnknownKeyError) {
    return new StoreError(
      'what is stored was sealed with another key: neither encryption_key nor previous_encryption_key opens it',
    );
  }
  if (error instanceof errors.JOSEError) {
    return new StoreError('what is stored cannot be opened: it was changed, or was never sealed', {
      cause: error,
    });
  }
  return error;
}

function keyOf(bytes: Uint8Array, name: string): Key {
  if (bytes.length !== keyLength) {
    throw new StoreError(`${name}: expected ${keyLength} bytes, got ${bytes.length}`);
  }
  const copy = Uint8Array.from(bytes);
  const imported = webcrypto.subtle.importKey('raw', copy, 'AES-GCM', false, [
    'encrypt',
    'decrypt',
  ]);
  // Who uses the key is told; here it only must not end the process.
  imported.catch(() => undefined);
  return { kid: kidOf(copy), imported };
}

/** Tells keys apart without telling anything of them. */
function kidOf(bytes: Uint8Array): string {
  return createHash('sha256')
    .update('store encryption key\0')
    .update(bytes)
    .digest('base64url')
    .slice(0, 12);
}
