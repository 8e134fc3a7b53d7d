import {
  constants,
  generateKeyPairSync,
  type KeyPairKeyObjectResult,
  privateDecrypt,
} from 'node:crypto';

export interface PublicPasswordKey {
  readonly kty: string;
  readonly kid: string;
  readonly n: string;
  readonly e: string;
}

/** Making it takes long: the servers of a process share it. */
let pair: KeyPairKeyObjectResult | undefined;

/** The key that clients lock passwords with. */
export class PasswordKey {
  readonly kid = 'password-key-1';
  readonly #pair = (pair ??= generateKeyPairSync('rsa', { modulusLength: 2048 }));

  get public(): PublicPasswordKey {
    const { n = '', e = '' } = this.#pair.publicKey.export({ format: 'jwk' });
    return { kty: 'RSA', kid: this.kid, n, e };
  }

  /** Undefined for what was not locked with this key. */
  open(locked: string): string | undefined {
    const key = { key: this.#pair.privateKey, padding: constants.RSA_NO_PADDING };
    try {
      return withoutPadding(privateDecrypt(key, Buffer.from(locked, 'hex')));
    } catch {
      return undefined;
    }
  }
}

/** PKCS #1 v1.5, which Node itself no longer takes off: 0, 2, at least 8 bytes that are not 0, 0, the text. */
function withoutPadding(block: Buffer): string | undefined {
  const end = block.indexOf(0, 2);
  const padded = block[0] === 0 && block[1] === 2 && end >= 10;
  return padded ? block.subarray(end + 1).toString() : undefined;
}
