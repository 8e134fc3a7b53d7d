import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { checkConfig } from '../../src/cli/check-config.js';
import { renderReference } from '../../src/cli/configuration-reference.js';
import { knownKeys, schemaAt } from '../../src/config/schema-path.js';
import { configSchema } from '../../src/config/schema.js';
import { aFolder, least } from './support.js';

async function check(text: string, options: { config?: string } = {}) {
  const cwd = await aFolder({ 'bluelink2mqtt.yaml': text });
  const lines: string[] = [];
  const code = await checkConfig(options, { env: {}, cwd, write: (line) => void lines.push(line) });
  return { code, lines: lines.map((line) => line.replace(join(cwd, '/'), '')) };
}

test('a configuration without faults ends with 0', async () => {
  expect(await check(least)).toEqual({ code: 0, lines: ['bluelink2mqtt.yaml: no faults'] });
});

test('each fault is a line, and it ends with 78', async () => {
  expect(await check(`${least}log: { level: loud, format: x }`)).toEqual({
    code: 78,
    lines: [
      'bluelink2mqtt.yaml:4:8 log.level: expected one of error, warn, info, debug, trace, got "loud"',
      'bluelink2mqtt.yaml:4:21 log.format: expected one of auto, json, pretty, got "x"',
    ],
  });
});

test('a file that is not there ends with 78', async () => {
  const { code, lines } = await check(least, { config: 'no.yaml' });
  expect(code).toBe(78);
  expect(lines).toEqual(['no.yaml: expected a file that can be read, got ENOENT']);
});

test.each([
  ['polling: { force_every: 21h }', []],
  ['polling: { force_every: 1d }', [expect.stringMatching(/^warning: .*polling.force_every.*21h/)]],
  ['polling: { force_every: 1d }\nguards: { aux_battery_min: off }', []],
])(
  'a wake that the guard of the battery would never let pass is warned of: %s',
  async (text, warned) => {
    const { lines } = await check(`${least}${text}`);
    expect(lines.slice(0, -1)).toEqual(warned);
  },
);

test('warnings do not make it fail', async () => {
  const { code, lines } = await check(`${least}polling: { force_every: 48h }`);
  expect(code).toBe(0);
  expect(lines[0]).toMatch(/^warning: .*polling/);
  expect(lines.at(-1)).toBe('bluelink2mqtt.yaml: no faults');
});

test('the page docs/configuration.md is what the schema says (npm run docs makes it anew)', async () => {
  const page = await readFile(new URL('../../docs/configuration.md', import.meta.url), 'utf8');
  expect(page).toBe(renderReference());
});

test('the reference names every key of every section, and describes it', () => {
  const page = renderReference();
  const paths = (prefix: string[]): string[][] =>
    knownKeys(schemaAt(configSchema, prefix)).flatMap((key) => {
      const path = [...prefix, key];
      const deeper = paths(path);
      return deeper.length > 0 ? deeper : [path];
    });
  const keys = paths([]).map((path) => path.join('.'));
  expect(keys.length).toBeGreaterThan(70);
  for (const key of keys)
    expect(page).toContain(key === 'accounts' ? '`accounts[].name`' : `\`${key}\``);
  expect(page).not.toMatch(/: $/m);
});
