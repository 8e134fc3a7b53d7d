import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { ClassicLevel } from 'classic-level';

/**
 * Every secret that the tests of this file have used so far. The fake clouds fill it with what they see and hand
 * out; whatever a daemon said, published or left behind is searched for all of them at the end of each test.
 */
const secrets = new Set<string>();

/** Digits alone are found everywhere: they count only where nothing is written against them. */
const digits = /^\d+$/;
const shortest = 4;

export function keepSecret(...found: readonly (string | undefined)[]): void {
  for (const secret of found) {
    if (secret !== undefined && secret.length >= shortest && !isHarmless(secret))
      secrets.add(secret);
  }
}

/** The next file has secrets of its own; what was one here may be a plain word there. */
export function forgetSecrets(): void {
  secrets.clear();
}

const secretHeaders =
  /^(authorization|authorizationccsp|authentication|access-?token|sid|rmtoken|vinkey|pauth|exchangeable-token|non-ccs-token|otpkey|bluelinkservicepin)$/;
const secretKeys =
  /(token|password|pauth|otp(key|validationkey|no)?|^pin|sid|rmtoken|vehiclekey|userinfouuid)$/i;

/** In capitals it is no session: the newer European cloud names with it what it was told to do. */
const nameOfAction = 'SID';

/** What a request or a reply carries under a name that secrets have. */
export function keepSecretsOf(headers: Readonly<Record<string, unknown>>, body: string): void {
  for (const [name, value] of Object.entries(headers)) {
    if (secretHeaders.test(name)) keepSecret(...String(value).split(' ').slice(-1));
  }
  keepIn(parsed(body));
}

function keepIn(value: unknown): void {
  if (typeof value !== 'object' || value === null) return;
  for (const [key, one] of Object.entries(value)) {
    if (typeof one !== 'string') keepIn(one);
    else if (key !== nameOfAction && secretKeys.test(key)) keepSecret(one);
  }
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return body.includes('=') ? Object.fromEntries(new URLSearchParams(body)) : undefined;
  }
}

/** Words that clouds put where a secret could be, and PINs of digits that are part of any number. */
function isHarmless(text: string): boolean {
  return (
    /^(true|false|null|Bearer|bearer|Basic|refresh_token|authorization_code)$/.test(text) ||
    (digits.test(text) && text.length < 6)
  );
}

/** Fails if a text holds a secret. The error names the text's beginning and never the secret. */
export function expectNoSecrets(texts: Iterable<string>, where: string): void {
  const plain = [...secrets].filter((one) => !digits.test(one));
  const numbers = [...secrets].filter((one) => digits.test(one));
  const standing =
    numbers.length === 0
      ? undefined
      : new RegExp(`(?<![\\w.:-])(${numbers.join('|')})(?![\\w.:-])`);
  for (const text of texts) {
    const found = plain.find((one) => text.includes(one)) ?? standing?.exec(text)?.[1];
    if (found === undefined) continue;
    const shown = text.replaceAll(found, '[SECRET]').slice(0, 600);
    throw new Error(`a secret of ${String(found.length)} characters is in ${where}: ${shown}`);
  }
}

/** What a daemon that has ended left in its state directory: files, and the store but for the sessions in it. */
export async function expectNoSecretsIn(stateDir: string): Promise<void> {
  for (const one of filesIn(stateDir)) {
    expectNoSecrets([readFileSync(join(stateDir, one), 'utf8')], `the file ${one}`);
  }
  expectNoSecrets(await storedTexts(join(stateDir, 'store')), 'the store');
}

const notOurs = /^(store|python)(\/|$)/;

function filesIn(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((one) => one.isFile())
    .map(({ parentPath, name }) => join(parentPath, name).slice(folder.length + 1))
    .filter((file) => !notOurs.test(file));
}

async function storedTexts(folder: string): Promise<string[]> {
  if (!existsSync(folder)) return [];
  const store = new ClassicLevel<string, string>(folder, { createIfMissing: false });
  try {
    await store.open();
    const entries = await store.iterator().all();
    return entries
      .filter(([key]) => !/(^|!)account\/[^/]+\/session$/.test(key))
      .map(([key, value]) => `${key} ${value}`);
  } catch (error) {
    // A later daemon of the same test has it: what this one left is searched when that one ends.
    if (String((error as { cause?: unknown }).cause).includes('lock')) return [];
    throw error;
  } finally {
    await store.close();
  }
}
