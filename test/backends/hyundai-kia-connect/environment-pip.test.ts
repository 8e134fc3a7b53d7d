import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ensureEnvironment } from '../../../src/backends/hyundai-kia-connect/environment.js';
import type { LibraryChoice } from '../../../src/backends/hyundai-kia-connect/environment.js';
import { EnvironmentFault } from '../../../src/backends/hyundai-kia-connect/environment-fault.js';
import { runProgram } from '../../../src/backends/hyundai-kia-connect/run-program.js';
import { isAvailable } from '../../support/programs.js';
import { hasTestPython, requireTestPython } from '../../support/python.js';
import { tempDir } from '../../support/temp-dir.js';

const dryRun = ['-m', 'pip', 'install', '--dry-run', '--no-deps', '--retries', '0', 'certifi'];
const hasIndex =
  hasTestPython &&
  isAvailable((await runProgram(requireTestPython(), dryRun, 60_000)).ok, "pip's package index");

/** An old release that the newest Python still takes. */
const old = '4.22.1';

/** Steps that follow one another: making an environment takes long. */
describe.skipIf(!hasIndex)("a real environment (needs pip's package index)", () => {
  test('goes to a release, stays there, and follows the newest', { timeout: 600_000 }, async () => {
    const stateDir = await tempDir();
    const lines: string[] = [];
    const log = (line: string): void => {
      lines.push(line);
    };
    const setUp = (library?: LibraryChoice) =>
      ensureEnvironment({ stateDir, python: requireTestPython(), library, log });

    const { python } = await setUp({ version: old });
    expect(await installedIn(python)).toEqual([old, join(stateDir, 'python')]);

    const refused = setUp({ version: '0.0.1' });
    await expect(refused).rejects.toBeInstanceOf(EnvironmentFault);
    await expect(refused).rejects.toThrow(
      'hyundai_kia_connect_api 0.0.1 cannot be installed: No matching distribution found for hyundai_kia_connect_api==0.0.1; ' +
        `the environment stays as it was, with hyundai_kia_connect_api ${old}`,
    );
    expect(await setUp()).toMatchObject({ library: old });

    const { library } = await setUp('newest');
    expect(library).not.toBe(old);
    expect(await installedIn(python)).toEqual([library, join(stateDir, 'python')]);
    expect(lines).toContain(`\`bluelink2mqtt setup --version ${old}\` goes back to it`);
    expect(lines.find((line) => line.startsWith('  methods: '))).toContain('+ ');
    const pip = await runProgram(python, ['-m', 'pip', 'check'], 60_000);
    expect(pip.output).toContain('No broken requirements');
  });
});

async function installedIn(python: string): Promise<string[]> {
  const program =
    'import importlib.metadata, sys; print(importlib.metadata.version("hyundai_kia_connect_api"), sys.prefix)';
  const { stdout } = await runProgram(python, ['-W', 'ignore', '-c', program], 60_000);
  return stdout.trim().split(' ');
}
