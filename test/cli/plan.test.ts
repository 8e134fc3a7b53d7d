import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { stringify } from 'yaml';
import { runSubcommand } from '../../src/cli/program.js';
import { tempDir } from '../support/temp-dir.js';

// What the tests themselves are told would be settings of the bridge.
beforeEach(() => {
  for (const name of Object.keys(process.env)) {
    if (name.startsWith('BLUELINK2MQTT_')) vi.stubEnv(name, undefined);
  }
});
afterEach(() => {
  vi.unstubAllEnvs();
});

async function plan(...args: readonly string[]) {
  const said: string[] = [];
  const complaints: string[] = [];
  const log = vi.spyOn(console, 'log').mockImplementation((line: string) => said.push(line));
  const error = vi.spyOn(console, 'error').mockImplementation((line: string) => {
    complaints.push(line);
  });
  const stderr = vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    complaints.push(String(text));
    return true;
  });
  try {
    const code = await runSubcommand(['plan', ...args]);
    return { code, text: said.join('\n'), lines: said, complaints: complaints.join('\n') };
  } finally {
    for (const spy of [log, error, stderr]) spy.mockRestore();
  }
}

/** The figure in the line that begins with these words. */
function figure(lines: readonly string[], words: string): number {
  const line = lines.find((one) => one.trim().startsWith(words)) ?? expect.unreachable(words);
  return Number.parseFloat(line.trim().slice(words.length));
}

test('one electric car in Europe is what is planned where nothing is said', async () => {
  const { code, text, lines } = await plan();
  expect(code).toBe(0);
  expect(lines[0]).toBe('1 car (ev), hyundai in europe, charging 6 h a day from 20:00 on');
  expect(figure(lines, 'limit a day')).toBe(200);
  expect(figure(lines, 'reserve')).toBe(40);
  const byPolls = figure(lines, 'requests a day by polls');
  expect(byPolls).toBeGreaterThan(80);
  expect(byPolls).toBeLessThanOrEqual(100);
  expect(figure(lines, 'of them wakes')).toBe(0);
  expect(figure(lines, 'gap while charging')).toBeLessThan(figure(lines, 'gap '));
  expect(text).toMatch(
    /! polls with every: 30m would use more than half of the limit: they read every \d+ min instead/,
  );
});

test('a configuration that its limit can bear has no warning', async () => {
  const { lines } = await plan('--every', '2h', '--while-charging', '1h', '--cars', '1');
  expect(figure(lines, 'gap ')).toBeGreaterThan(105);
  expect(figure(lines, 'gap ')).toBeLessThan(135);
  expect(lines.filter((line) => line.includes('!'))).toEqual([]);
});

test('wakes and quiet hours are counted', async () => {
  const { lines, text } = await plan('--force-every', '4h', '--quiet-hours', '22:00-07:00');
  expect(figure(lines, 'of them wakes')).toBeGreaterThan(3);
  expect(figure(lines, 'of them wakes')).toBeLessThan(6.5);
  expect(text).toContain('! each car is woken');
});

test.each([
  ['canada', 'kia', "nobody has named the maker's limit in canada"],
  ['usa', 'hyundai', 'only wakes and remote commands do'],
  ['brazil', 'hyundai', 'the region brazil is experimental'],
  ['atlantis', 'kia', 'this release does not know the region atlantis'],
])('what is not known of %s is said', async (region, brand, warning) => {
  const { code, text } = await plan('--region', region, '--brand', brand);
  expect(code).toBe(0);
  expect(text).toContain(warning);
});

test('a region may be the number of the library', async () => {
  const { lines } = await plan('--region', '2', '--brand', '1');
  expect(lines[0]).toContain('kia in canada');
});

test('a limit that the owner knows replaces the usual one', async () => {
  const { lines } = await plan('--region', 'canada', '--daily', '500', '--reserve', '10%');
  expect(figure(lines, 'limit a day')).toBe(500);
  expect(figure(lines, 'reserve')).toBe(50);
  expect(figure(lines, 'requests a day by polls')).toBeLessThanOrEqual(250);
});

test('a limit that is too small for the cars is said', async () => {
  const { text } = await plan('--daily', '6');
  expect(text).toContain('! half of the limit is too little to read any car');
});

test('a car without a plug does not charge, and is read for less', async () => {
  const { lines, text } = await plan('--drivetrain', 'ice');
  expect(text).not.toContain('charging');
  expect(text).toContain('2 to read a car');
  expect(figure(lines, 'polls a day')).toBe(48);
});

test.each([
  ['--every', '2m', 'a duration from 5m to 1d'],
  ['--while-charging', 'often', 'a duration from 5m to 1d'],
  ['--force-every', '5m', 'never or a duration from 30m to 30d'],
  ['--quiet-hours', '22-7', 'off, or a range such as 22:00-07:00'],
  ['--reserve', '20', 'a percentage such as 20%'],
  ['--daily', '0', 'auto or a whole number'],
  ['--region', '', 'a region such as europe'],
  ['--brand', 'audi', 'the brand: one of'],
  ['--cars', '0', 'a whole number from 1 to 100'],
  ['--charging', '25', 'a number of hours from 0 to 24'],
  ['--drivetrain', 'steam', 'Allowed choices are ev, phev, hev, ice'],
  ['--wings', '2', 'unknown option'],
])('%s %s is refused as the configuration would refuse it', async (option, value, expected) => {
  const { code, complaints, text } = await plan(option, value);
  expect({ code, text }).toEqual({ code: 2, text: '' });
  expect(complaints).toContain(expected);
});

test('a real configuration: a table for each account', async () => {
  const file = join(await tempDir(), 'bluelink2mqtt.yaml');
  const kia = { region: 'europe', brand: 'kia', username: 'a@example.com', password: 'p' };
  await writeFile(
    file,
    stringify({
      mqtt: { url: 'mqtt://broker.lan' },
      polling: { every: '3h', while_charging: '1h' },
      budget: { daily: 300 },
      accounts: [
        { name: 'home', ...kia, vehicles: { one: {}, two: {}, sold: { enabled: false } } },
        { name: 'toys', backend: 'simulator', simulator: { vehicles: 3 } },
      ],
    }),
  );
  const { code, text } = await plan('--config', file, '--charging', '0');
  expect(code).toBe(0);
  const [home = '', toys = ''] = text.split('\n\n');
  expect(home).toContain('home: 2 cars (ev), kia in europe\n');
  expect(figure(home.split('\n'), 'limit a day')).toBe(300);
  expect(figure(home.split('\n'), 'polls a day')).toBe(16);
  expect(toys).toContain('toys: 3 cars (ev), hyundai in europe\n');

  const both = await plan('--config', file, '--every', '1h');
  expect(both.code).toBe(2);
  expect(both.complaints).toContain("cannot be used with option '--every <duration>'");
});

test('polling that is off asks nothing', async () => {
  const file = join(await tempDir(), 'bluelink2mqtt.yaml');
  const accounts = [{ name: 'toys', backend: 'simulator' }];
  await writeFile(
    file,
    stringify({ mqtt: { url: 'mqtt://b' }, polling: { enabled: false }, accounts }),
  );
  const { text } = await plan('--config', file);
  expect(text).toContain('! polling is off: nothing is read unless somebody asks');
});

test('a configuration with faults is told of them', async () => {
  const file = join(await tempDir(), 'bluelink2mqtt.yaml');
  await writeFile(file, 'polling: { every: 1m }');
  const { code, complaints } = await plan('--config', file);
  expect(code).toBe(78);
  expect(complaints).toContain('polling.every');
});
