import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, onTestFinished, test } from 'vitest';
import type { AccountConfig } from '../../src/config/accounts.js';
import { loadConfig } from '../../src/config/load-config.js';
import { watchAccounts } from '../../src/config/watch-accounts.js';
import { GrowingList } from '../support/growing-list.js';
import { aFolder, configOf } from './support.js';

const main = "mqtt: { url: 'mqtt://broker.lan' }\naccounts_dir: accounts\n";
const simulated = 'backend: simulator\n';
const listed =
  'accounts: [{ name: listed, backend: simulator, vehicles: { V0: { alias: zero } } }]\n';

interface Watched {
  /** Writes a file as an editor does, or removes it. */
  readonly put: (name: string, text: string | undefined) => Promise<void>;
  readonly told: GrowingList<readonly AccountConfig[]>;
  readonly warnings: GrowingList<string>;
  /** Waits until exactly these accounts run. */
  readonly runs: (...names: readonly string[]) => Promise<readonly AccountConfig[]>;
  readonly warned: (part: string) => Promise<string>;
  readonly dir: string;
}

async function watched(
  files: Readonly<Record<string, string>> = {},
  settings: { readonly text?: string; readonly poll_ms?: number } = {},
): Promise<Watched> {
  const { text = main, poll_ms = 60_000 } = settings;
  const cwd = await aFolder({ 'bluelink2mqtt.yaml': text, ...files });
  const loaded = await loadConfig({ env: {}, cwd });
  const { accounts } = configOf(loaded);
  const told = new GrowingList<readonly AccountConfig[]>();
  const warnings = new GrowingList<string>();
  const dir = join(cwd, 'accounts');
  const watch = watchAccounts({
    dir,
    accounts: [...accounts, ...(loaded.ok ? loaded.disabled : [])],
    credentials: undefined,
    onChange: (now) => {
      told.add(now);
    },
    log: {
      warn: (message) => {
        warnings.add(message);
      },
    },
    settle_ms: 20,
    poll_ms,
  });
  onTestFinished(() => {
    watch.stop();
  });
  const namesOf = (all: readonly AccountConfig[]) => all.map(({ name }) => name).join();
  return {
    dir,
    told,
    warnings,
    put: async (name, content) => {
      const file = join(dir, name);
      if (content === undefined) {
        await rm(file);
        return;
      }
      await writeFile(`${file}~`, content);
      await rename(`${file}~`, file);
    },
    runs: (...names) =>
      told.waitFor(
        (all) => namesOf(all) === names.join(),
        10_000,
        () =>
          `${names.join()}; told: ${told.items.map(namesOf).join(' | ')}; warned: ${warnings.items.join(' | ')}`,
      ),
    warned: (part) =>
      warnings.waitFor(
        (message) => message.includes(part),
        10_000,
        () => `a warning of ${part}; there are: ${warnings.items.join(' | ')}`,
      ),
  };
}

test('accounts come, change, are switched off and go', async () => {
  const { put, runs, warnings } = await watched(
    { 'accounts/a.yaml': simulated },
    { text: main + listed },
  );
  await put('b.yaml', simulated);
  await runs('listed', 'a', 'b');
  await put('a.yaml', `${simulated}enabled: false\n`);
  await runs('listed', 'b');
  await put('b.yaml', `${simulated}vehicles: { V1: { alias: car } }\n`);
  await put('a.yaml', simulated);
  const [, , b] = await runs('listed', 'a', 'b');
  expect(b?.name).toBe('b');
  await put('a.yaml', undefined);
  await runs('listed', 'b');
  expect(warnings.items).toEqual([]);
});

test('what has changed between loading and watching is seen', async () => {
  const { put, runs } = await watched({ 'accounts/a.yaml': simulated });
  await put('a.yaml', undefined);
  await runs();
});

test('nothing is told while nothing changes', async () => {
  const { put, told, runs } = await watched(
    { 'accounts/a.yaml': simulated, 'accounts/b.yaml': 'backend: simulator\nenabled: false\n' },
    { text: main + listed, poll_ms: 5 },
  );
  await put('a.yaml', `# the same\n${simulated}`);
  await put('notes.txt', 'nothing');
  await put('c.yaml', simulated);
  await runs('listed', 'a', 'c');
  expect(told.items).toHaveLength(1);
});

test('a broken file is warned of once and leaves the account as it was', async () => {
  const { put, runs, warned, warnings, told } = await watched(
    { 'accounts/a.yaml': simulated },
    { poll_ms: 5 },
  );
  await put('a.yaml', `${simulated}colour: red\n`);
  expect(await warned('colour')).toMatch(
    /accounts\/a\.yaml:2:1 colour: expected one of the keys .*; the account a stays as it was$/,
  );
  await put('new.yaml', 'backend: [\n');
  expect(await warned('new.yaml')).toMatch(/the account new is not taken up$/);
  await put('Bad.yaml', simulated);
  await warned('Bad.yaml');
  await put('b.yaml', simulated);
  await runs('a', 'b');
  expect(warnings.items).toHaveLength(3);
  await put('a.yaml', `${simulated}language: de\n`);
  await told.waitFor(
    ([first]) => first?.language === 'de',
    10_000,
    () => 'the mended account',
  );
  await put('a.yaml', `${simulated}colour: red\n`);
  await warnings.waitFor(
    (message) => message.includes('colour'),
    10_000,
    () => 'the warning again',
    3,
  );
});

test('an account that does not go with the others is taken up when it does', async () => {
  const alias = (id: string) => `${simulated}vehicles: { ${id}: { alias: car } }\n`;
  const { put, runs, warned } = await watched(
    { 'accounts/a.yaml': alias('V1') },
    { text: main + listed },
  );
  await put('b.yaml', alias('V2'));
  expect(await warned('alias')).toMatch(
    /b\.yaml:2:19 vehicles\.V2\.alias: expected an alias that no other car has, got "car" again; the account b is not taken up$/,
  );
  await put('listed.yaml', simulated);
  await warned('listed.yaml');
  await put('c.yaml', `${simulated}vehicles: { zero: {} }\n`);
  await warned('c.yaml');
  await put('a.yaml', undefined);
  await runs('listed', 'b');
});

test('two accounts can change places', async () => {
  const alias = (name: string) => `${simulated}vehicles: { V${name}: { alias: ${name} } }\n`;
  const { put, told, dir } = await watched({
    'accounts/a.yaml': alias('one'),
    'accounts/b.yaml': alias('two'),
  });
  const exchanged = (all: readonly AccountConfig[]) =>
    all.map(({ vehicles }) => Object.keys(vehicles).join()).join() === 'Vtwo,Vone';
  await put('a.yaml~', alias('two'));
  await put('b.yaml~', alias('one'));
  await Promise.all(
    ['a', 'b'].map((name) => rename(join(dir, `${name}.yaml~`), join(dir, `${name}.yaml`))),
  );
  await told.waitFor(exchanged, 10_000, () => 'the exchange');
});

test('a changed secret in a file of its own changes the account', async () => {
  const text = 'region: canada\nbrand: kia\nusername: me\npassword_file: a.password\n';
  const { put, told } = await watched(
    { 'accounts/a.yaml': text, 'accounts/a.password': 'one' },
    { poll_ms: 20 },
  );
  await put('a.password', 'two');
  await told.waitFor(
    ([account]) => account?.password === 'two',
    10_000,
    () => 'the new password',
  );
});

test('a folder that comes later is seen; one that goes takes no account with it', async () => {
  const { put, runs, dir, warned, told } = await watched({}, { poll_ms: 20 });
  await mkdir(dir);
  await put('a.yaml', simulated);
  await runs('a');
  await rename(dir, `${dir}-away`);
  await warned('its accounts stay as they were');
  await rename(`${dir}-away`, dir);
  await put('b.yaml', simulated);
  await runs('a', 'b');
  expect(told.items.every((all) => all.length > 0)).toBe(true);
});

test('whatever is done to the files, in the end the accounts are those that they say', async () => {
  const step = fc.record({
    name: fc.constantFrom('a', 'b', 'c'),
    text: fc.constantFrom(
      simulated,
      `${simulated}language: de\n`,
      `${simulated}enabled: false\n`,
      undefined,
    ),
  });
  const { put, told, dir } = await watched({ 'accounts/z.yaml': simulated });
  const files = new Map<string, string>();
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
      for (const { name, text } of steps) {
        if (text !== undefined) {
          files.set(name, text);
          await put(`${name}.yaml`, text);
        } else if (files.delete(name)) await put(`${name}.yaml`, undefined);
      }
      // A sign that all before it was seen.
      const mark = files.get('mark') === simulated ? `${simulated}language: fr\n` : simulated;
      files.set('mark', mark);
      const known = told.items.length;
      await put('mark.yaml', mark);
      const expected = [...files, ['z', simulated] as const]
        .filter(([, text]) => !text.includes('false'))
        .map(([name, text]) => `${name} ${/language: (\w+)/.exec(text)?.[1] ?? 'en'}`)
        .toSorted();
      await told.waitFor(
        (all) => all.map(({ name, language }) => `${name} ${language}`).join() === expected.join(),
        10_000,
        () => `${expected.join()} in ${dir}`,
        known,
      );
    }),
    { numRuns: 15 },
  );
});
