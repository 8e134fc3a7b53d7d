import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { SecretLines } from '../../src/cli/accounts/secret-lines.js';
import {
  addAccount,
  enableAccount,
  listAccounts,
  removeAccount,
  type AccountsSurroundings,
  type AddOptions,
} from '../../src/cli/accounts.js';
import { AccountList } from '../../src/fleet/account-list.js';
import { createLogger } from '../../src/daemon/logger.js';
import { KnownSecrets } from '../../src/daemon/redaction.js';
import { createCipher } from '../../src/store/cipher.js';
import { hasNats, startNats } from '../support/nats.js';
import { tempDir } from '../support/temp-dir.js';

const real = { region: 'canada', brand: 'kia', username: 'me@example.com' };
const simulated = { backend: 'simulator' };

interface Setting {
  readonly file: string;
  readonly dir: string;
  readonly add: (
    options: Omit<AddOptions, 'config'>,
    input?: string,
    isTyped?: boolean,
  ) => Promise<Answer>;
  readonly list: () => Promise<Answer>;
  readonly remove: (name: string) => Promise<Answer>;
  readonly enable: (name: string, isEnabled: boolean) => Promise<Answer>;
}

interface Answer {
  readonly code: number;
  readonly said: string;
  readonly complained: string;
}

async function aSetting(more: Readonly<Record<string, unknown>>): Promise<Setting> {
  const folder = await tempDir();
  const file = join(folder, 'bluelink2mqtt.yaml');
  await writeFile(
    file,
    stringify({ mqtt: { url: 'mqtt://h' }, state_dir: join(folder, 'state'), ...more }),
  );
  const answered = async (
    work: (surroundings: AccountsSurroundings) => Promise<number>,
    input = '',
    isTyped = false,
  ): Promise<Answer> => {
    const said: string[] = [];
    const complained: string[] = [];
    const stream = Object.assign(new PassThrough(), { isTTY: isTyped });
    stream.end(input);
    const write = (text: string): void => {
      said.push(text);
    };
    const terminal = {
      say: write,
      complain: (line: string) => {
        complained.push(line);
      },
      ask: () => Promise.resolve(undefined),
      interrupted: new AbortController().signal,
      close: () => undefined,
    };
    const secrets = new SecretLines({ input: stream, write, interrupt: () => undefined });
    const code = await work({ terminal, secrets, isTyped, env: {} });
    return { code, said: said.join('\n'), complained: complained.join('\n') };
  };
  const config = file;
  return {
    file,
    dir: join(folder, 'accounts'),
    add: (options, input, isTyped) =>
      answered((parts) => addAccount({ config, ...options }, parts), input, isTyped),
    list: () => answered((parts) => listAccounts({ config, json: true }, parts)),
    remove: (name) => answered((parts) => removeAccount({ config, name }, parts)),
    enable: (name, isEnabled) =>
      answered((parts) => enableAccount({ config, name, isEnabled }, parts)),
  };
}

const inFolder = () => aSetting({ accounts_dir: 'accounts' });

test('an account is added to the folder, for its own user alone, with the secrets of the input', async () => {
  const { add, dir, list } = await inFolder();
  const { code, said } = await add({ name: 'home', ...real, passwordStdin: true }, '0123\n4567\n');
  expect({ code, said }).toEqual({
    code: 0,
    said: `${join(dir, 'home.yaml')}: written\nno bridge is running: it counts from the next start on`,
  });
  const text = await readFile(join(dir, 'home.yaml'), 'utf8');
  expect(parse(text)).toEqual({ ...real, password: '0123', pin: '4567' });
  expect((await stat(dir)).mode & 0o777).toBe(0o700);
  expect((await stat(join(dir, 'home.yaml'))).mode & 0o777).toBe(0o600);
  expect(await readdir(dir)).toEqual(['home.yaml']);
  const listed = await list();
  expect(JSON.parse(listed.said)).toEqual([
    {
      ...{ name: 'home', place: join(dir, 'home.yaml'), enabled: true, state: null },
      ...{ backend: 'hyundai-kia-connect', region: 'canada', brand: 'kia' },
    },
  ]);
});

test('a person is asked without an echo; a PIN may be left out', async () => {
  const { add, dir } = await inFolder();
  const { code, said } = await add({ name: 'home', ...real }, 'opensesame\n\n', true);
  expect(code).toBe(0);
  expect(said).toContain('home: password: ');
  expect(said).not.toContain('opensesame');
  expect(parse(await readFile(join(dir, 'home.yaml'), 'utf8'))).toEqual({
    ...real,
    password: 'opensesame',
  });
});

test('a file with the password is named and not copied', async () => {
  const { add, dir, file } = await inFolder();
  const passwordFile = `${file}.password`;
  await writeFile(passwordFile, 'opensesame\n');
  expect((await add({ name: 'home', ...real, passwordFile })).code).toBe(0);
  expect(await readFile(join(dir, 'home.yaml'), 'utf8')).not.toContain('opensesame');
  expect(await add({ name: 'away', ...real, passwordFile: `${file}.none` })).toMatchObject({
    code: 2,
    complained: expect.stringMatching(
      /away\.yaml\S* password_file: expected .*got no such file/,
    ) as unknown,
  });
});

test('settings of the cars come from a file', async () => {
  const { add, dir, file } = await inFolder();
  const from = `${file}.from`;
  await writeFile(
    from,
    'backend: simulator\npassword: 0123\nvehicles: { V1: { alias: car } }\nsimulator: { log_file: calls }\n',
  );
  expect(await add({ name: 'home', from, language: 'de' })).toMatchObject({ code: 0 });
  expect(parse(await readFile(join(dir, 'home.yaml'), 'utf8'))).toEqual({
    ...{ backend: 'simulator', password: '0123', language: 'de' },
    vehicles: { V1: { alias: 'car' } },
    simulator: { log_file: join(file, '..', 'calls') },
  });
  expect((await add({ name: 'other', from })).complained).toBe(
    'vehicles.V1.alias: expected an alias that no other car has, got "car" again',
  );
});

test('nothing is written where something is wrong', async () => {
  const { add, dir } = await aSetting({
    accounts_dir: 'accounts',
    accounts: [{ name: 'listed', backend: 'simulator' }],
  });
  await mkdir(dir);
  const refusals = [
    await add({ name: 'Home', ...simulated }),
    await add({ name: 'store', ...simulated }),
    await add({ name: 'listed', ...simulated }),
    await add({ name: 'home', ...real }),
    await add({ name: 'home', ...real, brand: 'fiat', passwordStdin: true }, 'hunter2\n'),
    await add({ name: 'home', ...real, passwordStdin: true }, ''),
  ];
  expect(refusals.map(({ code }) => code)).toEqual(refusals.map(() => 2));
  const complained = refusals.map((one) => one.complained).join('\n');
  expect(complained).toMatch(/the name: expected letters a-z, digits, _ and -, got Home/);
  expect(complained).toMatch(/account listed is in the list of accounts in .*bluelink2mqtt\.yaml/);
  expect(complained).toMatch(/use --password-stdin/);
  expect(complained).toMatch(/brand: expected .*got "fiat"/);
  expect(complained).not.toContain('hunter2');
  expect(await readdir(dir)).toEqual([]);
  expect((await add({ name: 'home', ...simulated })).code).toBe(0);
  expect(await add({ name: 'home', ...simulated })).toMatchObject({ code: 2 });
});

test('an account is disabled and enabled with its comments left alone, and removed', async () => {
  const { dir, enable, remove, list } = await inFolder();
  await mkdir(dir);
  const file = join(dir, 'home.yaml');
  await writeFile(file, '# ours\nbackend: simulator # not real\n');
  expect(await enable('home', false)).toMatchObject({ code: 0 });
  expect(await readFile(file, 'utf8')).toBe(
    '# ours\nbackend: simulator # not real\nenabled: false\n',
  );
  expect(JSON.parse((await list()).said)).toMatchObject([{ name: 'home', enabled: false }]);
  await enable('home', true);
  expect(await readFile(file, 'utf8')).toBe(
    '# ours\nbackend: simulator # not real\nenabled: true\n',
  );
  expect(await remove('home')).toMatchObject({ code: 0 });
  expect(await readdir(dir)).toEqual([]);
  for (const again of [await remove('home'), await enable('home', false), await remove('../x')]) {
    expect(again.code).toBe(2);
    expect(again.complained).toMatch(/there is no account/);
  }
});

test('without a folder it is said what to write where', async () => {
  const { add, file, list } = await aSetting({ accounts: [{ name: 'a', backend: 'simulator' }] });
  expect(await add({ name: 'home', ...simulated })).toMatchObject({
    code: 78,
    complained: expect.stringContaining(`put "accounts_dir: accounts"`) as unknown,
  });
  expect(JSON.parse((await list()).said)).toMatchObject([{ name: 'a', place: file }]);
});

test.skipIf(!hasNats)(
  'in a fleet the accounts are in NATS, sealed, with their secrets',
  async () => {
    const nats = await startNats();
    const key = Buffer.alloc(32, 7);
    const store = { engine: 'nats', servers: [nats.url], encryption_key: key.toString('base64') };
    const { add, list, enable, remove, file } = await aSetting({ store });
    const passwordFile = `${file}.password`;
    await writeFile(passwordFile, 'opensesame\n');
    expect(await add({ name: 'home', ...real, passwordFile })).toMatchObject({
      code: 0,
      said: expect.stringContaining('the account home of the fleet bluelink2mqtt') as unknown,
    });
    expect(await add({ name: 'home', ...simulated })).toMatchObject({ code: 2 });
    await enable('home', false);
    const log = createLogger({ level: 'error', format: 'json', secrets: new KnownSecrets() });
    const stored = await AccountList.open({
      connection: await nats.connect(),
      ...{ name: 'bluelink2mqtt', replicas: 1, cipher: createCipher({ current: key }), log },
    });
    expect((await stored.get('home'))?.definition).toEqual({
      ...real,
      password: 'opensesame',
      enabled: false,
    });
    expect(JSON.parse((await list()).said)).toMatchObject([{ name: 'home', enabled: false }]);
    expect(await remove('home')).toMatchObject({ code: 0 });
    expect(await stored.list()).toEqual([]);
  },
);
