import { existsSync } from 'node:fs';
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  ensureEnvironment,
  findEnvironmentPython,
} from '../../../src/backends/hyundai-kia-connect/environment.js';
import { requirementsFolder } from '../../../src/backends/hyundai-kia-connect/lock-file.js';
import { runProgram } from '../../../src/backends/hyundai-kia-connect/run-program.js';
import { requireTestPython, hasTestPython } from '../../support/python.js';
import { tempDir } from '../../support/temp-dir.js';
import { fakePython } from './fake-python.js';
import type { FakePythonOptions } from './fake-python.js';

/** A fake interpreter, lock files and an empty state directory. */
async function prepare(options: FakePythonOptions = {}) {
  const folder = await tempDir();
  const stateDir = join(folder, 'state');
  const requirements = join(folder, 'requirements');
  await mkdir(requirements);
  await writeFile(join(requirements, 'py312.txt'), 'new==2\n');
  await writeFile(join(requirements, 'py310.txt'), 'old==1\n');
  const interpreter = await fakePython(join(folder, 'python3'), options);
  const lines: string[] = [];
  const ensure = (more: { upgrade?: boolean } = {}) =>
    ensureEnvironment({
      stateDir,
      requirements,
      python: interpreter.file,
      log: (line) => lines.push(line),
      ...more,
    });
  return { stateDir, requirements, interpreter, lines, ensure };
}

describe('ensureEnvironment', () => {
  test('makes an environment that findEnvironmentPython finds', async () => {
    const { stateDir, ensure } = await prepare();
    expect(findEnvironmentPython(stateDir)).toBeUndefined();
    const made = await ensure();
    expect(made).toEqual({ python: join(stateDir, 'python/bin/python'), version: '3.13.0' });
    expect(findEnvironmentPython(stateDir)).toBe(made.python);
    expect(await readdir(stateDir)).toEqual(['python']);
  });

  test.each([
    ['3.12 or newer', 12, 'py312.txt'],
    ['3.10 and 3.11', 11, 'py310.txt'],
  ] as const)('installs for %s by hash what its lock file names', async (_, minor, lock) => {
    const { requirements, interpreter, ensure } = await prepare({ version: [3, minor, 0] });
    await ensure();
    const fixed = '--require-hashes --no-deps --no-input --disable-pip-version-check';
    expect(await interpreter.calls()).toEqual([
      'venv',
      `-m pip install ${fixed} --only-binary=:all: -r ${join(requirements, lock)}`,
      'import',
    ]);
  });

  test('does nothing the second time', async () => {
    const { interpreter, lines, ensure } = await prepare();
    await ensure();
    const before = await interpreter.calls();
    await ensure();
    expect((await interpreter.calls()).slice(before.length)).toEqual(['import']);
    expect(lines.at(-1)).toContain('up to date');
  });

  test('makes it anew when the lock file has changed, or when asked to', async () => {
    const { requirements, interpreter, ensure } = await prepare();
    const makings = async () =>
      (await interpreter.calls()).filter((call) => call === 'venv').length;
    await ensure();
    await writeFile(join(requirements, 'py312.txt'), 'new==3\n');
    await ensure();
    expect(await makings()).toBe(2);
    await ensure({ upgrade: true });
    expect(await makings()).toBe(3);
  });

  test('makes it anew when its interpreter is gone', async () => {
    const { stateDir, ensure } = await prepare();
    const { python } = await ensure();
    await rm(python);
    expect(findEnvironmentPython(stateDir)).toBeUndefined();
    await ensure();
    expect(existsSync(python)).toBe(true);
  });

  test('builds from source, and says so, what is not ready-made', async () => {
    const pip = `case "$*" in *only-binary*) echo 'ERROR: No matching distribution found for x'; exit 1;; esac`;
    const { interpreter, lines, ensure } = await prepare({ pip });
    await ensure();
    const installs = (await interpreter.calls()).filter((call) => call.startsWith('-m pip'));
    expect(installs.map((call) => call.includes('--only-binary'))).toEqual([true, false]);
    expect(lines.join('\n')).toContain('from source');
  });

  test('leaves a good environment alone when the new one cannot be made', async () => {
    const marker = join(await tempDir(), 'broken');
    const pip = `if [ -e '${marker}' ]; then echo 'hashes do not match'; exit 1; fi`;
    const { stateDir, ensure } = await prepare({ pip });
    await ensure();
    await writeFile(marker, '');
    await expect(ensure({ upgrade: true })).rejects.toThrow('hashes do not match');
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

const hasLock = existsSync(join(requirementsFolder, 'py312.txt'));

describe.skipIf(!hasTestPython || !hasLock)('a real environment', () => {
  test(
    'has the vendor library, also after it was made under another name',
    { timeout: 300_000 },
    async () => {
      const stateDir = await tempDir();
      const log = (): void => undefined;
      const { python } = await ensureEnvironment({ stateDir, python: requireTestPython(), log });
      const program = 'import hyundai_kia_connect_api, sys; print(sys.prefix)';
      const { ok, stdout } = await runProgram(python, ['-c', program], 60_000);
      expect({ ok, prefix: stdout.trim() }).toEqual({ ok: true, prefix: join(stateDir, 'python') });
      const pip = await runProgram(python, ['-m', 'pip', 'check'], 60_000);
      expect(pip.output).toContain('No broken requirements');
    },
  );
});
