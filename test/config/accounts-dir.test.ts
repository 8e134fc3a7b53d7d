import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { loadConfig } from '../../src/config/load-config.js';
import { secretsOf } from '../../src/config/secrets.js';
import { aFolder, configOf, messagesOf } from './support.js';

const main = "mqtt: { url: 'mqtt://broker.lan' }\naccounts_dir: accounts\n";
const real = 'region: canada\nbrand: kia\nusername: me\n';

async function loadWith(files: Readonly<Record<string, string>>, text = main) {
  const cwd = await aFolder({ 'bluelink2mqtt.yaml': text, ...files });
  const env = { CREDENTIALS_DIRECTORY: join(cwd, 'creds') };
  return { cwd, loaded: await loadConfig({ env, cwd }) };
}

test('each file is an account, after those of the list', async () => {
  const list = 'accounts: [{ name: listed, backend: simulator }]\n';
  const { cwd, loaded } = await loadWith(
    {
      'accounts/b.yaml': 'backend: simulator\nsimulator: { log_file: calls.jsonl }\n',
      'accounts/a.yaml': `name: a\n${real}password_file: secrets/a\nvehicles: { V1: { alias: car } }\n`,
      'accounts/secrets/a': 'opensesame\n',
      'creds/a.pin': '0123\n',
      'accounts/.b.yaml.part': 'half a',
      'accounts/b.yaml~': 'older',
      'accounts/notes.txt': 'nothing',
    },
    main + list,
  );
  const config = configOf(loaded);
  expect(config.accounts).toMatchObject([
    { name: 'listed', origin: 'list', enabled: true },
    {
      name: 'a',
      origin: 'folder',
      region: 'canada',
      password: 'opensesame',
      password_file: join(cwd, 'accounts/secrets/a'),
      pin: '0123',
      vehicles: { V1: { alias: 'car' } },
    },
    {
      name: 'b',
      backend: 'simulator',
      simulator: { log_file: join(cwd, 'accounts/calls.jsonl') },
    },
  ]);
  expect(secretsOf(config)).toEqual(['opensesame', '0123']);
});

test('an account that is switched off is known and not among those that run, in the list and in the folder', async () => {
  const list = 'accounts: [{ name: listed, backend: simulator, enabled: false }]\n';
  const { loaded } = await loadWith(
    {
      'accounts/off.yaml': 'backend: simulator\nenabled: false\n',
      'accounts/on.yaml': 'backend: simulator\n',
    },
    main + list,
  );
  expect(configOf(loaded).accounts.map(({ name }) => name)).toEqual(['on']);
  expect(loaded).toMatchObject({ disabled: [{ name: 'listed' }, { name: 'off' }] });
});

test('the faults of all files are told at once, each with its file, line and key', async () => {
  const list = 'accounts: [{ name: listed, backend: simulator, colour: red }]\n';
  const { loaded } = await loadWith(
    {
      'accounts/list.yaml': '- name: x\n',
      'accounts/named.yaml': 'name: other\nbackend: simulator\n',
      'accounts/real.yaml': `region: canada\nbrand: kia\nusername: me\npassword: [hunter2]\npin_file: none\n`,
      'accounts/syntax.yaml': 'backend: simulator\nbackend: simulator\n',
      'accounts/Upper.yaml': 'backend: simulator\n',
      'accounts/short.yml': 'backend: simulator\n',
    },
    main + list,
  );
  const messages = messagesOf(loaded);
  expect(messages.map((message) => message.replace(/: expected .*, got/, ':')).toSorted()).toEqual([
    'accounts/Upper.yaml: another name',
    'accounts/list.yaml:1:1: something else',
    'accounts/named.yaml:1:1 name: "other"',
    'accounts/real.yaml:4:1 password: a list',
    'accounts/real.yaml:5:1 pin_file: no such file',
    'accounts/short.yml: another name',
    'accounts/syntax.yaml:2:1: a key that is there twice',
    'bluelink2mqtt.yaml:3:48 accounts.0.colour: an unknown key',
  ]);
  expect(messages.join()).not.toContain('hunter2');
});

test('accounts of the list and the folder must go together', async () => {
  const list =
    'accounts: [{ name: one, backend: simulator, vehicles: { V1: { alias: car } } }]\nworkers: { max: 2 }\n';
  const { loaded } = await loadWith(
    {
      'accounts/one.yaml': 'backend: simulator\n',
      'accounts/two.yaml': 'backend: simulator\nvehicles:\n  V2:\n    alias: car\n',
    },
    main + list,
  );
  expect(messagesOf(loaded)).toEqual([
    'bluelink2mqtt.yaml:4:12 workers.max: expected at least 4, one more than there are accounts, got 2',
    'accounts/one.yaml:1:1 name: expected a name that no other account has, got "one" again',
    'accounts/two.yaml:4:5 vehicles.V2.alias: expected an alias that no other car has, got "car" again',
  ]);
});

test('a folder that is not there yet is empty, and said', async () => {
  const { loaded } = await loadWith({});
  expect(configOf(loaded).accounts).toEqual([]);
  expect(loaded).toMatchObject({ warnings: ['accounts_dir: there is no folder accounts yet'] });
});

test('a region that was never tried is warned of with its file', async () => {
  const { loaded } = await loadWith({
    'accounts/far.yaml': 'region: brazil\nbrand: hyundai\nusername: me\npassword: x\n',
  });
  expect(loaded).toMatchObject({
    warnings: [
      'accounts/far.yaml:1:1 region: the region brazil is experimental: it was never tried with a real car',
    ],
  });
});

test('what stands in the place of the folder, or of a file, is a fault', async () => {
  const cwd = await aFolder({ 'bluelink2mqtt.yaml': main, accounts: 'a file' });
  expect(messagesOf(await loadConfig({ env: {}, cwd }))).toEqual([
    'accounts: expected a folder that can be read, got ENOTDIR',
  ]);
  const other = await aFolder({ 'bluelink2mqtt.yaml': main });
  await mkdir(join(other, 'accounts/home.yaml'), { recursive: true });
  await writeFile(join(other, 'accounts/away.yaml'), 'backend: simulator\n');
  await chmod(join(other, 'accounts/away.yaml'), 0o600);
  expect(messagesOf(await loadConfig({ env: {}, cwd: other }))).toEqual([
    'accounts/home.yaml: expected a file that can be read, got EISDIR',
  ]);
});
