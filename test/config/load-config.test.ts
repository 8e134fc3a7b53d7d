import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { loadConfig, type ConfigSources } from '../../src/config/load-config.js';
import { configSchema } from '../../src/config/schema.js';
import { secretsOf } from '../../src/config/secrets.js';
import { readYaml } from '../../src/config/yaml-source.js';
import { aFolder, configOf, least, loadText, messagesOf } from './support.js';

const own = 'BLUELINK2MQTT_';

describe('the file', () => {
  const named = (topic: string) => `${least}\nlog: { level: ${topic} }`;
  const files = { 'a.yaml': named('error'), 'b.yaml': named('trace'), 'bluelink2mqtt.yaml': least };

  test.each<[string, Omit<ConfigSources, 'cwd'>, string]>([
    [
      '--config before the environment',
      { file: 'a.yaml', env: { [`${own}CONFIG`]: 'b.yaml' } },
      'error',
    ],
    ['the environment before the usual place', { env: { [`${own}CONFIG`]: 'b.yaml' } }, 'trace'],
    ['the usual place', { env: {} }, 'info'],
  ])('is found: %s', async (_, sources, level) => {
    const cwd = await aFolder(files);
    expect(configOf(await loadConfig({ ...sources, cwd })).log.level).toBe(level);
  });

  test('that is named and missing is a fault, whatever else there is', async () => {
    const cwd = await aFolder(files);
    const loaded = await loadConfig({ file: 'c.yaml', env: {}, cwd });
    expect(messagesOf(loaded)).toEqual(['c.yaml: expected a file that can be read, got ENOENT']);
  });

  test('may be absent when the environment says it all', async () => {
    const env = {
      [`${own}MQTT__URL`]: 'mqtt://h',
      [`${own}ACCOUNTS__0__NAME`]: 'demo',
      [`${own}ACCOUNTS__0__BACKEND`]: 'simulator',
    };
    const loaded = await loadConfig({ env, cwd: await aFolder() });
    expect(configOf(loaded).accounts[0]?.name).toBe('demo');
    expect(loaded.file).toBeUndefined();
  });

  test('without anything set names both settings that have no default', async () => {
    const loaded = await loadConfig({ env: {}, cwd: await aFolder() });
    expect(loaded).toMatchObject({
      ok: false,
      faults: [{ path: 'mqtt.url' }, { path: 'accounts' }],
    });
  });

  test.each(['', '# only a comment\n', '---\n', 'mqtt:\n  # url: x\n'])(
    'without a setting (%j) lacks the same two',
    async (text) => {
      const loaded = await loadText(text);
      expect(loaded).toMatchObject({ faults: [{ path: 'mqtt.url' }, { path: 'accounts' }] });
    },
  );

  test('of the examples loads', async () => {
    const text = await readFile(
      new URL('../../config/bluelink2mqtt.example.yaml', import.meta.url),
      'utf8',
    );
    const secrets = { 'mqtt.password': 'a\n', 'home.password': 'b\n', 'home.pin': '0123\n' };
    const loaded = await loadText(text, {}, secrets);
    expect(configOf(loaded)).toMatchObject({
      mqtt: { password: 'a' },
      accounts: [{ name: 'home', backend: 'hyundai-kia-connect', password: 'b', pin: '0123' }],
    });
    expect(loaded).toMatchObject({ warnings: [] });
  });

  test('of the examples loads with every comment that shows a section made a setting', async () => {
    const text = await readFile(
      new URL('../../config/bluelink2mqtt.example.yaml', import.meta.url),
      'utf8',
    );
    const shown = text.replaceAll(/^( *)# (?= *(?:- )?\w+:(?: |$))/gm, '$1');
    expect(shown).not.toBe(text);
    const secrets = { 'mqtt.password': 'a', 'home.password': 'b', 'home.pin': '0123' };
    expect(configOf(await loadText(shown, {}, secrets)).accounts.map(({ name }) => name)).toEqual([
      'home',
      'demo',
    ]);
  });
});

describe('defaults', () => {
  test('are those of the contract', async () => {
    expect(configOf(await loadText(least))).toMatchObject({
      mqtt: {
        client_id: 'bluelink2mqtt',
        version: 'auto',
        session_expiry_ms: 60_000,
        base_topic: 'bluelink',
        flat_topics: false,
        legacy_topics: false,
      },
      commands: {
        read_only: false,
        rate: { count: 20, window_ms: 600_000 },
        expires_in_ms: { unlock: 60_000, lock: 600_000, force: 300_000, trips: 3_600_000 },
        queue_per_vehicle: 32,
        queue_total: 1_000,
      },
      audit: { keep_ms: 90 * 86_400_000 },
      refresh: { on_start: 'cached', max_age_ms: 300_000 },
      polling: { every_ms: 1_800_000, force_every_ms: null, quiet_hours: null },
      budget: { daily: 'auto', reserve_percent: 20 },
      guards: { aux_battery_min: 65, aux_battery_hard_min: 50, min_force_gap_ms: null },
      breaker: { failures: 5, reset_ms: 60_000, max_reset_ms: 1_800_000 },
      workers: { max: 'auto', deadline_ms: { cached: 60_000, force: 180_000 } },
      confirm: { poll_ms: null, for_ms: 120_000, read_back_ms: [5_000, 15_000, 30_000] },
      retry: { initial_ms: 1_000, factor: 2, max_ms: 60_000, jitter: 0.1 },
      http: { enabled: true, host: '127.0.0.1', port: 8099 },
      log: { level: 'info', format: 'auto' },
      python: 'auto',
    });
  });
});

describe('faults', () => {
  const text = `mqtt:
  url: ftp://broker
  version: 3
  colour: red
accounts:
  - name: home
    region: the moon
    brand: kia
    username: me
    password: hunter2
    simulator: { vehicles: 2 }
  - { name: demo, backend: simulator, simulator: { latency: soon } }
log: loud
commands:
  allow: [refresh, lock:unlok]
  expires_in: { unlock: 5 }
`;

  test('are told all at once, in order, each with its line, column and key', async () => {
    const loaded = await loadText(text);
    expect(messagesOf(loaded).map((message) => message.split(': expected')[0])).toEqual([
      'bluelink2mqtt.yaml:2:3 mqtt.url',
      'bluelink2mqtt.yaml:3:3 mqtt.version',
      'bluelink2mqtt.yaml:4:3 mqtt.colour',
      'bluelink2mqtt.yaml:7:5 accounts.0.region',
      'bluelink2mqtt.yaml:11:5 accounts.0.simulator',
      'bluelink2mqtt.yaml:12:52 accounts.1.simulator.latency',
      'bluelink2mqtt.yaml:13:1 log',
      'bluelink2mqtt.yaml:15:20 commands.allow.1',
      'bluelink2mqtt.yaml:16:17 commands.expires_in.unlock',
    ]);
  });

  test('say what was expected and what came', async () => {
    expect(await loadText(`${least}\nhttp: { port: 80000 }`)).toMatchObject({
      faults: [{ expected: 'a whole number from 0 to 65535', got: '80000', line: 5 }],
    });
  });

  test('of a missing value point at its section', async () => {
    expect(messagesOf(await loadText('mqtt:\n  url: mqtt://h\naccounts:\n  - name: home'))).toEqual(
      [
        expect.stringMatching(
          /^bluelink2mqtt.yaml:4:5 accounts.0.region: expected .*, got nothing$/,
        ),
        expect.stringMatching(
          /^bluelink2mqtt.yaml:4:5 accounts.0.brand: expected .*, got nothing$/,
        ),
        expect.stringMatching(
          /^bluelink2mqtt.yaml:4:5 accounts.0.username: expected .*, got nothing$/,
        ),
        expect.stringMatching(
          /^bluelink2mqtt.yaml:4:5 accounts.0.password: .*password_file.*, got nothing$/,
        ),
      ],
    );
  });

  test('of an unknown key name the keys that are known there', async () => {
    expect(await loadText(`${least}\nlog: { levle: info }`)).toMatchObject({
      faults: [{ path: 'log.levle', expected: 'one of the keys level, format' }],
    });
  });

  test.each([
    ['mqtt: [', 'an indentation that fits, or a bracket that closes'],
    ['log: level: info', 'YAML'],
    ['log: {level: info}\nlog: {level: warn}', 'each key once'],
    ['a: 1\n---\nb: 2', 'one document'],
    ['mqtt:\n\turl: mqtt://h', 'indentation by spaces'],
    ['just text', 'keys and values'],
    ['log: *nowhere', 'a value, in quotes if it begins with *'],
  ])('of the YAML itself (%j) are told with their line', async (yaml, expected) => {
    const loaded = await loadText(yaml);
    expect(loaded.ok ? [] : loaded.faults).toContainEqual(expect.objectContaining({ expected }));
    expect(messagesOf(loaded)[0]).toMatch(/^bluelink2mqtt.yaml:\d+:\d+/);
  });

  test('end a bomb of aliases', async () => {
    const rows = Array.from(
      { length: 9 },
      (_, n) => `k${String(n + 1)}: &a${String(n + 1)} [${`*a${String(n)},`.repeat(9)}]`,
    );
    const loaded = await loadText(`k0: &a0 [x]\n${rows.join('\n')}\n${least}`);
    expect(loaded.ok ? [] : loaded.faults).toContainEqual(
      expect.objectContaining({ expected: 'at most 100 aliases' }),
    );
  });

  test('are all that any text can cause', async () => {
    const piece = fc.constantFrom(
      ...[
        'mqtt:',
        'accounts:',
        'log:',
        'commands:',
        ' url: x',
        ' - ',
        '\n',
        '\n  ',
        '{',
        '}',
        '[',
        ']',
      ],
      ...[
        '&a',
        '*a',
        '!!map',
        '!x',
        '<<: ',
        '? ',
        '"',
        "'",
        '|',
        '>',
        '#',
        '---',
        '...',
        '%',
        '0x',
        ': ',
      ],
      ...['vehicles: ', 'name: ', '__proto__: ', 'backend: simulator', ',', '\t', '\0', '\uD800'],
    );
    const cwd = await aFolder();
    const text = fc.array(fc.oneof(piece, fc.string({ maxLength: 5 })), { maxLength: 25 });
    await fc.assert(
      fc.asyncProperty(text, async (pieces) => {
        const { faults } = readYaml(
          pieces.join(''),
          { file: 'x', line: 1, column: 1 },
          configSchema,
        );
        const env = { [`${own}ACCOUNTS`]: pieces.join('').replaceAll('\0', '') };
        const loaded = await loadConfig({ env, cwd });
        expect([Array.isArray(faults), loaded.ok]).toEqual([true, false]);
      }),
      { numRuns: 300 },
    );
  });

  test('never show a secret, wherever it was written', async () => {
    const secret = 'hunter2';
    const places = [
      `mqtt: { url: 'mqtt://u:${secret}@h:99999' }`,
      `mqtt: { url: 'wss://h?token=${secret} x' }`,
      `mqtt: { url: 'mqtt://h', password: [${secret}] }`,
      `mqtt: { password: { ${secret}: ${secret} } }`,
      `mqtt: { password_file: ${secret} }`,
      `mqtt: ${secret}`,
      `accounts: ${secret}`,
      `accounts: [${secret}]`,
      `accounts: [{ pin: *${secret} }]`,
      `accounts: [{ password: "${secret} ]`,
      `accounts: [{ password: !${secret} x }]`,
      `accounts: [{ password: @${secret} }]`,
      `http: { token: '', host: 0.0.0.0, token_file: ${secret} }`,
      `{{ ${secret}`,
      secret,
    ];
    for (const text of places) {
      const loaded = await loadText(text);
      expect(loaded.ok).toBe(false);
      expect(JSON.stringify(loaded)).not.toContain(secret);
    }
  });
});

describe('the environment', () => {
  test('goes before the file, into lists and under ids of any case', async () => {
    const text = `${least}\nlog: { level: warn, format: json }`;
    const vehicles =
      'accounts: [{name: home, backend: simulator, vehicles: {KMHaa: {alias: one}}}]';
    const config = configOf(
      await loadText(text.replace(/accounts: .*/, vehicles), {
        [`${own}LOG__LEVEL`]: 'debug',
        [`${own}ACCOUNTS__0__VEHICLES__KMHAA__ALIAS`]: 'two',
        [`${own}COMMANDS__ALLOW`]: '[refresh, lock:lock]',
        [`${own}HTTP__PORT`]: '8100',
        [`${own}HTTP__ENABLED`]: 'false',
        [`${own}BREAKER__RESET`]: '30s',
        [`${own}STATE_DIR`]: '/var/lib/x',
      }),
    );
    expect(config).toMatchObject({
      log: { level: 'debug', format: 'json' },
      accounts: [{ vehicles: { KMHaa: { alias: 'two' } } }],
      commands: { allow: ['refresh', 'lock:lock'] },
      http: { port: 8100, enabled: false },
      breaker: { reset_ms: 30_000 },
      state_dir: '/var/lib/x',
    });
  });

  test('names the variable in a fault', async () => {
    const loaded = await loadText(least, {
      [`${own}HTTP__PORT`]: 'eighty',
      [`${own}MQTT__URI`]: 'x',
    });
    expect(messagesOf(loaded)).toEqual([
      expect.stringMatching(
        /^environment BLUELINK2MQTT_MQTT__URI mqtt.uri: expected one of the keys url/,
      ),
      'environment BLUELINK2MQTT_HTTP__PORT http.port: expected a whole number from 0 to 65535, got "eighty"',
    ]);
  });

  test('with an empty value says nothing, and links of Kubernetes are no settings', async () => {
    const env = {
      [`${own}LOG__LEVEL`]: '',
      [`${own}SERVICE_HOST`]: '10.0.0.1',
      [`${own}PORT_8099_TCP_ADDR`]: '10.0.0.1',
    };
    expect(configOf(await loadText(least, env)).log.level).toBe('info');
  });

  test('leaves every text as it is where the schema wants a text', async () => {
    const words = fc.constantFrom(
      '12345',
      '0123',
      'true',
      'null',
      '~',
      '[a]',
      '{a: b}',
      '*x',
      '1e3',
      '"q"',
      ' s ',
    );
    const secret = fc.oneof(words, fc.string({ minLength: 1, maxLength: 40 }));
    const cwd = await aFolder({ 'bluelink2mqtt.yaml': least });
    await fc.assert(
      fc.asyncProperty(secret, secret, async (password, pin) => {
        const env = {
          [`${own}MQTT__PASSWORD`]: password,
          [`${own}ACCOUNTS__0__PIN`]: pin,
        };
        const { mqtt, accounts } = configOf(await loadConfig({ env, cwd }));
        expect([mqtt.password, accounts[0]?.pin]).toEqual([password, pin]);
      }),
    );
  });

  test('gives numbers and booleans their type', async () => {
    const cwd = await aFolder({ 'bluelink2mqtt.yaml': least });
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 65_535 }), fc.boolean(), async (port, enabled) => {
        const env = {
          [`${own}HTTP__PORT`]: String(port),
          [`${own}POLLING__ENABLED`]: String(enabled),
        };
        const { http, polling } = configOf(await loadConfig({ env, cwd }));
        expect([http.port, polling.enabled]).toEqual([port, enabled]);
      }),
      { numRuns: 25 },
    );
  });

  test('cannot reach beyond the configuration', async () => {
    const env = { [`${own}__PROTO____POLLUTED`]: 'yes', [`${own}CONSTRUCTOR__X`]: 'y' };
    const loaded = await loadText(least, env);
    expect(loaded.ok).toBe(false);
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });
});

describe('texts in the file', () => {
  test('keep their zeros and words', async () => {
    const account =
      'accounts: [{ name: 007, region: 3, brand: Kia, username: 12, password: 0123, pin: true }]';
    const config = configOf(await loadText(least.replace(/accounts: .*/, account)));
    expect(config.accounts).toMatchObject([
      { name: '007', region: 'usa', brand: 'kia', username: '12', password: '0123', pin: 'true' },
    ]);
  });
});

describe('secrets', () => {
  const text = `mqtt: { url: 'mqtt://h', password_file: secrets/broker }
accounts: [{ name: home, region: europe, brand: kia, username: me, password_file: secrets/pw }]
`;
  const files = { 'secrets/broker': 'one\n', 'secrets/pw': ' two \r\n', other: 'three' };

  test('come from their files, relative to the configuration, less one newline', async () => {
    const config = configOf(await loadText(text, {}, files));
    expect(secretsOf(config)).toEqual(['one', ' two ']);
  });

  test('come from the folder of credentials', async () => {
    const folder = await aFolder({
      'mqtt.password': 'm\n',
      'http.token': 't-that-is-long-enough\n',
      'home.password': 'p\n',
      'home.pin': '0042\n',
    });
    const bare = text.replaceAll(/, password_file: [a-z/]+/g, '');
    const config = configOf(await loadText(bare, { CREDENTIALS_DIRECTORY: folder }));
    expect(secretsOf(config)).toEqual(['m', 't-that-is-long-enough', 'p', '0042']);
  });

  test('of the file go before the folder of credentials, which may lack them', async () => {
    const folder = await aFolder({ 'mqtt.password': 'm', 'home.password': 'p' });
    const config = configOf(await loadText(text, { CREDENTIALS_DIRECTORY: folder }, files));
    expect(secretsOf(config)).toEqual(['one', ' two ']);
  });

  test('of the environment go before the file, in either form', async () => {
    const env = { [`${own}MQTT__PASSWORD`]: 'env', [`${own}ACCOUNTS__0__PASSWORD_FILE`]: 'other' };
    expect(secretsOf(configOf(await loadText(text, env, files)))).toEqual(['env', 'three']);
  });

  test('given both as value and as file are a fault', async () => {
    const both = text.replace('password_file: secrets/broker', '$&, password: x');
    expect(messagesOf(await loadText(both, {}, files))).toEqual([
      'bluelink2mqtt.yaml:1:26 mqtt.password_file: expected either password or password_file, got both',
    ]);
    const env = { [`${own}MQTT__PASSWORD`]: 'x', [`${own}MQTT__PASSWORD_FILE`]: 'other' };
    expect(messagesOf(await loadText(text, env, files))).toHaveLength(1);
  });

  test.each([
    ['missing', {}, 'no such file'],
    ['empty', { 'secrets/broker': '\n' }, 'an empty file'],
    ['a folder', { 'secrets/broker/x': '' }, 'EISDIR'],
  ])('whose file is %s are a fault', async (_, broken, got) => {
    const loaded = await loadText(text, {}, { 'secrets/pw': 'two', ...broken });
    expect(loaded).toMatchObject({ faults: [{ path: 'mqtt.password_file', line: 1, got }] });
  });
});

describe("the predecessor's names", () => {
  const env = {
    HYUNDAI_USERNAME: 'me@example.com',
    HYUNDAI_PASSWORD: '12345',
    HYUNDAI_PIN: '0042',
    HYUNDAI_REGION: '3',
    HYUNDAI_BRAND: 'Kia',
    MQTT_BROKER_HOST: 'broker.lan',
    MQTT_BROKER_PORT: '8883',
    MQTT_USE_TLS: 'true',
    MQTT_USERNAME: 'car',
    MQTT_PASSWORD: 'true',
    MQTT_CLIENT_ID: 'mine',
    MQTT_BASE_TOPIC: 'hyundai',
    LOG_LEVEL: 'WARNING',
    INITIAL_REFRESH: 'false',
  };

  test('are enough for a configuration', async () => {
    expect(configOf(await loadConfig({ env, cwd: await aFolder() }))).toMatchObject({
      mqtt: {
        url: 'mqtts://broker.lan:8883',
        username: 'car',
        password: 'true',
        client_id: 'mine',
        base_topic: 'hyundai',
      },
      accounts: [
        {
          name: 'home',
          backend: 'hyundai-kia-connect',
          region: 'usa',
          brand: 'kia',
          username: 'me@example.com',
          password: '12345',
          pin: '0042',
        },
      ],
      log: { level: 'warn' },
      refresh: { on_start: 'off' },
    });
  });

  test('have the defaults of the predecessor', async () => {
    const { HYUNDAI_USERNAME, HYUNDAI_PASSWORD } = env;
    const few = { HYUNDAI_USERNAME, HYUNDAI_PASSWORD };
    expect(configOf(await loadConfig({ env: few, cwd: await aFolder() }))).toMatchObject({
      mqtt: { url: 'mqtt://localhost:1883' },
      accounts: [{ region: 'europe', brand: 'hyundai' }],
    });
  });

  test('name no broker to who has accounts of his own', async () => {
    const loaded = await loadText(least.replace(/^mqtt.*$/m, ''), { HYUNDAI_USERNAME: 'x' });
    expect(loaded).toMatchObject({ ok: false, faults: [{ path: 'mqtt.url' }] });
  });

  test.each([
    ['EU', 'europe'],
    ['United States', 'usa'],
    ['NEW_ZEALAND', 'new-zealand'],
    [' nz ', 'new-zealand'],
    ['Brazil', 'brazil'],
    ['4', 'china'],
  ])('know the region %s', async (HYUNDAI_REGION, region) => {
    const loaded = await loadConfig({ env: { ...env, HYUNDAI_REGION }, cwd: await aFolder() });
    expect(configOf(loaded).accounts[0]).toMatchObject({ region });
  });

  test.each([
    ['DEBUG', 'debug'],
    ['INFO', 'info'],
    ['ERROR', 'error'],
    ['CRITICAL', 'error'],
  ])('know the level %s', async (LOG_LEVEL, level) => {
    const loaded = await loadConfig({ env: { ...env, LOG_LEVEL }, cwd: await aFolder() });
    expect(configOf(loaded).log.level).toBe(level);
  });

  test('that nothing here or there uses are passed over', async () => {
    const idle = { HYUNDAI_VEHICLE_ID: 'x', MQTT_QOS: 'x', REFRESH_INTERVAL: 'x' };
    const loaded = await loadConfig({ env: { ...env, ...idle }, cwd: await aFolder() });
    expect(loaded).toMatchObject({ ok: true, warnings: [] });
  });

  test('give way to the file and to the own names', async () => {
    const text = `mqtt: { url: 'mqtt://mine', password_file: pw }
accounts: [{ name: one, region: europe, brand: genesis, username: someone, password: x }]
log: { level: error }`;
    const loaded = await loadText(
      text,
      { ...env, [`${own}MQTT__CLIENT_ID`]: 'new' },
      { pw: 'file' },
    );
    expect(configOf(loaded)).toMatchObject({
      mqtt: { url: 'mqtt://mine', password: 'file', username: 'car', client_id: 'new' },
      accounts: [
        { name: 'one', region: 'europe', brand: 'genesis', username: 'someone', password: 'x' },
      ],
      log: { level: 'error' },
    });
  });

  test('never reach a simulated account', async () => {
    const account = configOf(await loadText(least, env)).accounts[0];
    expect(account).not.toHaveProperty('username');
    expect(account).not.toHaveProperty('password');
  });
});

describe('paths', () => {
  test('start at the folder of the file', async () => {
    const cwd = await aFolder({
      'etc/my.yaml': `${least}\npython: venv/bin/python\nstate_dir: data`,
    });
    const config = configOf(await loadConfig({ file: 'etc/my.yaml', env: {}, cwd }));
    expect(config.state_dir).toBe(join(cwd, 'etc/data'));
    expect(config.python).toBe(join(cwd, 'etc/venv/bin/python'));
  });

  test('of the state are what systemd made, unless the file says otherwise', async () => {
    const env = { STATE_DIRECTORY: '/var/lib/bluelink2mqtt:/var/lib/other' };
    expect(configOf(await loadText(least, env)).state_dir).toBe('/var/lib/bluelink2mqtt');
    expect(configOf(await loadText(`${least}\nstate_dir: /srv/x`, env)).state_dir).toBe('/srv/x');
  });

  test('a bare name of an interpreter is left to the search path', async () => {
    expect(configOf(await loadText(`${least}\npython: python3.12`)).python).toBe('python3.12');
  });
});
