import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createCipher } from '../../src/store/cipher.js';
import { StoreError } from '../../src/store/store.js';

const current = randomBytes(32);
const secret = Buffer.from('a session of KMHXX00XXXX000001');

test('what is sealed is opened again, whatever it is, and reads as nothing', async () => {
  const cipher = createCipher({ current });
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), fc.string(), async (bytes, place) => {
      const sealed = await cipher.seal(bytes, place);
      expect(await cipher.open(sealed, place)).toEqual(bytes);
      expect(await cipher.open(Buffer.from(sealed).toString(), place)).toEqual(bytes);
    }),
    { numRuns: 50 },
  );
  const sealed = Buffer.from(await cipher.seal(secret)).toString();
  const read = sealed.split('.').map((part) => Buffer.from(part, 'base64url').toString('latin1'));
  for (const text of [sealed, ...read]) expect(text).not.toContain('KMHXX');
  expect(Buffer.from(await cipher.seal(secret)).toString()).not.toBe(sealed);
});

test('what the previous key has sealed is opened, and sealed anew with the current one', async () => {
  const next = randomBytes(32);
  const sealed = await createCipher({ current }).seal(secret);
  const both = createCipher({ current: next, previous: current });
  expect(Buffer.from(await both.open(sealed))).toEqual(secret);
  const anew = await both.seal(secret);
  expect(Buffer.from(await createCipher({ current: next }).open(anew))).toEqual(secret);
  await expect(createCipher({ current }).open(anew)).rejects.toThrow(StoreError);
});

test('another key is told as such, and names no key', async () => {
  const sealed = await createCipher({ current }).seal(secret);
  const opened = createCipher({ current: randomBytes(32) }).open(sealed);
  const error: unknown = await opened.catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(StoreError);
  const said = (error as StoreError).message;
  expect(said).toContain('sealed with another key');
  for (const encoding of ['base64', 'base64url', 'hex'] as const)
    expect(said).not.toContain(current.toString(encoding).slice(0, 6));
});

test('what was changed, in whatever place, is refused', async () => {
  const cipher = createCipher({ current });
  const sealed = await cipher.seal(secret, 'account.home');
  await fc.assert(
    fc.asyncProperty(fc.nat(sealed.length - 1), fc.nat(255), async (place, byte) => {
      fc.pre(!isSameText(sealed, place, byte));
      const changed = Uint8Array.from(sealed);
      changed[place] = byte;
      await expect(cipher.open(changed, 'account.home')).rejects.toThrow(StoreError);
    }),
    { numRuns: 100 },
  );
  await expect(cipher.open('nothing like it')).rejects.toThrow(/changed, or was never sealed/);
});

test('what was sealed for one place is not taken in another', async () => {
  const cipher = createCipher({ current });
  const sealed = await cipher.seal(secret, 'account.home');
  await expect(cipher.open(sealed, 'account.work')).rejects.toThrow(/for another place/);
  await expect(cipher.open(sealed)).rejects.toThrow(/for another place/);
});

test.each([0, 16, 31, 33])('a key of %d bytes is refused by its name', (length) => {
  const bytes = randomBytes(length);
  expect(() => createCipher({ current: bytes })).toThrow(
    `encryption_key: expected 32 bytes, got ${length}`,
  );
  expect(() => createCipher({ current, previous: bytes })).toThrow(
    `previous_encryption_key: expected 32 bytes, got ${length}`,
  );
});

/** The last sign of base64url can differ in bits that say nothing. */
function isSameText(sealed: Uint8Array, place: number, byte: number): boolean {
  const changed = Uint8Array.from(sealed);
  changed[place] = byte;
  const parts = (of: Uint8Array) =>
    Buffer.from(of)
      .toString('latin1')
      .split('.')
      .map((part) => Buffer.from(part, 'base64url').toString('hex'));
  return parts(changed).join('.') === parts(sealed).join('.');
}
