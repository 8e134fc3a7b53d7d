import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { stringify } from 'yaml';
import { exitCodes, type ExitCode } from '../../src/cli/exit-codes.js';
import { login, type LoginOptions } from '../../src/cli/login.js';
import { runSubcommand } from '../../src/cli/program.js';
import { createTerminal } from '../../src/cli/terminal.js';
import type { AccountReport } from '../../src/http/bridge-api.js';
import { failure } from '../../src/vehicle/outcome.js';
import { MemoryBridge, readyAccount, type Vendor } from '../http/memory-bridge.js';
import { serve, type Served } from '../http/served.js';
import { tempDir } from '../support/temp-dir.js';

const code = '918273';
const patience = { timeout: 15_000 };

// The configuration is read with the environment, which names interpreters of the tests.
beforeEach(() => {
  for (const name of Object.keys(process.env)) {
    if (name.startsWith('BLUELINK2MQTT_')) vi.stubEnv(name, undefined);
  }
});
afterEach(() => {
  vi.unstubAllEnvs();
});

/** An account that is still to be signed in. */
function anAccount(name: string): AccountReport {
  return { ...readyAccount, name, state: 'unreachable', reason: failure('unavailable', 'not yet') };
}

function aBridge(vendors: Readonly<Record<string, Vendor>>): MemoryBridge {
  return new MemoryBridge(Object.keys(vendors).map(anAccount), vendors);
}

async function configFile(stateDir: string, names: readonly string[]): Promise<string> {
  const file = join(await tempDir(), 'bluelink2mqtt.yaml');
  const accounts = names.map((name) => ({ name, backend: 'simulator' }));
  const mqtt = { url: 'mqtt://broker.lan:8883', base_topic: 'cars' };
  await writeFile(file, stringify({ mqtt, accounts, state_dir: stateDir }));
  return file;
}

interface Person {
  readonly served: Served;
  readonly ended: Promise<ExitCode>;
  /** Everything on the screen. */
  readonly screen: () => string;
  readonly type: (line: string) => void;
  readonly interrupt: () => void;
  readonly leave: () => void;
}

/** Somebody who runs `login` beside this bridge. */
async function aPerson(
  bridge: MemoryBridge,
  options: LoginOptions = {},
  names = bridge.accounts().map(({ name }) => name),
): Promise<Person> {
  const served = await serve(bridge);
  const input = new PassThrough();
  const interruption = new AbortController();
  let screen = '';
  const terminal = createTerminal({
    input,
    write: (text) => {
      screen += text;
    },
    complain: (line) => {
      screen += `${line}\n`;
    },
    interrupted: interruption.signal,
  });
  const config = await configFile(served.stateDir, names);
  return {
    served,
    ended: login({ config, ...options }, terminal),
    screen: () => screen,
    type: (line) => input.write(`${line}\n`),
    interrupt: () => {
      interruption.abort();
    },
    leave: () => input.end(),
  };
}

/** A script in a person's place: all its answers come at once, and then the input ends. */
async function aScript(bridge: MemoryBridge, lines: readonly string[], options?: LoginOptions) {
  const person = await aPerson(bridge, options);
  for (const line of lines) person.type(line);
  person.leave();
  const end = await person.ended;
  return { end, screen: person.screen(), log: person.served.lines.join('') };
}

test('who is signed in already is told so, and nothing is asked', async () => {
  const bridge = new MemoryBridge();
  const { end, screen } = await aScript(bridge, []);
  expect(end).toBe(exitCodes.clean);
  expect(screen).toBe('home: signed in, 1 car(s) already\n');
  expect(bridge.asked).toEqual([]);
});

test('a sign-in that needs no code', async () => {
  const bridge = aBridge({ home: {} });
  const { end, screen } = await aScript(bridge, []);
  expect(end).toBe(exitCodes.clean);
  expect(screen).toContain('home: signed in, 1 car(s)\n');
  expect(bridge.asked).toEqual(['login home']);
});

test('a code: where it goes, a wrong one, the right one', async () => {
  const bridge = aBridge({ home: { code } });
  const { end, screen, log } = await aScript(bridge, ['1', '000000', '918 273']);
  expect(end).toBe(exitCodes.clean);
  const said = [
    '1  a new code by e-mail to a***@b.c',
    '2  a new code by SMS to ***1234',
    'on its way by e-mail to a***@b.c',
    'the code was not accepted',
    'home: signed in, 1 car(s)',
  ];
  const at = said.map((line) => screen.indexOf(line));
  expect(at).not.toContain(-1);
  expect(at).toEqual(at.toSorted((one, other) => one - other));
  expect(bridge.asked).toEqual([
    'login home',
    'otp {"account":"home","method":"email"}',
    'otp {"account":"home","code":"000000"}',
    `otp {"account":"home","code":"${code}"}`,
  ]);
  expect(screen + log).not.toContain(code);
});

test('the way of the code can be said before', async () => {
  const bridge = aBridge({ home: { code } });
  const { end, screen } = await aScript(bridge, [code], { method: 'sms' });
  expect(end).toBe(exitCodes.clean);
  expect(screen).toContain('on its way by SMS to ***1234');
  expect(bridge.asked[1]).toBe('otp {"account":"home","method":"sms"}');
});

test('a code that was asked for before is taken without another sign-in', async () => {
  const bridge = aBridge({ home: { code } });
  await bridge.login('home');
  await bridge.command('bridge', 'otp', Buffer.from('{"account":"home","method":"email"}'));
  bridge.asked.length = 0;
  const { end } = await aScript(bridge, [code]);
  expect(end).toBe(exitCodes.clean);
  expect(bridge.asked).toEqual([`otp {"account":"home","code":"${code}"}`]);
});

test('what is neither is said to be neither', async () => {
  const bridge = aBridge({ home: { code } });
  const { end, screen } = await aScript(bridge, ['3', 'pigeon', 'EMAIL', code]);
  expect(end).toBe(exitCodes.clean);
  expect(screen.match(/expected one of the numbers above/g)).toHaveLength(2);
});

test('a code that the vendor does not send can be asked for again', async () => {
  const sendsNone = failure('rate_limited', 'too many codes', { retry_after_s: 60 });
  const bridge = aBridge({ home: { code, sendsNone } });
  const { end, screen } = await aScript(bridge, ['1', '2']);
  expect(end).toBe(exitCodes.crash);
  expect(screen.match(/no code was sent: the maker's limit of requests is reached/g)).toHaveLength(
    2,
  );
  expect(screen).toContain('rate_limited: too many codes');
});

test.each([
  [failure('auth_failed', 'E1'), 'home: refused: the maker refuses the user name or the password'],
  [failure('consent_required', 'E2'), "sign in once with the maker's own app or web page"],
  [failure('unavailable', 'E3'), "home: not signed in: the maker's cloud cannot be reached"],
])('$code ends it, with the reason in plain words', async (refuses, said) => {
  const { end, screen } = await aScript(aBridge({ home: { refuses } }), ['1']);
  expect(end).toBe(exitCodes.crash);
  expect(screen).toContain(said);
  expect(screen).toContain(`(${refuses.code}: ${refuses.message})`);
});

test('without a name every account that needs it has its turn; with one, that one', async () => {
  const vendors = { home: {}, work: { code }, away: { refuses: failure('auth_failed', 'no') } };
  const all = aBridge(vendors);
  expect((await aScript(all, ['2', code])).end).toBe(exitCodes.crash);
  expect(all.asked.filter((asked) => asked.startsWith('login'))).toEqual([
    'login home',
    'login work',
    'login away',
  ]);
  expect(all.accounts().map(({ state }) => state)).toEqual(['ready', 'ready', 'refused']);
  const one = aBridge(vendors);
  expect((await aScript(one, [], { account: 'home' })).end).toBe(exitCodes.clean);
  expect(one.asked).toEqual(['login home']);
});

const goOn = `mosquitto_pub -h broker.lan -p 8883 -t 'cars/bridge/commands/otp' -m '{"account":"home","code":"<the code>"}'`;

test('an input that ends leaves everything as it is, and how to go on is said', async () => {
  const bridge = aBridge({ home: { code }, work: { code } });
  const { end, screen } = await aScript(bridge, ['1']);
  expect(end).toBe(exitCodes.crash);
  expect(screen).toContain(goOn);
  expect(screen).toContain('work: left as it is');
  expect(bridge.account('home')?.state).toBe('otp_required');
  expect(bridge.asked).toHaveLength(2);
});

test('an input that ends says nothing of an account that was signed in already', async () => {
  const bridge = new MemoryBridge([anAccount('home'), { ...readyAccount, name: 'work' }], {
    home: { code },
  });
  const { end, screen } = await aScript(bridge, []);
  expect(end).toBe(exitCodes.crash);
  expect(screen).toContain('home: left as it is');
  expect(screen).not.toContain('work: left as it is');
});

test('Ctrl-C while the code is awaited does the same', async () => {
  const bridge = aBridge({ home: { code } });
  const person = await aPerson(bridge);
  person.type('2');
  await expect.poll(person.screen, patience).toContain('on its way');
  person.interrupt();
  expect(await person.ended).toBe(exitCodes.crash);
  expect(person.screen()).toContain(goOn);
  expect(bridge.account('home')?.state).toBe('otp_required');
});

test('Ctrl-C ends a sign-in that hangs', async () => {
  const bridge = aBridge({ home: {} });
  bridge.answers = new Promise(() => undefined);
  const person = await aPerson(bridge);
  await expect.poll(() => bridge.asked, patience).toEqual(['login home']);
  person.interrupt();
  expect(await person.ended).toBe(exitCodes.crash);
  expect(person.screen()).toContain('home: left as it is');
});

test('a daemon that stops meanwhile is told', async () => {
  const bridge = aBridge({ home: { code } });
  const person = await aPerson(bridge);
  await expect.poll(person.screen, patience).toContain('the code, or a number');
  await person.served.socket.stop();
  person.type('1');
  expect(await person.ended).toBe(exitCodes.crash);
  expect(person.screen()).toContain('no daemon serves');
});

test('a daemon with another configuration is told', async () => {
  const person = await aPerson(aBridge({ work: {} }), { account: 'home' }, ['home']);
  expect(await person.ended).toBe(exitCodes.crash);
  expect(person.screen()).toContain('the running daemon has another configuration');
});

test('an account or a way that there is not is wrong usage', async () => {
  const person = await aPerson(new MemoryBridge(), { account: 'nobody' });
  expect(await person.ended).toBe(exitCodes.usage);
  expect(person.screen()).toBe('account: expected one of home, got nobody\n');
  expect(await runSubcommand(['login', '--method', 'pigeon'])).toBe(exitCodes.usage);
});
