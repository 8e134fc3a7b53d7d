import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { loadConfig } from '../../src/config/load-config.js';
import { secretsOf } from '../../src/config/secrets.js';
import { instanceOf } from '../../src/config/store.js';
import { aFolder, configOf, least, loadText, messagesOf } from './support.js';

const key = 'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=';
const otherKey = 'BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBA=';
const mqtt = "mqtt: { url: 'mqtt://broker.lan' }\n";
const nats = (more = '') =>
  `store: { engine: nats, servers: ['nats://nats.lan:4222'], encryption_key: ${key}${more} }\n`;
const shortOf = (lines: readonly string[]) => lines.map((line) => line.replace(/^\S+ /, ''));

test('without it everything is kept in a folder, and this host is the instance', async () => {
  const { store, instance } = configOf(await loadText(least));
  expect(store).toEqual({ engine: 'level' });
  expect(instance).toMatch(/^[a-z0-9_-]{1,32}$/);
});

test('of a fleet needs servers and a key, and no account in the file', async () => {
  const config = configOf(await loadText(`${mqtt}${nats()}instance: pi-1\n`));
  expect(config).toMatchObject({
    instance: 'pi-1',
    accounts: [],
    store: {
      engine: 'nats',
      servers: ['nats://nats.lan:4222'],
      name: 'bluelink2mqtt',
      replicas: 1,
      encryption_key: key,
    },
  });
});

test('secrets come from files and from the folder of credentials, and are known as secrets', async () => {
  const text = `${mqtt}store: { engine: nats, servers: ['tls://n'], encryption_key_file: keys/now, username: me }\n`;
  const cwd = await aFolder({
    'bluelink2mqtt.yaml': text,
    'keys/now': `${key}\n`,
    'creds/store.previous_encryption_key': `${otherKey}\n`,
    'creds/store.password': 'opensesame\n',
  });
  const loaded = await loadConfig({ env: { CREDENTIALS_DIRECTORY: join(cwd, 'creds') }, cwd });
  const config = configOf(loaded);
  expect(config.store).toMatchObject({
    encryption_key: key,
    encryption_key_file: join(cwd, 'keys/now'),
    previous_encryption_key: otherKey,
    password: 'opensesame',
  });
  expect(secretsOf(config)).toEqual(['opensesame', key, otherKey]);
});

test('a folder of credentials makes no fleet of a single bridge', async () => {
  const cwd = await aFolder({ 'bluelink2mqtt.yaml': least, 'creds/store.encryption_key': key });
  const loaded = await loadConfig({ env: { CREDENTIALS_DIRECTORY: join(cwd, 'creds') }, cwd });
  expect(configOf(loaded).store).toEqual({ engine: 'level' });
});

test.each([
  [
    'servers and a key',
    `${mqtt}store: { engine: nats }`,
    [
      'store.servers: expected the addresses of the servers, which engine: nats needs, got nothing',
      'store.encryption_key: expected a key, which engine: nats needs: as encryption_key, encryption_key_file, or store.encryption_key in $CREDENTIALS_DIRECTORY, got nothing',
    ],
  ],
  [
    'servers and a key only with the engine that has them',
    `${least}store: { servers: ['nats://h'], encryption_key: ${key}, replicas: 3 }`,
    ['servers', 'encryption_key', 'replicas'].map(
      (name) =>
        `store.${name}: expected store.engine: nats, which it belongs to, got engine: level`,
    ),
  ],
  [
    'servers that are addresses',
    mqtt + nats().replace('nats://nats.lan:4222', 'nats://me:geheim@nats.lan'),
    [
      'store.servers.0: expected nats:// or tls:// with a host and no user name or password, such as nats://nats.lan:4222, got "nats://…@nats.lan"',
    ],
  ],
  [
    'a key of 32 bytes',
    mqtt + nats().replace(key, 'c2hvcnQ='),
    [
      'store.encryption_key: expected 32 bytes in base64, such as `openssl rand -base64 32` prints, got a text',
    ],
  ],
  [
    'replicas that NATS can make',
    mqtt + nats(', replicas: 2'),
    ['store.replicas: expected 1, 3 or 5, got 2'],
  ],
  [
    'one way to sign in',
    mqtt + nats(', credentials_file: a.creds, token: long-enough'),
    [
      'store: expected one way to sign in: credentials_file, or username and password, or token, got 2',
    ],
  ],
  [
    'a user with a password',
    mqtt + nats(', username: me'),
    ['store.password: expected username and password together, got one of them'],
  ],
  [
    'a certificate with its key',
    mqtt + nats(', cert_file: a.pem'),
    ['store.key_file: expected cert_file and key_file together, got one of them'],
  ],
  [
    'MQTT 5',
    `mqtt: { url: 'mqtt://h', version: 4 }\n${nats()}`,
    [
      'mqtt.version: expected auto or 5 with store.engine: nats: while an account moves, its commands wait in a session of MQTT 5, got 4',
    ],
  ],
  [
    'an account, where nothing else names one',
    `${mqtt}accounts: []`,
    ['accounts: expected a list of 1 to 1000 accounts, or accounts_dir, got an empty list'],
  ],
  [
    'a name of an instance that fits a subject',
    `${mqtt}${nats()}instance: Pi.1`,
    ['instance: expected 1 to 32 of the letters a-z, digits, _ and -, got "Pi.1"'],
  ],
  [
    'a name that is not that of a section with secrets',
    `${mqtt}accounts: [{ name: store, backend: simulator }]`,
    [
      'accounts.0.name: expected another name: mqtt, http, store are taken by the files in $CREDENTIALS_DIRECTORY, got "store"',
    ],
  ],
])('asks for %s', async (_, text, messages) => {
  expect(shortOf(messagesOf(await loadText(text)))).toEqual(messages);
});

test('a fleet needs no worker for each account', async () => {
  const accounts = ['a', 'b', 'c'].map((name) => `{ name: ${name}, backend: simulator }`);
  const text = `${mqtt}accounts: [${accounts.join(', ')}]\nworkers: { max: 2 }\n`;
  expect(messagesOf(await loadText(text))).toHaveLength(1);
  expect(messagesOf(await loadText(text + nats()))).toEqual([]);
});

test('no fault shows a key', async () => {
  const text = `${mqtt}store: { engine: level, encryption_key: hunter2hunter2, previous_encryption_key: hunter2hunter2, token: hunter2hunter2 }`;
  const lines = messagesOf(await loadText(text));
  expect(lines.length).toBeGreaterThan(3);
  expect(lines.join()).not.toContain('hunter2');
});

test('what the store wants kept is known as a secret', async () => {
  const loaded = await loadText(
    mqtt + nats(`, token: a-token, previous_encryption_key: ${otherKey}`),
  );
  expect(secretsOf(configOf(loaded))).toEqual(['a-token', key, otherKey]);
});

test('an environment variable replaces the file of the same key', async () => {
  const text = `${mqtt}store: { engine: nats, servers: ['nats://h'], encryption_key_file: none }`;
  const config = configOf(await loadText(text, { BLUELINK2MQTT_STORE__ENCRYPTION_KEY: key }));
  expect(config.store).toMatchObject({ encryption_key: key });
});

test('any host has a name that is one of an instance', () => {
  expect(instanceOf('Garage-Pi.fritz.box')).toBe('garage-pi');
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (host) => {
      expect(instanceOf(host)).toMatch(/^[a-z0-9_-]{1,32}$/);
    }),
  );
});
