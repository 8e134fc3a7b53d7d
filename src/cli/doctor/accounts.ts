import type { Config } from '../../config/schema.js';
import type { AccountReport } from '../../http/account-report.js';
import type { Failure, FailureCode } from '../../vehicle/outcome.js';
import { StartFault } from '../bridge-options.js';
import { openOwnAccount } from '../own-account.js';
import { inPlainWords, standing } from '../plain-words.js';
import { daemon_ms, type DaemonStanding } from './daemon.js';
import type { Check, Tell } from './finding.js';
import { askWithKeptSession } from './kept-session.js';
import type { StoreStanding } from './own-store.js';

type AccountConfig = Config['accounts'][number];

export interface AccountChecksOptions {
  readonly config: Config;
  readonly daemon: Promise<DaemonStanding>;
  readonly opened: Promise<StoreStanding>;
  /** A person lets us sign in, whatever that costs. */
  readonly signIn: boolean;
}

/** A list is one request or two; a cloud that takes longer is out of order. */
const list_ms = 60_000;
/** Beyond what the daemon, or the backend, allows itself. */
const margin_ms = 35_000;

export function accountChecks(options: AccountChecksOptions): Check[] {
  if (options.config.store.engine === 'nats') return [fleetCheck(options.daemon)];
  const { sign_in } = options.config.workers.deadline_ms;
  const work_ms = options.signIn ? sign_in : Math.min(list_ms, sign_in);
  return options.config.accounts.map((account) => ({
    what: 'account',
    limit_ms: daemon_ms + work_ms + margin_ms,
    look: async (tell, signal) => {
      const daemon = await options.daemon;
      if (daemon.is === 'running') return throughDaemon(account, daemon, options, tell);
      const opened = await options.opened;
      if (opened.is === 'none' && !options.signIn) neverSignedIn(account, tell);
      else if (opened.is !== 'open') tellOfStore(account, opened, tell);
      else await withStore(account, { ...options, opened, work_ms, signal }, tell);
    },
  }));
}

/** Most of the accounts of a fleet are in no file, and there may be hundreds: one line, and one for each that has a fault. */
function fleetCheck(standing: Promise<DaemonStanding>): Check {
  return {
    what: 'accounts',
    limit_ms: 2 * daemon_ms,
    look: async (tell) => {
      const daemon = await standing;
      if (daemon.is !== 'running') {
        const advice = 'ask on a machine where an instance of the fleet runs';
        tell('ok', 'how they stand is known to running instances alone', advice);
        return;
      }
      const { accounts } = daemon;
      const others = accounts.filter(({ state }) => state !== 'ready');
      const found = `${String(accounts.length - others.length)} of ${String(accounts.length)} ready`;
      tell(others.length === 0 ? 'ok' : 'warn', found);
      for (const report of others) tell.of('account')(...judgeReport(report));
    },
  };
}

async function throughDaemon(
  { name }: AccountConfig,
  { client, accounts }: Extract<DaemonStanding, { is: 'running' }>,
  { signIn }: AccountChecksOptions,
  tell: Tell,
): Promise<void> {
  const known = accounts.find((account) => account.name === name);
  if (known === undefined) {
    const found = `${name}: the running bridge does not know it`;
    tell('fault', found, 'restart the bridge with this configuration');
    return;
  }
  if (!signIn) {
    tell(...judgeReport(known));
    return;
  }
  const listed = await client.list(name);
  if (listed.ok) tell(...judgeReport(listed.value));
  else tell(...judgeFailure(name, listed.failure));
}

async function withStore(
  account: AccountConfig,
  options: Omit<AccountChecksOptions, 'opened'> & {
    readonly opened: Extract<StoreStanding, { is: 'open' }>;
    readonly work_ms: number;
    readonly signal: AbortSignal;
  },
  tell: Tell,
): Promise<void> {
  const { config, signIn, opened, work_ms, signal } = options;
  const { store } = opened;
  try {
    if (signIn) await signInNow({ config, account, opened, signal }, tell);
    else {
      const kept = await askWithKeptSession({ config, account, store, limit_ms: work_ms, signal });
      if (kept.is === 'never signed in') neverSignedIn(account, tell);
      else if (kept.is === 'stopped') tell(...judgeFailure(account.name, kept.reason));
      else if (kept.outcome.ok) {
        const { result } = kept.outcome;
        const cars = result.operation === 'list' ? result.vehicles.length : 0;
        tell('ok', `${account.name}: the kept session is taken, ${String(cars)} car(s)`);
      } else tell(...judgeKept(account.name, kept.outcome.failure));
    }
  } catch (error) {
    // Another line says so already, with what to do.
    if (!(error instanceof StartFault)) throw error;
    tell('fault', `${account.name}: cannot be asked: ${error.message}`);
  }
}

async function signInNow(
  {
    config,
    account,
    opened,
    signal,
  }: {
    readonly config: Config;
    readonly account: AccountConfig;
    readonly opened: Extract<StoreStanding, { is: 'open' }>;
    readonly signal: AbortSignal;
  },
  tell: Tell,
): Promise<void> {
  const own = await openOwnAccount(config, account, opened.store);
  const end = (): void => void own.close();
  signal.addEventListener('abort', end);
  try {
    const reason = await own.keeper.listOrSignIn();
    if (reason === undefined) tell(...judgeReport(own.report()));
    else tell(...judgeFailure(account.name, reason));
  } finally {
    signal.removeEventListener('abort', end);
    await own.close();
  }
}

function neverSignedIn({ name }: AccountConfig, tell: Tell): void {
  const advice = `the bridge does it when it starts; \`bluelink2mqtt login ${name}\` does it now`;
  tell('warn', `${name}: has never signed in`, advice);
}

function tellOfStore({ name }: AccountConfig, { is }: StoreStanding, tell: Tell): void {
  const where =
    is === 'none' ? 'there is no store yet' : 'its session is in a store not to be read';
  const advice =
    is === 'none'
      ? `\`bluelink2mqtt login ${name}\` makes it`
      : 'run this as the user of the bridge';
  tell('warn', `${name}: ${where}`, advice);
}

/** An account as the keeper of its session sees it. */
export function judgeReport(report: AccountReport): Parameters<Tell> {
  const { name, state, reason, session_expires_at: until } = report;
  if (state === 'ready') {
    const lasting = until === null ? '' : `, until ${until.slice(0, 10)}`;
    return ['ok', `${standing(report)}${lasting}`];
  }
  if (state === 'signing_in') return ['warn', standing(report), 'ask again in a minute'];
  return reason === null ? ['fault', standing(report)] : judgeFailure(name, reason);
}

/** The bridge renews a session by itself: only who is asked without one cannot. */
function judgeKept(name: string, failure: Failure): Parameters<Tell> {
  if (failure.code !== 'auth_failed') return judgeFailure(name, failure);
  const found = `${name}: the kept session is no longer taken (${failure.code}: ${failure.message})`;
  return ['warn', found, 'the bridge opens a new one when it starts; `--sign-in` tries it now'];
}

const advices: Partial<Record<FailureCode, (login: string) => string>> = {
  auth_failed: (login) => `mend username and password, then ${login}`,
  pin_rejected: (login) => `mend the pin and do not guess: makers lock it. Then ${login}`,
  otp_required: (login) => `${login} asks for the code`,
  consent_required: (login) => `accept the terms in the maker's app, then ${login}`,
  rate_limited: () => 'wait: nothing is sent until then',
  unavailable: () =>
    'wait if the app of the maker fails too; else `bluelink2mqtt setup --upgrade` may help',
  timeout: () => 'ask again later',
};

export function judgeFailure(name: string, reason: Failure): Parameters<Tell> {
  const advice = advices[reason.code]?.(`\`bluelink2mqtt login ${name}\``);
  // It passes by itself.
  const verdict = reason.code === 'rate_limited' ? 'warn' : 'fault';
  return [verdict, `${name}: ${inPlainWords(reason)}`, advice ?? 'docs/accounts.md says more'];
}
