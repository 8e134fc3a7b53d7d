import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { SimulatorEffect } from '../../src/backends/simulator.js';
import { places } from '../../src/cli/service/files.js';
import { breaches, unended, type Sent } from '../support/crash-ledger.js';
import type { Recorded } from '../support/recorder.js';
import { waitUntil } from '../support/wait.js';
import { Machine } from './machine.js';

const configuration = `mqtt:
  url: mqtt://localhost:1883
  username: car
accounts:
  - name: demo
    backend: simulator
    simulator:
      vehicles: 2
      seed: 7
      latency: 200ms
      force_latency: 2s
      log_file: /var/lib/bluelink2mqtt/calls.log
workers:
  deadline: { cached: 5s }
commands:
  allow: [refresh, lock, log_level]
`;
/** Its maker cannot be reached: the machine has no way out. */
const withPython = configuration.replace(
  'accounts:\n',
  'accounts:\n  - { name: home, region: usa, brand: hyundai, username: me@example.com }\n',
);
/** The first half of a start, with the network that packages come from. */
const setUpOutside = `[Service]
NetworkNamespacePath=/root/packages/outside
Type=oneshot
WatchdogSec=0
ExecStart=
ExecStart=/bin/true
`;
const password = 'a-broker-password';
const service = 'bluelink2mqtt';
const patience_ms = 150_000;

let machine: Machine;
let later = '';

beforeAll(async () => {
  machine = await Machine.boot();
  later = packLater(machine.packages);
});

beforeEach(async ({ onTestFailed }) => {
  // More starts in a few minutes than the unit allows.
  await machine.run(`systemctl reset-failed ${service}`);
  onTestFailed(async () => {
    console.error((await machine.run(`journalctl -u ${service} -n 40 --no-pager`)).output);
  });
});

afterAll(async () => {
  await machine.end();
});

describe('in a Debian 13 with its own systemd', () => {
  it('is installed as docs/operations.md says', async () => {
    await machine.step(`npm install -g ./packages/${packageOf('0.1.0')}`, { isOnline: true });
    const first = await machine.step('bluelink2mqtt install-service');
    expect(first).toContain('/etc/bluelink2mqtt/config.yaml: made from the example');
    expect(first).toContain('systemctl start bluelink2mqtt');
    await prepareBroker();
    await machine.write('/etc/bluelink2mqtt/config.yaml', configuration);
    await machine.write('/etc/bluelink2mqtt/secrets/mqtt.password', `${password}\n`);
    const second = await machine.step('bluelink2mqtt install-service');
    expect(second).toContain('hands 1 secrets to the service');
    expect(second).toContain('config.yaml: it is there, left alone');
    expect(await machine.step('cat /etc/bluelink2mqtt/config.yaml')).toBe(configuration.trimEnd());
    expect(
      await machine.step(
        'env CREDENTIALS_DIRECTORY=/etc/bluelink2mqtt/secrets bluelink2mqtt check-config --config /etc/bluelink2mqtt/config.yaml',
      ),
    ).toContain('no faults');
  });

  it('starts, says how it stands, and carries out commands', async () => {
    await machine.step('systemctl start bluelink2mqtt');
    await statusSays('1 of 1 accounts ready; broker connected; commands: 0 waiting, 0 running');
    await machine.step('systemctl status bluelink2mqtt --no-pager --lines=3');
    const ledger = await startLedger();
    const sent = [...(await send('refresh', 'cached', 2)), ...(await send('lock', 'lock', 2))];
    await ledger.expectFulfilled(sent);
    await ledger.stop();
    await machine.step('journalctl -u bluelink2mqtt -n 6 --no-pager -o cat');
  });

  it('is hardly exposed', async () => {
    const verdict = await machine.step(
      'systemd-analyze security bluelink2mqtt.service --no-pager | tail -1',
    );
    const exposure = Number(/(\d+\.\d+)/.exec(verdict)?.[1]);
    expect(exposure).toBeGreaterThan(0);
    expect(exposure).toBeLessThanOrEqual(1.5);
    expect((await machine.run('ls /etc/bluelink2mqtt/secrets/mqtt.password')).code).toBe(0);
    expect((await machine.step('stat -c %a /etc/bluelink2mqtt/secrets')).trim()).toBe('700');
    expect(await journal()).not.toContain(password);
  });

  it('comes up by itself with the machine, with what it knew', async () => {
    const before = await bridgeLog();
    expect(before).toHaveLength(4);
    await machine.reboot();
    await statusSays('1 of 1 accounts ready; broker connected');
    expect(await bridgeLog()).toStrictEqual(before);
    expect(await takenTwice()).toStrictEqual([]);
    const ledger = await startLedger();
    await ledger.expectFulfilled(await send('refresh', 'cached', 2));
    await ledger.stop();
  });

  it('is ended and started anew when its loop stands still, and no command is lost or done twice', async () => {
    const ledger = await startLedger();
    const sent = await send('refresh', 'force', 2);
    const pid = await mainPid();
    await inspect('main', 'for (const end = Date.now() + 60000; Date.now() < end;);');
    sent.push(...(await send('lock', 'lock', 2)), ...(await send('refresh', 'cached', 2)));
    await anotherThan(pid);
    sent.push(...(await send('lock', 'lock', 2)));
    await ledger.expectFulfilled(sent);
    expect(await takenTwice()).toStrictEqual([]);
    await ledger.stop();
    const lines = await journal();
    expect(lines).toMatch(/Watchdog timeout \(limit 30s\)/);
    expect(lines).toContain('ended by the watchdog: no sign of life in time');
    expect(lines).toContain("Failed with result 'watchdog'");
    expect(lines).not.toContain('out of order');
    await machine.step(
      `journalctl -u ${service} --no-pager | grep -A 9 'Watchdog timeout' | cut -c 1-200`,
    );
  });

  it('is ended and started anew when a thread hangs for good, and says why before', async () => {
    await machine.step(`journalctl --rotate && journalctl --vacuum-time=1s`);
    const ledger = await startLedger();
    const pid = await mainPid();
    const hang = `process.getBuiltinModule('child_process').execFileSync('sleep', ['600'])`;
    await inspect('worker', hang);
    const sent = [...(await send('refresh', 'cached', 2)), ...(await send('lock', 'lock', 2))];
    await statusSays('out of order: account demo: a worker thread cannot be ended', pid);
    sent.push(...(await send('refresh', 'cached', 2)), ...(await send('lock', 'lock', 2)));
    await anotherThan(pid);
    await ledger.expectFulfilled(sent);
    expect(await takenTwice()).toStrictEqual([]);
    await ledger.stop();
    const lines = await journal();
    expect(lines.match(/the bridge is out of order/g)).toHaveLength(1);
    expect(lines).toMatch(/out of order.* a worker thread cannot be ended[^]*Watchdog timeout/);
    expect((await machine.run('pgrep -x sleep')).output).toBe('');
    await machine.step(
      `journalctl -u ${service} --no-pager | grep -A 8 'out of order' | cut -c 1-300`,
    );
  });

  it('is not started again and again with a wrong configuration', async () => {
    await machine.write('/etc/bluelink2mqtt/config.yaml', 'mqtt: { prot: 1 }\n');
    expect((await machine.run('systemctl restart bluelink2mqtt')).code).not.toBe(0);
    expect(await property('ActiveState')).toBe('failed');
    expect(await property('ExecMainStatus')).toBe('78');
    expect(await journal()).toContain('mqtt.prot');
    await machine.write('/etc/bluelink2mqtt/config.yaml', configuration);
    await machine.step('systemctl restart bluelink2mqtt');
    await statusSays('1 of 1 accounts ready; broker connected');
  });

  it('fetches Python packages and runs them in its sandbox', async () => {
    await machine.write('/etc/bluelink2mqtt/config.yaml', withPython);
    await machine.write('/etc/bluelink2mqtt/secrets/home.password', 'a-maker-password');
    await machine.step('bluelink2mqtt install-service');
    await machine.step('systemctl stop bluelink2mqtt');
    await machine.write(`${places.dropIns}/outside.conf`, setUpOutside);
    await machine.step('systemctl daemon-reload; systemctl start bluelink2mqtt');
    expect(await journal()).toMatch(/Python 3\.13.* is ready/);
    await machine.step(`rm ${places.dropIns}/outside.conf; systemctl daemon-reload`);
    await machine.step('systemctl start bluelink2mqtt');
    await statusSays('1 of 2 accounts ready (home unreachable); broker connected');
    expect((await machine.run('pgrep -fa bluelink_sidecar')).output).toContain('python');
    await machine.write('/etc/bluelink2mqtt/config.yaml', configuration);
    await machine.step('systemctl restart bluelink2mqtt');
  });

  it('is upgraded, and gone back with what it knew', async () => {
    const before = await bridgeLog();
    for (const version of [later, '0.1.0']) {
      await machine.step(`npm install -g ./packages/${packageOf(version)}`, { isOnline: true });
      const said = await machine.step('bluelink2mqtt install-service');
      expect(said).toContain('systemctl restart bluelink2mqtt');
      await machine.step('systemctl restart bluelink2mqtt');
      await statusSays('1 of 1 accounts ready; broker connected');
      expect(await bridgeVersion()).toBe(version);
    }
    expect(await bridgeLog()).toStrictEqual(before);
    expect(await machine.step('cat /etc/bluelink2mqtt/config.yaml')).toBe(configuration.trimEnd());
  });

  it('says that a secret is gone', async () => {
    const secret = '/etc/bluelink2mqtt/secrets/mqtt.password';
    await machine.run(`mv ${secret} /root/kept`);
    expect((await machine.run('systemctl restart bluelink2mqtt')).code).not.toBe(0);
    expect(await journal()).toContain('Failed to set up credentials');
    await machine.run(`systemctl stop bluelink2mqtt; mv /root/kept ${secret}`);
    await machine.step('systemctl restart bluelink2mqtt');
    await statusSays('1 of 1 accounts ready; broker connected');
  });

  it('is the same again from a backup', async () => {
    const before = await bridgeLog();
    const folders =
      'etc/bluelink2mqtt etc/systemd/system/bluelink2mqtt.service.d var/lib/private/bluelink2mqtt';
    await machine.step('systemctl stop bluelink2mqtt');
    await machine.step(`tar -czf bluelink2mqtt-backup.tar.gz --exclude=python -C / ${folders}`);
    await machine.step('bluelink2mqtt uninstall-service --purge');
    await machine.step('bluelink2mqtt install-service');
    await machine.step('rm -rf /var/lib/private/bluelink2mqtt/store');
    await machine.step('tar -xzf bluelink2mqtt-backup.tar.gz -C /');
    await machine.step('bluelink2mqtt install-service');
    await machine.step('systemctl start bluelink2mqtt');
    await statusSays('1 of 1 accounts ready; broker connected');
    expect(await bridgeLog()).toStrictEqual(before);
  });

  it('is removed: the service alone, then all that it kept', async () => {
    const said = await machine.step('bluelink2mqtt uninstall-service');
    expect(said).toContain('Left as they are: /var/lib/bluelink2mqtt');
    expect((await machine.run(`systemctl cat ${service}`)).code).not.toBe(0);
    expect((await machine.run('pgrep -x node')).output).toBe('');
    expect((await machine.run('ls /etc/bluelink2mqtt/config.yaml')).code).toBe(0);
    await machine.step('bluelink2mqtt uninstall-service --purge');
    const kept = '/etc/bluelink2mqtt /var/lib/bluelink2mqtt /var/lib/private/bluelink2mqtt';
    expect(
      (await machine.run(`ls -d ${kept} /etc/systemd/system/${service}.service*`)).output,
    ).not.toMatch(/^\//m);
    await machine.step('npm uninstall -g bluelink2mqtt');
  });
});

async function prepareBroker(): Promise<void> {
  await machine.write(
    '/etc/mosquitto/conf.d/local.conf',
    'listener 1883 localhost\npassword_file /etc/mosquitto/passwd\n',
  );
  await machine.run(`mosquitto_passwd -b -c /etc/mosquitto/passwd car ${password}`);
  await machine.run('chown mosquitto: /etc/mosquitto/passwd; systemctl restart mosquitto');
}

const client = `-u car -P ${password}`;

function packageOf(version: string): string {
  return `bluelink2mqtt-${version}.tgz`;
}

/** The same package with a later version, as npm would pack it. Answers that version. */
function packLater(folder: string): string {
  const [packed] = readdirSync(folder).filter((name) => name.endsWith('.tgz'));
  if (packed === undefined) throw new Error(`no package in ${folder}`);
  const place = join(folder, 'later');
  mkdirSync(place);
  expect(spawnSync('tar', ['-xzf', join(folder, packed), '-C', place]).status).toBe(0);
  const file = join(place, 'package/package.json');
  const version = '99.0.0';
  const own = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>;
  writeFileSync(file, JSON.stringify({ ...own, version }));
  const tar = ['-czf', join(folder, packageOf(version)), '-C', place, 'package'];
  expect(spawnSync('tar', tar).status).toBe(0);
  cpSync(fileURLToPath(new URL('inspect.mjs', import.meta.url)), join(folder, 'inspect.mjs'));
  return version;
}

let count = 0;

/** To each car; bare words of one name would be joined or replaced, so each has an id. */
async function send(name: string, value: string, cars: number): Promise<Sent[]> {
  const sent: Sent[] = [];
  for (const vehicle of (await vehicles()).slice(0, cars)) {
    count += 1;
    const id = `command-${String(count)}`;
    const payload = JSON.stringify({ value, id });
    await machine.step(
      `mosquitto_pub ${client} -q 1 -t bluelink/${vehicle}/commands/${name} -m '${payload}'`,
    );
    sent.push({ vehicle, payload, value, id });
  }
  return sent;
}

let known: string[] | undefined;

async function vehicles(): Promise<string[]> {
  known ??= (await machine.step(`mosquitto_sub ${client} -t bluelink/+/info -C 2 -W 20 -F %t`))
    .split('\n')
    .map((topic) => topic.split('/')[1] ?? '');
  return known;
}

/** Everything that the bridge says of commands from now on. */
async function startLedger() {
  const subscribe = `mosquitto_sub ${client} -q 1 -t 'bluelink/+/result' -F '%t %p' -d`;
  const onlooker = machine.follow('onlooker', `stdbuf -oL ${subscribe}`);
  await onlooker.lines.waitFor(
    (line) => line.startsWith('Subscribed'),
    20_000,
    () => 'SUBACK',
  );
  const recorded = (): Recorded[] =>
    onlooker.lines.items
      .filter((line) => line.startsWith('bluelink/'))
      .map((line) => ({
        topic: line.slice(0, line.indexOf(' ')),
        payload: line.slice(line.indexOf(' ') + 1),
        ...{ qos: 1, retain: false, properties: {}, at_ms: 0 },
      }));
  const expectFulfilled = async (sent: readonly Sent[]): Promise<void> => {
    await waitUntil(
      () => unended(sent, recorded()).length === 0,
      patience_ms,
      () => `the endings of ${JSON.stringify(unended(sent, recorded()))}`,
    );
    expect(breaches(sent, recorded(), await effects())).toStrictEqual([]);
  };
  return { expectFulfilled, stop: onlooker.stop };
}

async function effects(): Promise<SimulatorEffect[]> {
  const { output } = await machine.run('cat /var/lib/bluelink2mqtt/calls.log');
  return output.split('\n').map((line) => JSON.parse(line) as SimulatorEffect);
}

/** The commands that the simulated maker has got more than once. */
async function takenTwice(): Promise<string[]> {
  const ids = (await effects())
    .filter(({ phase }) => phase === 'taken')
    .map(({ command_id }) => command_id ?? '');
  expect(ids.length).toBeGreaterThan(0);
  return ids.filter((id, index) => ids.indexOf(id) !== index);
}

async function property(name: string): Promise<string> {
  return (await machine.run(`systemctl show ${service} -P ${name}`)).output;
}

async function mainPid(): Promise<string> {
  const pid = await property('MainPID');
  expect(Number(pid)).toBeGreaterThan(1);
  return pid;
}

/** What the service says of itself, of any process or of this one. */
async function statusSays(text: string, pid?: string): Promise<void> {
  let said = '';
  await waitUntil(
    async () => {
      said = await property('StatusText');
      if (pid !== undefined && (await property('MainPID')) !== pid) throw new Error('it is gone');
      return said.includes(text);
    },
    patience_ms,
    () => `the status ${text}, it is ${said}`,
  );
}

/** It was started anew and is ready. */
async function anotherThan(pid: string): Promise<void> {
  await waitUntil(
    async () => (await property('MainPID')) !== pid && (await property('ActiveState')) === 'active',
    patience_ms,
    () => 'another process',
  );
}

async function inspect(where: 'main' | 'worker', expression: string): Promise<void> {
  await machine.step(`systemctl kill --kill-whom=main -s USR1 ${service}`);
  await machine.step(`node --experimental-websocket packages/inspect.mjs ${where} "${expression}"`);
}

async function journal(): Promise<string> {
  return (await machine.run(`journalctl -b -u ${service} --no-pager -o cat`)).output;
}

/** Ids and endings of the audit log. */
async function bridgeLog(): Promise<unknown[]> {
  const { output } = await machine.run(
    'env STATE_DIRECTORY=/var/lib/bluelink2mqtt CREDENTIALS_DIRECTORY=/etc/bluelink2mqtt/secrets bluelink2mqtt log --json --config /etc/bluelink2mqtt/config.yaml',
  );
  return output.split('\n').map((line) => {
    const { id, status } = JSON.parse(line) as Record<string, unknown>;
    return { id, status };
  });
}

async function bridgeVersion(): Promise<unknown> {
  const { output } = await machine.run(
    `mosquitto_sub ${client} -t bluelink/bridge/state -C 1 -W 20`,
  );
  return (JSON.parse(output) as Record<string, unknown>)['version'];
}
