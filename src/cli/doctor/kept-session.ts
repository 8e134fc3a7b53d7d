import { keptSession } from '../../account-session.js';
import type { BackendNotes } from '../../backends/contract.js';
import { createBackend } from '../../backends/create-backend.js';
import type { Config } from '../../config/schema.js';
import { systemClock } from '../../daemon/clock.js';
import { Budget } from '../../dispatch/budget.js';
import { createAccountStore, markOf, type StoredSession } from '../../store/account-store.js';
import type { Store } from '../../store/store.js';
import type { Failure } from '../../vehicle/outcome.js';
import type { Outcome } from '../../vehicle/task.js';
import { v7 as uuidv7 } from 'uuid';
import { backendSettings, budgetOf, sessionOptions } from '../bridge-options.js';

type AccountConfig = Config['accounts'][number];

export type KeptStanding =
  | { readonly is: 'never signed in' }
  | { readonly is: 'stopped'; readonly reason: Failure }
  | { readonly is: 'asked'; readonly outcome: Outcome };

export interface KeptSessionOptions {
  readonly config: Config;
  readonly account: AccountConfig;
  readonly store: Store;
  readonly limit_ms: number;
  /** Ends the process of the backend. */
  readonly signal: AbortSignal;
}

/**
 * Lists the cars with the session that the store holds, and with nothing else: where the maker takes it no more
 * nobody signs in. What the maker changes of the session is kept, or the next start could not use it.
 */
export async function askWithKeptSession(options: KeptSessionOptions): Promise<KeptStanding> {
  const { config, account, store } = options;
  const stored = createAccountStore(store, account.name);
  const own = sessionOptions(config, account);
  const { kept } = await keptSession(own, stored);
  if (kept === undefined) return { is: 'never signed in' };
  const isSame = kept.credentials === markOf(own.name, own.credentials);
  if (kept.blocked !== null && isSame) return { is: 'stopped', reason: kept.blocked.reason };
  if (kept.session === null) return { is: 'never signed in' };
  const outcome = await list(options, kept);
  const { session, device } = outcome;
  if (session !== undefined || device !== undefined) {
    await stored.putSession({
      ...kept,
      ...(session === undefined ? {} : { session, generation: kept.generation + 1 }),
      ...(device === undefined ? {} : { device }),
    });
  }
  return { is: 'asked', outcome };
}

async function list(
  { config, account, store, limit_ms, signal }: KeptSessionOptions,
  { session, device }: StoredSession,
): Promise<Outcome> {
  const stored = createAccountStore(store, account.name);
  const budget = new Budget({
    clock: systemClock,
    ...budgetOf(config, account),
    kept: await stored.usage(),
    keepLater: stored.putUsageLater,
    keep: stored.putUsageLater,
    onChange: () => undefined,
  });
  const refused = budget.refusal;
  if (refused !== undefined) {
    budget.stop();
    return { ok: false, failure: refused, requests: 0 };
  }
  const notes: BackendNotes = {
    request: () => {
      budget.requestSent(undefined, 1);
    },
    process: () => undefined,
    log: () => undefined,
  };
  const backend = createBackend(backendSettings(config, account), notes);
  const end = (): void => void backend.close();
  signal.addEventListener('abort', end);
  try {
    const task = { account: account.name, attempt: uuidv7(), remaining_ms: limit_ms } as const;
    return budget.returned(await backend.run({ ...task, operation: 'list', session, device }));
  } finally {
    signal.removeEventListener('abort', end);
    await backend.close();
    budget.stop();
  }
}
