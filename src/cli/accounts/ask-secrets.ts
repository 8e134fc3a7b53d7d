import type { Tree } from '../../config/tree.js';
import { lacks } from './given-account.js';
import { Refused } from './refused.js';
import type { SecretLines } from './secret-lines.js';

export interface AskSecretsOptions {
  readonly name: string;
  /** The password is the first line of the input, the PIN the second. */
  readonly passwordStdin?: boolean;
}

export interface SecretsInput {
  readonly secrets: Pick<SecretLines, 'next'>;
  /** Whether a person types what is read. */
  readonly isTyped: boolean;
}

const questions = [
  ['password', 'password'],
  ['pin', 'PIN (empty: none)'],
] as const;

/** The account with the secrets that it lacks, from whoever is there to be asked. */
export async function askSecrets(
  tree: Tree,
  { name, passwordStdin = false }: AskSecretsOptions,
  { secrets, isTyped }: SecretsInput,
): Promise<Tree> {
  if (tree['backend'] === 'simulator') return tree;
  if (!passwordStdin && !isTyped) {
    if (!lacks(tree, 'password')) return tree;
    throw new Refused(
      'the password: nobody can be asked; use --password-stdin (first line password, second PIN) or --password-file',
    );
  }
  const complete = { ...tree };
  for (const [key, question] of questions) {
    if (!lacks(tree, key)) continue;
    const line = await secrets.next(`${name}: ${question}: `);
    if (line !== undefined && line !== '') complete[key] = line;
  }
  return complete;
}
