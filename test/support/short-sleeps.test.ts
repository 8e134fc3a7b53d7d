import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, expect, test } from 'vitest';
import { sidecarCommand } from '../../src/backends/hyundai-kia-connect/adapter.js';
import { hasTestPython } from './python.js';
import { pythonWithShortSleeps } from './short-sleeps.js';
import { onTeardown } from './teardown.js';
import { tempDir } from './temp-dir.js';

const program = `
import sys, time
from time import sleep
sleep(3600)
time.sleep(3600)
print(__name__, *sys.argv[1:])
`;

describe.skipIf(!hasTestPython)('a Python with short sleeps', () => {
  async function run(...args: string[]): Promise<string> {
    const env = { ...process.env, PYTHONPATH: await folderWithProgram() };
    const python = await pythonWithShortSleeps(0.000_01);
    return execFileSync(python, args, { encoding: 'utf8', env, timeout: 15_000 }).trim();
  }

  async function folderWithProgram(): Promise<string> {
    const folder = await tempDir();
    await writeFile(join(folder, 'sleeper.py'), program);
    return folder;
  }

  test('runs modules and files', async () => {
    expect(await run('-W', 'ignore', '-m', 'sleeper', 'a', 'b')).toBe('__main__ a b');
    expect(await run(join(await folderWithProgram(), 'sleeper.py'), 'c')).toBe('__main__ c');
  });

  test('answers questions as the interpreter does', async () => {
    expect(await run('--version')).toMatch(/^Python 3\./);
    expect(await run('-W', 'ignore', '-c', 'import sys; print(sys.argv)', 'd')).toBe("['-c', 'd']");
  });

  test('runs the sidecar', async () => {
    const python = await pythonWithShortSleeps(0.01);
    const { file, args, env } = sidecarCommand(python);
    const sidecar = spawn(file, args, { env, stdio: ['pipe', 'pipe', 'inherit'] });
    onTeardown(() => void sidecar.stdin.end());
    const [hello] = (await once(createInterface({ input: sidecar.stdout }), 'line')) as [string];
    expect(JSON.parse(hello)).toMatchObject({
      type: 'hello',
      library: expect.any(String) as string,
    });
    const ended = once(sidecar, 'close');
    sidecar.stdin.end();
    expect(await ended).toEqual([0, null]);
  });
});
