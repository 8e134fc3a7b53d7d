import type { AccountReport } from '../http/account-report.js';
import { codeMethods, type Challenge, type CodeMethod } from '../vehicle/task.js';
import type { CodeStep, LoginDesk } from './desk.js';
import { inPlainWords } from './plain-words.js';
import type { Terminal } from './terminal.js';

/** What somebody typed. */
type Typed =
  | { readonly is: 'method'; readonly method: CodeMethod }
  | { readonly is: 'code'; readonly code: string }
  | { readonly is: 'other' };

const anyAddress: Challenge = { methods: [...codeMethods], email: null, sms: null };

/**
 * Asks a person for the one-time code that an account waits for, as often as it takes. Answers where the account
 * stands when it no longer waits for one; undefined when the input has ended.
 */
export async function askCode(
  account: AccountReport,
  desk: LoginDesk,
  terminal: Terminal,
  method: CodeMethod | undefined,
): Promise<AccountReport | undefined> {
  const { name } = account;
  let now = account;
  terminal.say(`${name}: the maker wants a one-time code`);
  if (method !== undefined) now = await send(now, method, desk, terminal);
  while (now.state === 'otp_required') {
    const challenge = now.challenge ?? anyAddress;
    for (const line of offers(challenge)) terminal.say(line);
    const line = await terminal.ask(`${name}: the code, or a number to have one sent: `);
    if (line === undefined) return undefined;
    const typed = read(line, challenge);
    if (typed.is === 'method') now = await send(now, typed.method, desk, terminal);
    else if (typed.is === 'code') now = await submit(now, typed.code, desk, terminal);
    else terminal.say('expected one of the numbers above, or the code: 4 to 10 digits');
  }
  return now;
}

async function send(
  account: AccountReport,
  method: CodeMethod,
  desk: LoginDesk,
  terminal: Terminal,
): Promise<AccountReport> {
  const { name, challenge } = account;
  const step = await desk.requestCode(name, method);
  if (step.failure !== undefined) {
    terminal.say(`${name}: no code was sent: ${inPlainWords(step.failure)}`);
  } else if (step.account.state === 'otp_required') {
    terminal.say(`${name}: a code is on its way by ${way(method, challenge ?? anyAddress)}`);
  }
  return step.account;
}

async function submit(
  account: AccountReport,
  code: string,
  desk: LoginDesk,
  terminal: Terminal,
): Promise<AccountReport> {
  const step: CodeStep = await desk.submitCode(account.name, code);
  if (step.failure !== undefined) {
    const { code: kind, message } = step.failure;
    const why = kind === 'otp_required' ? `${message}; try again` : inPlainWords(step.failure);
    terminal.say(`${account.name}: not signed in: ${why}`);
  }
  return step.account;
}

function offers(challenge: Challenge): string[] {
  return challenge.methods.map(
    (method, index) => `  ${String(index + 1)}  a new code by ${way(method, challenge)}`,
  );
}

const ways: Readonly<Record<CodeMethod, string>> = { email: 'e-mail', sms: 'SMS' };

/** The addresses are as the vendor masks them. */
function way(method: CodeMethod, challenge: Challenge): string {
  const address = challenge[method];
  return address === null ? ways[method] : `${ways[method]} to ${address}`;
}

function read(line: string, { methods }: Challenge): Typed {
  const text = line.replaceAll(/[\s-]/g, '').toLowerCase();
  const method = methods.find((one, index) => text === one || text === String(index + 1));
  if (method !== undefined) return { is: 'method', method };
  return /^\d{4,10}$/.test(text) ? { is: 'code', code: text } : { is: 'other' };
}
