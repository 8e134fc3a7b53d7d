import { expect, test } from 'vitest';
import { least, loadText, messagesOf } from './support.js';

const mqtt = "mqtt: { url: 'mqtt://h' }";
const vehicles = (first: string, second: string) => `${mqtt}
accounts:
  - { name: a, backend: simulator, vehicles: { ${first} } }
  - { name: b, backend: simulator, vehicles: { ${second} } }
`;

test.each([
  [
    'a session that outlives the smallest expiry',
    least.replace("lan'", "lan', session_expiry: 61s"),
    'mqtt.session_expiry: expected at most the smallest expiry, commands.expires_in.unlock (1m), got 61s',
  ],
  [
    'an expiry that is shorter than the session',
    `${least}commands: { expires_in: { lock: 30s } }`,
    'commands.expires_in.lock: expected at least mqtt.session_expiry (1m), got 30s',
  ],
  [
    'a certificate without its key',
    least.replace("lan'", "lan', cert_file: a.pem"),
    'mqtt.key_file: expected cert_file and key_file together, got one of them',
  ],
  [
    'two accounts of one name',
    `${mqtt}\naccounts: [{name: a, backend: simulator}, {name: a, backend: simulator}]`,
    'accounts.1.name: expected a name that no other account has, got "a" again',
  ],
  [
    'two cars of one alias',
    vehicles('V1: {alias: car}', 'V2: {alias: car}'),
    'accounts.1.vehicles.V2.alias: expected an alias that no other car has, got "car" again',
  ],
  [
    'one car twice',
    vehicles('V1: {}, v1: {}', ''),
    'accounts.0.vehicles.v1: expected each car once, got "v1" again',
  ],
  [
    'an alias that is another car',
    vehicles('V1: {alias: v2}', 'V2: {}'),
    'accounts.0.vehicles.V1.alias: expected an alias that is not the id of another car, got "v2"',
  ],
  [
    'a breaker that starts above its limit',
    `${least}breaker: { reset: 2h }`,
    'breaker.reset: expected at most breaker.max_reset (30m), got 2h',
  ],
  [
    'a retry that starts above its limit',
    `${least}retry: { max: 500ms }`,
    'retry.initial: expected at most retry.max (500ms), got 1s',
  ],
  [
    'guards in the wrong order',
    `${least}guards: { aux_battery_min: 40 }`,
    'guards.aux_battery_hard_min: expected at most guards.aux_battery_min (40), got 50',
  ],
  [
    'too few workers',
    `${vehicles('', '')}workers: { max: 2 }`,
    'workers.max: expected at least 3, one more than there are accounts, got 2',
  ],
  [
    'a server for others without a token',
    `${least}http: { host: 0.0.0.0 }`,
    'http.host: expected a loopback address, or a token, got neither',
  ],
])('refuses %s', async (_, text, message) => {
  expect(messagesOf(await loadText(text)).map((line) => line.replace(/^\S+ /, ''))).toEqual([
    message,
  ]);
});

test.each([
  [
    'a long session with long expiries',
    `${least.replace("lan'", "lan', session_expiry: 2m")}commands: { expires_in: { unlock: 2m, charge_port: 2m, windows: 2m, lights: 2m, horn: 2m, valet_mode: 2m } }`,
  ],
  ['the same alias as the own id', vehicles('v1: {alias: v1}', '')],
  ['guards that are off', `${least}guards: { aux_battery_min: 10, aux_battery_hard_min: off }`],
  ['a hard guard alone', `${least}guards: { aux_battery_min: off, aux_battery_hard_min: 80 }`],
  [
    'a server for others with a token',
    `${least}http: { host: 0.0.0.0, token: a-token-that-is-long }`,
  ],
  ['a server for others that is off', `${least}http: { host: 0.0.0.0, enabled: false }`],
  ['another loopback address', `${least}http: { host: 127.0.0.2 }`],
])('accepts %s', async (_, text) => {
  expect(messagesOf(await loadText(text))).toEqual([]);
});

test('rules are looked at even where single values are wrong', async () => {
  const text = `${vehicles('V1: {alias: car}', 'V2: {alias: car}')}breaker: { failures: many, reset: 2h }`;
  expect(messagesOf(await loadText(text)).map((line) => line.split(' ')[1])).toEqual([
    'accounts.1.vehicles.V2.alias:',
    'breaker.failures:',
    'breaker.reset:',
  ]);
});

test.each([
  ['base_topic: /x', 'mqtt.base_topic'],
  ['base_topic: x/', 'mqtt.base_topic'],
  ['base_topic: a//b', 'mqtt.base_topic'],
  ['base_topic: a/+/b', 'mqtt.base_topic'],
  ["base_topic: 'a/#'", 'mqtt.base_topic'],
  ['base_topic: $SYS', 'mqtt.base_topic'],
  ['response_prefix: +', 'mqtt.response_prefix'],
  ['session_expiry: 60', 'mqtt.session_expiry'],
  ['version: 5.0.0', 'mqtt.version'],
  ["client_id: ''", 'mqtt.client_id'],
])('refuses mqtt: %s', async (setting, path) => {
  expect(await loadText(least.replace("lan'", `lan', ${setting}`))).toMatchObject({
    faults: [{ path }],
  });
});

test.each([
  ['name: Home', 'name'],
  ['name: mqtt', 'name'],
  ['vehicles: { V1: { alias: bridge } }', 'vehicles.V1.alias'],
  ['vehicles: { V1: { alias: My Car } }', 'vehicles.V1.alias'],
  ["vehicles: { 'V 1': {} }", 'vehicles.V 1'],
  ['vehicles: { V1: { commands: { allow: [otp] } } }', 'vehicles.V1.commands.allow.0'],
  ['simulator: { vehicles: 0 }', 'simulator.vehicles'],
  ['region: 100', 'region'],
  ['language: english', 'language'],
])('refuses an account with %s', async (setting, path) => {
  const text = `${mqtt}\naccounts: [{ backend: simulator, ${setting}${setting.startsWith('name') ? '' : ', name: home'} }]`;
  expect(await loadText(text)).toMatchObject({ faults: [{ path: `accounts.0.${path}` }] });
});

test("a number of the library's own that has no name here is taken as it is", async () => {
  const text = `${mqtt}\naccounts: [{ name: home, region: 12, brand: 4, username: a, password: b }]`;
  expect(await loadText(text)).toMatchObject({ config: { accounts: [{ region: 12, brand: 4 }] } });
});

test.each([
  ['moon-base', 'kia', 'does not know the region moon-base'],
  ['12', 'kia', 'does not know the region 12'],
  ['india', 'hyundai', 'experimental'],
  ['new-zealand', 'hyundai', 'knows no hyundai in new-zealand \\(it knows kia\\)'],
  ['europe', 'genesis', 'sign-in of Genesis in Europe fails'],
])('the region %s with the brand %s is taken with a warning', async (region, brand, warning) => {
  const account = `{ name: home, region: ${region}, brand: ${brand}, username: a, password: b }`;
  const path = ' accounts.0.region: ';
  expect(await loadText(`${mqtt}\naccounts: [${account}]`)).toMatchObject({
    ok: true,
    warnings: [expect.stringMatching(`${path}.*${warning}`)],
  });
});

test.each(['172.30.32.2', '172.30.32.0/23', '::1', 'fd00::/8'])(
  '%s is the address of a proxy',
  async (proxy) => {
    const loaded = await loadText(`${least}http: { trusted_proxies: ["${proxy}"] }`);
    expect(loaded).toMatchObject({ ok: true, config: { http: { trusted_proxies: [proxy] } } });
  },
);

test.each(['999.1.1.1', '172.30.32.0/33', '172.30.32', 'fd00::/129', 'proxy.lan', ':::'])(
  '%s is none',
  async (proxy) => {
    expect(messagesOf(await loadText(`${least}http: { trusted_proxies: ["${proxy}"] }`))).toEqual([
      expect.stringContaining(
        'http.trusted_proxies.0: expected an address or a network such as 172.30.32.0/23',
      ),
    ]);
  },
);
