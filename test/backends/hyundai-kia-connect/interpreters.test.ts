import { chmod, mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import {
  findInterpreters,
  probeInterpreter,
} from '../../../src/backends/hyundai-kia-connect/interpreters.js';
import { tempDir } from '../../support/temp-dir.js';
import { fakePython } from './fake-python.js';

async function script(file: string, text: string): Promise<void> {
  await writeFile(file, `#!/bin/sh\n${text}\n`);
  await chmod(file, 0o700);
}

test('the newest of all folders comes first, whatever the order of the PATH', async () => {
  const [home, first, second] = [await tempDir(), await tempDir(), await tempDir()];
  await fakePython(join(first, 'python3.9'), { version: [3, 9, 18] });
  await fakePython(join(first, 'python3.11'), { version: [3, 11, 2] });
  await fakePython(join(second, 'python3.14'), { version: [3, 14, 1] });
  await fakePython(join(second, 'python3'), { version: [3, 12, 7] });
  const found = await findInterpreters({ HOME: home, PATH: `${first}:${second}` });
  expect(found.map(({ version }) => version)).toEqual([
    [3, 14, 1],
    [3, 12, 7],
    [3, 11, 2],
  ]);
});

test('a launcher that refuses to run is passed over for the interpreter behind it', async () => {
  const [home, shims] = [await tempDir(), await tempDir()];
  await script(
    join(shims, 'python3.13'),
    'echo "pyenv: python3.13: command not found" >&2; exit 127',
  );
  const real = await fakePython(join(home, '.pyenv/versions/3.13.0/bin/python'));
  const found = await findInterpreters({ HOME: home, PATH: shims });
  expect(found.map(({ file }) => file)).toEqual([real.file]);
});

test('PYENV_ROOT says where the versions of pyenv are', async () => {
  const root = await tempDir();
  const real = await fakePython(join(root, 'versions/3.12.1/bin/python'), { version: [3, 12, 1] });
  const found = await findInterpreters({ HOME: await tempDir(), PYENV_ROOT: root, PATH: '' });
  expect(found.map(({ file }) => file)).toEqual([real.file]);
});

test('an interpreter that is reached by several names is found once', async () => {
  const folder = await tempDir();
  const real = await fakePython(join(folder, 'python3.12'), { version: [3, 12, 1] });
  await symlink(real.file, join(folder, 'python3'));
  expect(await findInterpreters({ HOME: folder, PATH: folder })).toHaveLength(1);
});

test('what is no Python is none', async () => {
  const folder = await tempDir();
  await script(join(folder, 'python3'), 'echo hello');
  await mkdir(join(folder, 'python3.12'));
  expect(await findInterpreters({ HOME: folder, PATH: folder })).toEqual([]);
  expect(await probeInterpreter(join(folder, 'missing'))).toBeUndefined();
});
