import { existsSync, readdirSync, statSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { exitCodes } from '../../src/cli/exit-codes.js';
import { defaultExpiry } from '../../src/config/expiry.js';
import { loadConfig } from '../../src/config/load-config.js';
import { region, regionNote } from '../../src/config/vendor.js';
import { bridgeCommandNames } from '../../src/vehicle/bridge-command.js';
import { vendorCommandNames } from '../../src/vehicle/capability.js';
import { commonFields, refreshModes, vehicleCommandNames } from '../../src/vehicle/command.js';
import {
  decisions,
  endings,
  lifeCycleEventSchema,
  statuses,
} from '../../src/vehicle/life-cycle.js';
import { failure, failureCodes } from '../../src/vehicle/outcome.js';
import { isValuePermitted } from '../../src/vehicle/permission.js';
import { tempDir } from '../support/temp-dir.js';
import { allPages, codeWords, expandBraces, page, root } from './pages.js';
import { statePaths } from './state-paths.js';

const readme = page('README.md');
const mqtt = page('docs/mqtt.md');
const commands = page('docs/commands.md');
const allBlocks = allPages.flatMap(({ blocks }) => blocks);

test.each(allPages)(
  'every link of $name to a file or a heading leads somewhere',
  ({ name, links }) => {
    const local = links.filter((target) => !/^[a-z]+:/.test(target));
    const broken = local.filter((target) => {
      const [path = '', anchor] = target.split('#');
      const file = path === '' ? name : join(dirname(name), path);
      if (!existsSync(join(root, file))) return true;
      return anchor !== undefined && !page(file).anchors.includes(anchor);
    });
    expect(broken).toEqual([]);
  },
);

test('every event that is shown is one by the schema', () => {
  const events = allBlocks
    .flatMap(({ lines }) => lines)
    .flatMap((line) => /\{"schema":1,.*"status":.*\}$/.exec(line) ?? []);
  expect(events.length).toBeGreaterThan(8);
  for (const event of events) lifeCycleEventSchema.parse(JSON.parse(event));
});

const configurations = allBlocks
  .filter(({ language }) => language === 'yaml')
  .map(({ lines }) => lines.join('\n'))
  // Those of other programs say so.
  .filter(
    (text) => !/^# (?:configuration.yaml of Home Assistant|evcc.yaml|prometheus.yml)$/m.test(text),
  );

test.each(configurations)(
  'a configuration that is shown has no fault and no warning\n%s',
  async (text) => {
    expect(await loadShown(text)).toMatchObject({ ok: true, warnings: [] });
  },
);

/** Loads what a page shows; what it leaves out is added, and the files it names are made. */
async function loadShown(text: string): ReturnType<typeof loadConfig> {
  const folder = await tempDir();
  const least = {
    mqtt: { url: 'mqtt://localhost' },
    accounts: [{ name: 'a', backend: 'simulator' }],
  };
  const config = { ...least, ...(parse(text) as Record<string, unknown>) };
  for (const [, file = ''] of text.matchAll(/_file: (\S+)/g)) {
    await mkdir(dirname(join(folder, file)), { recursive: true });
    await writeFile(join(folder, file), 'a-secret-long-enough\n');
  }
  const file = join(folder, 'bluelink2mqtt.yaml');
  await writeFile(file, stringify(config));
  // Of a fleet the key is never in the file.
  const isFleet = /^ *engine: nats$/m.test(text);
  const credentials = { 'store.encryption_key': Buffer.alloc(32).toString('base64') };
  for (const [name, secret] of Object.entries({ ...credentials, 'store.password': 'of-nats' })) {
    if (isFleet) await writeFile(join(folder, name), `${secret}\n`);
  }
  return loadConfig({ file, env: isFleet ? { CREDENTIALS_DIRECTORY: folder } : {}, cwd: folder });
}

test('the table of failure codes is the list of the code, and so is what may be tried again', () => {
  const rows = readme.table('code').map(([code = '', , again]) => [codeWords(code)[0], again]);
  const expected = failureCodes.map((code) => [code, failure(code, '').retryable ? 'yes' : 'no']);
  expect(rows).toEqual(expected);
});

test('the table of exit codes is the list of the code', () => {
  const codes = readme.table('exit code').map(([code]) => Number(code));
  expect(codes).toEqual(Object.values(exitCodes));
});

test('endings, statuses and decisions are those of the code', () => {
  expect(readme.firstColumn('ending')).toEqual(endings);
  expect(mqtt.firstColumn('status')).toEqual(statuses);
  expect(mqtt.firstColumn('`decision`').toSorted()).toEqual(decisions.toSorted());
});

test('the table of accounts has every region, and says what the bridge says of it at the start', () => {
  const rows = page('docs/accounts.md').table('cars of');
  const regions = rows.flatMap(([, name = '']) => codeWords(name));
  expect([...new Set(regions)].toSorted()).toEqual(
    codeWords(String(region.meta()?.['type'])).toSorted(),
  );
  for (const [cars = '', name = '', brands = '', , state = ''] of rows) {
    for (const brand of codeWords(brands)) {
      const note = regionNote(codeWords(name)[0] ?? '', brand) ?? 'works';
      expect({ cars, states: statesIn(state) }).toEqual({ cars, states: statesIn(note) });
    }
  }
});

function statesIn(text: string): string[] {
  return ['works', 'experimental', 'fails'].filter((word) => text.includes(word));
}

test('every field of an event is described', () => {
  const described = new Set(mqtt.prose.flatMap(codeWords));
  const fields = Object.keys(lifeCycleEventSchema.shape);
  expect(fields.filter((field) => !described.has(field))).toEqual([]);
});

test('the common fields of a payload are described', () => {
  const fields = mqtt.firstColumn('field');
  expect(fields).toEqual(expect.arrayContaining(Object.keys(commonFields)));
});

test('the modes of refresh have their default expiry', () => {
  const rows = mqtt.table('payload').map(([word = '', , expiry]) => [codeWords(word)[0], expiry]);
  const expected = refreshModes.map((mode) => [mode, defaultExpiry[mode].replace('s', ' s')]);
  expect(rows).toEqual(expected);
});

test('the table of remote commands has every one of them, with its default expiry', () => {
  const ofTable = commands.table('command').flatMap(([name = '', , expiry]) => {
    const names = codeWords(name).flatMap(expandBraces);
    return names.map((one) => [one, expiry] as const);
  });
  const expected = vehicleCommandNames.flatMap((name) => {
    if (name === 'refresh') return [];
    const own = defaultExpiry[name].replace('s', ' s');
    const unlock = defaultExpiry.unlock.replace('s', ' s');
    return [[name, name === 'lock' ? `${own}; \`unlock\` ${unlock}` : own] as const];
  });
  expect(ofTable).toEqual(expected);
});

test('the table of regions has every command that a backend tells of', () => {
  const named = new Set(commands.firstColumn(''));
  expect(vendorCommandNames.filter((name) => !named.has(name))).toEqual([]);
});

test('what is said to be off until it is allowed is what the code guards', () => {
  const said = commands.firstColumn('value');
  const guarded = worded
    .filter(([name, value]) => !isValuePermitted(name, value, [], 'ice'))
    .map((words) => words.join(':'));
  expect(said.toSorted()).toEqual(guarded.toSorted());
  expect(isValuePermitted('climate', 'start', [], 'ev')).toEqual(true);
});

const worded = [
  ['lock', 'lock'],
  ['lock', 'unlock'],
  ['climate', 'start'],
  ['climate', 'stop'],
  ['charge', 'start'],
  ['charge', 'stop'],
  ['charge_port', 'open'],
  ['charge_port', 'close'],
  ['windows', 'open'],
  ['windows', 'close'],
  ['windows', 'vent'],
  ['valet_mode', 'start'],
  ['valet_mode', 'stop'],
] as const;

test('the commands to the bridge are those of the code', () => {
  expect(mqtt.firstColumn('name')).toEqual(bridgeCommandNames);
});

test('the table of the state document has every key of it, and no other', () => {
  const described = mqtt.firstColumn('key').filter((key) => !key.includes('<') && key !== 'mqtt');
  expect(described.toSorted()).toEqual(statePaths.toSorted());
});

test('what the pages take from the documents by templates is there', () => {
  const text = allPages.flatMap(({ lines }) => lines).join('\n');
  const used = [...text.matchAll(/value_json\.([\w.]+)/g)].map(([, path = '']) => path);
  expect(used.length).toBeGreaterThan(0);
  for (const path of used) expect(statePaths).toContain(path);
});

test('the map of the source names every folder of src, and nothing that is not there', () => {
  const named = page('docs/architecture.md').firstColumn('folder');
  expect(named.filter((path) => !existsSync(join(root, path)))).toEqual([]);
  const folders = readdirSync(join(root, 'src'))
    .map((name) => `src/${name}`)
    .filter((path) => statSync(join(root, path)).isDirectory());
  expect(named).toEqual(expect.arrayContaining(folders));
});
