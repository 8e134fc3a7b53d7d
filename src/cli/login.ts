import type { Config } from '../config/schema.js';
import type { AccountReport } from '../http/account-report.js';
import { ControlFault } from '../http/control-client.js';
import { StoreError } from '../store/store.js';
import type { CodeMethod } from '../vehicle/task.js';
import { askCode } from './ask-code.js';
import { StartFault } from './bridge-options.js';
import { exitCodes, type ExitCode } from './exit-codes.js';
import type { LoginDesk } from './desk.js';
import { openDesk } from './login-desk.js';
import { standing } from './plain-words.js';
import { readConfig } from './read-config.js';
import { ownTerminal, type Terminal } from './terminal.js';

export interface LoginOptions {
  /** Without one every account that is not signed in. */
  readonly account?: string;
  readonly config?: string;
  readonly method?: CodeMethod;
}

/** Signs accounts in, with the one-time codes that their makers want, for a person at a terminal. */
export async function login(
  options: LoginOptions,
  terminal: Terminal = ownTerminal(),
): Promise<ExitCode> {
  try {
    const read = await readConfig(options.config);
    return read === undefined
      ? exitCodes.configuration
      : await logInTo(read.config, options, terminal);
  } catch (error) {
    if (error instanceof StartFault) {
      terminal.complain(error.message);
      return exitCodes.configuration;
    }
    if (!(error instanceof ControlFault || error instanceof StoreError)) throw error;
    terminal.complain(error.message);
    return exitCodes.crash;
  } finally {
    terminal.close();
  }
}

async function logInTo(
  config: Config,
  options: LoginOptions,
  terminal: Terminal,
): Promise<ExitCode> {
  const names = config.accounts.map(({ name }) => name);
  // A fleet has accounts that are in no file.
  const areAll = config.store.engine === 'level';
  if (areAll && options.account !== undefined && !names.includes(options.account)) {
    terminal.complain(`account: expected one of ${names.join(', ')}, got ${options.account}`);
    return exitCodes.usage;
  }
  const desk = await openDesk(config);
  try {
    return await logInAt(desk, config, options, terminal);
  } finally {
    await desk.close();
  }
}

async function logInAt(
  desk: LoginDesk,
  config: Config,
  { account, method }: LoginOptions,
  terminal: Terminal,
): Promise<ExitCode> {
  const accounts = (await desk.accounts()).filter(({ name }) => (account ?? name) === name);
  if (accounts.length === 0) {
    terminal.complain(unknownTo(config, account));
    return exitCodes.crash;
  }
  const open = new Set(accounts.filter(({ state }) => state !== 'ready').map(({ name }) => name));
  const conversation = logInEach(accounts, desk, terminal, method, open);
  const isThrough = await unlessInterrupted(conversation, terminal.interrupted);
  if (isThrough !== true) {
    for (const name of open) for (const line of howToGoOn(name, config)) terminal.say(line);
  }
  return open.size === 0 ? exitCodes.clean : exitCodes.crash;
}

function unknownTo({ store }: Config, account: string | undefined): string {
  if (store.engine === 'level') {
    return 'the running daemon has another configuration: restart it with this one';
  }
  return account === undefined ? 'the fleet has no account' : `the fleet has no account ${account}`;
}

/** Takes each account that becomes ready out of `open`. False when the input has ended before. */
async function logInEach(
  accounts: readonly AccountReport[],
  desk: LoginDesk,
  terminal: Terminal,
  method: CodeMethod | undefined,
  open: Set<string>,
): Promise<boolean> {
  for (const account of accounts) {
    if (account.state === 'ready') {
      terminal.say(`${standing(account)} already`);
      continue;
    }
    let now: AccountReport | undefined = await signIn(account, desk, terminal);
    if (now.state === 'otp_required') now = await askCode(now, desk, terminal, method);
    if (now === undefined) return false;
    if (now.state === 'ready') open.delete(now.name);
    terminal.say(standing(now));
  }
  return true;
}

/** An account that waits for a code already needs no further sign-in: it would void the code. */
async function signIn(
  account: AccountReport,
  desk: LoginDesk,
  terminal: Terminal,
): Promise<AccountReport> {
  if (account.state === 'otp_required' && account.challenge !== null) return account;
  terminal.say(`${account.name}: signing in`);
  return desk.login(account.name);
}

/** Undefined when somebody has pressed Ctrl-C before. */
function unlessInterrupted<T>(work: Promise<T>, interrupted: AbortSignal): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    const stop = (): void => {
      resolve(undefined);
    };
    if (interrupted.aborted) stop();
    interrupted.addEventListener('abort', stop, { once: true });
    work.then(resolve, reject).finally(() => {
      interrupted.removeEventListener('abort', stop);
    });
  });
}

function howToGoOn(account: string, { mqtt }: Config): string[] {
  const { hostname, port } = new URL(mqtt.url);
  const broker = `-h ${hostname}${port === '' ? '' : ` -p ${port}`}`;
  const topic = `'${mqtt.base_topic}/bridge/commands/otp'`;
  return [
    '',
    `${account}: left as it is. To go on, run this again; or, where it waits for a code, while the daemon runs:`,
    `  mosquitto_pub ${broker} -t ${topic} -m '{"account":"${account}","method":"email"}'`,
    `  mosquitto_pub ${broker} -t ${topic} -m '{"account":"${account}","code":"<the code>"}'`,
  ];
}
