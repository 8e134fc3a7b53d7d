import { accountBreaches } from '../config/account-rules.js';
import { accountName, type AccountConfig } from '../config/accounts.js';
import type { Environment } from '../config/environment.js';
import { loadConfig } from '../config/load-config.js';
import { ControlFault } from '../http/control-client.js';
import { StoreError } from '../store/store.js';
import { lineOf, tableOf, type ListedAccount } from './accounts/account-table.js';
import { DefinitionFault, type Checked, type Definitions } from './accounts/definitions.js';
import { askSecrets } from './accounts/ask-secrets.js';
import { treeOf, type GivenAccount } from './accounts/given-account.js';
import { openDefinitions, withDefinitions, type Loaded } from './accounts/open-definitions.js';
import { Refused } from './accounts/refused.js';
import { SecretLines } from './accounts/secret-lines.js';
import { reportsOf, untilDaemonHas } from './accounts/seen-by-daemon.js';
import { StartFault } from './bridge-options.js';
import { exitCodes, type ExitCode } from './exit-codes.js';
import { ownTerminal, type Terminal } from './terminal.js';

interface Common {
  readonly config?: string;
}

export interface AddOptions extends Common, GivenAccount {
  readonly name: string;
  /** The password is the first line of the input, the PIN the second. */
  readonly passwordStdin?: boolean;
}

export interface AccountsSurroundings {
  readonly terminal: Terminal;
  readonly secrets: Pick<SecretLines, 'next' | 'close'>;
  /** Whether a person types what is read. */
  readonly isTyped: boolean;
  readonly env: Environment;
}

interface Desk extends AccountsSurroundings {
  readonly loaded: Loaded;
}

/** Every account, wherever it is written, and how it stands with the running daemon. */
export function listAccounts(
  options: Common & { readonly json?: boolean },
  surroundings: AccountsSurroundings = ownSurroundings(),
): Promise<ExitCode> {
  return at(options, surroundings, async ({ loaded, terminal, env }) => {
    const listed = await allOf(loaded, env);
    const faults = listed.flatMap((one) => one.faults);
    if (options.json === true) terminal.say(JSON.stringify(listed.map(lineOf), null, 2));
    else for (const line of tableOf(listed)) terminal.say(line);
    for (const fault of faults) terminal.complain(fault);
    return faults.length === 0 ? exitCodes.clean : exitCodes.crash;
  });
}

export function addAccount(
  options: AddOptions,
  surroundings: AccountsSurroundings = ownSurroundings(),
): Promise<ExitCode> {
  return at(options, surroundings, async (desk) => {
    const { name } = options;
    const named = accountName.safeParse(name);
    if (!named.success) {
      throw new Refused(`the name: expected ${named.error.issues[0]?.message ?? ''}, got ${name}`);
    }
    refuseListed(desk.loaded, name);
    return withDefinitions(desk.loaded, desk.env, async (definitions) => {
      const defined = await definitions.list();
      if (defined.some((one) => one.name === name)) throw alreadyThere(definitions, name);
      const tree = await askSecrets(await treeOf(options), options, desk);
      const checked = mustBeGood(await definitions.check(name, tree));
      const others = defined.flatMap(({ account }) => account ?? []);
      const { config, disabled } = desk.loaded;
      const fixed = [...config.accounts, ...disabled].filter((one) => one.origin === 'list');
      refuseConflict([...fixed, ...others], checked.account);
      if (!(await definitions.add(name, checked.tree))) throw alreadyThere(definitions, name);
      desk.terminal.say(`${definitions.place(name)}: written`);
      return tellDaemon(desk, name, checked.account.enabled);
    });
  });
}

export function removeAccount(
  options: Common & { readonly name: string },
  surroundings: AccountsSurroundings = ownSurroundings(),
): Promise<ExitCode> {
  const { name } = options;
  return change({ ...options, isWanted: false }, surroundings, async (definitions) => {
    const isRemoved = await definitions.remove(name);
    return isRemoved ? `removed; what the bridge has stored of ${name} stays` : undefined;
  });
}

export function enableAccount(
  options: Common & { readonly name: string; readonly isEnabled: boolean },
  surroundings: AccountsSurroundings = ownSurroundings(),
): Promise<ExitCode> {
  const { name, isEnabled } = options;
  return change({ ...options, isWanted: isEnabled }, surroundings, async (definitions) => {
    const isChanged = await definitions.setEnabled(name, isEnabled);
    return isChanged ? (isEnabled ? 'enabled' : 'disabled') : undefined;
  });
}

function change(
  options: Common & { readonly name: string; readonly isWanted: boolean },
  surroundings: AccountsSurroundings,
  work: (definitions: Definitions) => Promise<string | undefined>,
): Promise<ExitCode> {
  return at(options, surroundings, async (desk) => {
    const { name, isWanted } = options;
    refuseListed(desk.loaded, name);
    return withDefinitions(desk.loaded, desk.env, async (definitions) => {
      const done = accountName.safeParse(name).success ? await work(definitions) : undefined;
      if (done === undefined) throw new Refused(`there is no account ${name}`);
      desk.terminal.say(`${definitions.place(name)}: ${done}`);
      return tellDaemon(desk, name, isWanted);
    });
  });
}

async function at(
  { config: file }: Common,
  surroundings: AccountsSurroundings,
  work: (desk: Desk) => Promise<ExitCode>,
): Promise<ExitCode> {
  const { terminal, secrets, env } = surroundings;
  try {
    const named = file === undefined ? {} : { file };
    const loaded = await loadConfig({ ...named, env, cwd: process.cwd() });
    if (loaded.ok) return await work({ ...surroundings, loaded });
    for (const { message } of loaded.faults) terminal.complain(message);
    return exitCodes.configuration;
  } catch (error) {
    if (error instanceof Refused) {
      terminal.complain(error.message);
      return error.code;
    }
    if (!isExpected(error)) throw error;
    terminal.complain(error.message);
    return exitCodes.crash;
  } finally {
    secrets.close();
    terminal.close();
  }
}

function isExpected(error: unknown): error is Error {
  const kinds = [DefinitionFault, StartFault, ControlFault, StoreError];
  return kinds.some((kind) => error instanceof kind) || (error instanceof Error && 'code' in error);
}

function ownSurroundings(): AccountsSurroundings {
  const terminal = ownTerminal();
  const secrets = new SecretLines({
    input: process.stdin,
    write: (text) => {
      process.stderr.write(text);
    },
    interrupt: () => {
      process.kill(process.pid, 'SIGINT');
    },
  });
  return { terminal, secrets, isTyped: process.stdin.isTTY, env: process.env };
}

async function allOf(loaded: Loaded, env: Environment): Promise<ListedAccount[]> {
  const definitions = await openDefinitions(loaded, env);
  try {
    const { config, disabled, file } = loaded;
    const defined = (await definitions?.list()) ?? [];
    const names = new Set(defined.map(({ name }) => name));
    const reports = await reportsOf(config);
    const stateOf = (name: string) => reports?.find((one) => one.name === name)?.state ?? null;
    const loadedOnes = [...config.accounts, ...disabled].filter(({ name }) => !names.has(name));
    return [
      ...loadedOnes.map((account) => ({
        ...{ name: account.name, account, faults: [], state: stateOf(account.name) },
        place: account.origin === 'list' ? (file ?? 'the environment') : 'accounts_dir',
      })),
      ...defined.map(({ name, account, faults }) => ({
        ...{ name, account, faults, state: stateOf(name) },
        place: definitions?.place(name) ?? '',
      })),
    ].toSorted((a, b) => (a.name < b.name ? -1 : 1));
  } finally {
    await definitions?.close();
  }
}

/** What the configuration itself names is its own. */
function refuseListed({ config, disabled, file }: Loaded, name: string): void {
  const isFleet = config.store.engine === 'nats';
  const found = [...config.accounts, ...disabled].find(
    (one) => one.name === name && (one.origin === 'list' || isFleet),
  );
  if (found === undefined) return;
  const place =
    found.origin === 'list'
      ? `the list of accounts in ${file ?? 'the environment'}`
      : `the folder ${config.accounts_dir ?? ''}`;
  throw new Refused(`the account ${name} is in ${place}: change it there, and restart the bridge`);
}

const alreadyThere = (definitions: Definitions, name: string): Refused =>
  new Refused(`${definitions.place(name)}: there is one already; remove it first`);

function mustBeGood(checked: Checked): Extract<Checked, { ok: true }> {
  if (checked.ok) return checked;
  throw new Refused(checked.faults.join('\n'));
}

function refuseConflict(others: readonly AccountConfig[], account: AccountConfig): void {
  const [first] = accountBreaches([...others, account]);
  if (first === undefined) return;
  const { path, expected, got } = first;
  throw new Refused(`${path.slice(2).join('.')}: expected ${expected}, got ${got}`);
}

async function tellDaemon(
  { loaded: { config }, terminal }: Desk,
  name: string,
  isWanted: boolean,
): Promise<ExitCode> {
  if (config.store.engine === 'nats') {
    terminal.say('the instances of the fleet take it over by themselves');
    return exitCodes.clean;
  }
  const seen = await untilDaemonHas(config, name, isWanted);
  if (seen === 'not yet') {
    terminal.complain('the running bridge has not followed within 10 s: its log says why');
    return exitCodes.crash;
  }
  const running = `the running bridge ${isWanted ? 'has taken it up' : 'has let it go'}`;
  terminal.say(
    seen === 'done' ? running : 'no bridge is running: it counts from the next start on',
  );
  return exitCodes.clean;
}
