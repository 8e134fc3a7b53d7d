import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { findBluelinky } from '../../../src/backends/bluelinky/installed.js';
import { backendSettings } from '../../../src/cli/bridge-options.js';
import { runWith } from '../../../src/cli/run.js';
import { configOf, loadText } from '../../config/support.js';
import { tempDir } from '../../support/temp-dir.js';
import { hasBluelinky, requireBluelinky } from './library.js';

async function configFor(account: string, stateDir: string) {
  const text = `
mqtt: { url: 'mqtt://127.0.0.1:9' }
state_dir: ${stateDir}
accounts: [{ name: home, backend: bluelinky, username: a, password: b, ${account} }]
`;
  return configOf(await loadText(text));
}

async function settingsFor(account: string, stateDir: string) {
  const config = await configFor(account, stateDir);
  const [first] = config.accounts;
  if (first === undefined) throw new Error('no account');
  return backendSettings(config, first);
}

async function pretendInstalled(stateDir: string, version: string): Promise<void> {
  const folder = join(stateDir, 'node_modules/bluelinky');
  await mkdir(folder, { recursive: true });
  const manifest = { name: 'bluelinky', version, main: 'dist/index.cjs' };
  await writeFile(join(folder, 'package.json'), JSON.stringify(manifest));
}

test('without the library the start is refused, and says what to install', async () => {
  const stateDir = await tempDir();
  await expect(settingsFor('region: usa, brand: hyundai', stateDir)).rejects.toThrow(
    `account home: bluelinky is not installed, because it is optional: run "npm install --ignore-scripts --prefix ${stateDir} bluelinky@9"`,
  );
});

test('without the library the daemon ends as with any wrong configuration', async () => {
  const config = await configFor('region: usa, brand: hyundai', await tempDir());
  expect(await runWith({ config, warnings: [], disabled: [] })).toBe(78);
});

test.each(['8.4.0', '90.0.0', '10.1.0'])('a library %s is refused', async (version) => {
  const stateDir = await tempDir();
  await pretendInstalled(stateDir, version);
  await expect(settingsFor('region: usa, brand: hyundai', stateDir)).rejects.toThrow(
    new RegExp(`^account home: bluelinky ${version} in .* is not of version 9: run "npm install`),
  );
});

test('the one in the state directory goes before the one beside the program', async () => {
  const [stateDir, besides] = [await tempDir(), await tempDir()];
  await pretendInstalled(besides, '9.0.0');
  expect(findBluelinky(stateDir, besides)).toMatchObject({ is: 'there', version: '9.0.0' });
  await pretendInstalled(stateDir, '9.9.9');
  expect(findBluelinky(stateDir, besides)).toEqual({
    is: 'there',
    version: '9.9.9',
    entry: join(stateDir, 'node_modules/bluelinky/dist/index.cjs'),
  });
});

test('settings hold the PIN that is configured, and none where there is none', async () => {
  const stateDir = await tempDir();
  await pretendInstalled(stateDir, '9.1.0');
  const place = 'region: usa, brand: hyundai';
  expect(await settingsFor(place, stateDir)).toMatchObject({ backend: 'bluelinky', pin: null });
  expect(await settingsFor(`${place}, pin: '4711'`, stateDir)).toMatchObject({ pin: '4711' });
});

test.each([
  ['region: europe, brand: hyundai', /in Europe the makers no longer accept/],
  ['region: europe-cci, brand: kia', /in Europe the makers no longer accept/],
  ['region: canada, brand: hyundai', /switches off the check of TLS certificates/],
  ['region: usa, brand: kia', /in the USA bluelinky 9 reaches Hyundai only, not kia/],
  ['region: usa, brand: genesis', /reaches Hyundai only, not genesis/],
  ['region: australia, brand: hyundai', /not the region australia/],
  ['region: 42, brand: hyundai', /not the region 42/],
])('refuses %s before anything is installed', async (account, reason) => {
  const wanted = settingsFor(account, await tempDir());
  await expect(wanted).rejects.toThrow(reason);
  await expect(wanted).rejects.toThrow(/leave out `backend`/);
});

test.skipIf(!hasBluelinky)('the library prints nothing, whatever LOG_LEVEL says', async () => {
  const here = (path: string) => new URL(path, import.meta.url).href;
  const program = `
    import { loadLibrary } from '${here('../../../src/backends/bluelinky/library.ts')}';
    const { BlueLinky } = await loadLibrary('${requireBluelinky().entry}');
    new BlueLinky({ username: 'a', password: 'b', pin: '', region: 'US', brand: 'hyundai', autoLogin: false });
    console.log('LOG_LEVEL is', process.env.LOG_LEVEL);
  `;
  const file = join(await tempDir(), 'print.mjs');
  await writeFile(file, program);
  const loader = fileURLToPath(here('../../../scripts/register-typescript.mjs'));
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--import', pathToFileURL(loader).href, file],
    { env: { ...process.env, LOG_LEVEL: 'debug' } },
  );
  expect(stdout).toBe('LOG_LEVEL is debug\n');
});
