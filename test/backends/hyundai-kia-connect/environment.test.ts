import { existsSync } from 'node:fs';
import { mkdir, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  ensureEnvironment,
  findEnvironmentPython,
} from '../../../src/backends/hyundai-kia-connect/environment.js';
import { tempDir } from '../../support/temp-dir.js';
import { prepare } from './a-setup.js';

const hello = 'hello';

describe('ensureEnvironment', () => {
  test('makes an environment that findEnvironmentPython finds', async () => {
    const { stateDir, ensure } = await prepare();
    expect(findEnvironmentPython(stateDir)).toBeUndefined();
    const made = await ensure();
    const python = join(stateDir, 'python/bin/python');
    expect(made).toEqual({ python, version: '3.13.0', library: '2', tested: '2' });
    expect(findEnvironmentPython(stateDir)).toBe(made.python);
    expect(await readdir(stateDir)).toEqual(['python']);
  });

  test.each([
    ['3.12 or newer', 12, '2'],
    ['3.10 and 3.11', 11, '1'],
  ] as const)('installs for %s by hash what its lock file names', async (_, minor, library) => {
    const { stateDir, interpreter, ensure } = await prepare({ version: [3, minor, 0] });
    expect(await ensure()).toMatchObject({ library, tested: library });
    const [venv, install, ...rest] = await interpreter.calls();
    expect([venv, rest]).toEqual(['venv', [hello]]);
    expect(install).toMatch(
      /-m pip install .*--only-binary=:all: --require-hashes --no-deps -r .*python\.new-\w+\/requirements\.txt$/,
    );
    const lock = await readFile(join(stateDir, 'python/requirements.txt'), 'utf8');
    expect(lock).toBe(`hyundai-kia-connect-api==${library}\n`);
  });

  test('does nothing the second time', async () => {
    const { interpreter, lines, ensure } = await prepare();
    await ensure();
    const before = await interpreter.calls();
    await ensure();
    expect((await interpreter.calls()).slice(before.length)).toEqual([hello]);
    expect(lines.at(-1)).toContain('up to date');
  });

  test('makes it anew when the lock file has changed', async () => {
    const { requirements, interpreter, ensure } = await prepare();
    await ensure();
    await writeFile(join(requirements, 'py312.txt'), 'hyundai-kia-connect-api==3\n');
    expect(await ensure()).toMatchObject({ library: '3' });
    const makings = (await interpreter.calls()).filter((call) => call === 'venv');
    expect(makings).toHaveLength(2);
  });

  test('makes it anew when its interpreter is gone', async () => {
    const { stateDir, ensure } = await prepare();
    const { python } = await ensure();
    await rm(python);
    expect(findEnvironmentPython(stateDir)).toBeUndefined();
    await ensure();
    expect(existsSync(python)).toBe(true);
  });

  test('brings back what a setup that was killed had moved away', async () => {
    const { stateDir, interpreter, ensure } = await prepare();
    await ensure();
    await mkdir(join(stateDir, 'python.old-killed'));
    await rename(join(stateDir, 'python'), join(stateDir, 'python.old-killed/python'));
    const before = await interpreter.calls();
    await ensure();
    expect((await interpreter.calls()).slice(before.length)).toEqual([hello]);
    expect(findEnvironmentPython(stateDir)).toBeDefined();
  });

  test('builds from source, and says so, what is not ready-made', async () => {
    const pip = `case "$*" in *only-binary*) echo 'ERROR: No matching distribution found for x'; exit 1;; esac`;
    const { interpreter, lines, ensure } = await prepare({ pip });
    await ensure();
    const installs = (await interpreter.calls()).filter((call) => call.startsWith('-m pip'));
    expect(installs.map((call) => call.includes('--only-binary'))).toEqual([true, false]);
    expect(lines.join('\n')).toContain('from source');
  });

  test('builds nothing from source without a network, and asks for one', async () => {
    const pip = `echo 'WARNING: Retrying (Retry(total=0, read=None)) after connection broken by X: /simple/x/'; echo 'ERROR: No matching distribution found for x'; exit 1`;
    const { interpreter, ensure } = await prepare({ pip });
    await expect(ensure()).rejects.toThrow(/is there a network\? pip says: WARNING: Retrying/);
    const installs = (await interpreter.calls()).filter((call) => call.startsWith('-m pip'));
    expect(installs).toHaveLength(1);
  });

  test('leaves a good environment alone when the new one cannot be made', async () => {
    const marker = join(await tempDir(), 'broken');
    const pip = `if [ -e '${marker}' ]; then echo 'hashes do not match'; exit 1; fi`;
    const { stateDir, requirements, ensure } = await prepare({ pip });
    await ensure();
    await writeFile(marker, '');
    await writeFile(join(requirements, 'py312.txt'), 'hyundai-kia-connect-api==3\n');
    await expect(ensure()).rejects.toThrow(
      /hashes do not match\nthe environment stays as it was, with hyundai_kia_connect_api 2$/,
    );
    expect(findEnvironmentPython(stateDir)).toBeDefined();
    expect(await readdir(stateDir)).toEqual(['python']);
  });

  test.each([
    ['names the package that is missing', { venv: false }, 'sudo apt install python3-venv'],
    ['refuses an interpreter that is too old', { version: [3, 9, 1] }, 'expected 3.10 or newer'],
  ] as const)('%s', async (_, options, message) => {
    const { ensure } = await prepare(options);
    await expect(ensure()).rejects.toThrow(message);
  });

  test('refuses what is no Python', async () => {
    const stateDir = await tempDir();
    const log = (): void => undefined;
    await expect(ensureEnvironment({ stateDir, python: '/bin/false', log })).rejects.toThrow(
      '/bin/false is no Python that runs',
    );
  });
});
