import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ensureEnvironment } from '../../../src/backends/hyundai-kia-connect/environment.js';
import type { LibraryChoice } from '../../../src/backends/hyundai-kia-connect/environment.js';
import { tempDir } from '../../support/temp-dir.js';
import { fakePython } from './fake-python.js';
import type { FakePythonOptions } from './fake-python.js';

/** A fake interpreter, an empty state directory, and lock files: release 2 of the library is tested, 1 on old Pythons. */
export async function prepare(options: FakePythonOptions = {}) {
  const folder = await tempDir();
  const stateDir = join(folder, 'state');
  const requirements = join(folder, 'requirements');
  await mkdir(requirements);
  await writeFile(join(requirements, 'py312.txt'), 'hyundai-kia-connect-api==2\n');
  await writeFile(join(requirements, 'py310.txt'), 'hyundai-kia-connect-api==1\n');
  const interpreter = await fakePython(join(folder, 'python3'), options);
  const lines: string[] = [];
  const ensure = (library?: LibraryChoice, python = interpreter.file) =>
    ensureEnvironment({ stateDir, requirements, python, library, log: (line) => lines.push(line) });
  return { folder, stateDir, requirements, interpreter, lines, ensure };
}
