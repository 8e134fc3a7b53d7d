import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { hasTestPython, oldestTestPython, testPython } from './python.js';

const sidecar = fileURLToPath(new URL('../../sidecar', import.meta.url));

describe.skipIf(!hasTestPython)('the environments of the tests', () => {
  test.each([
    ['newest', testPython],
    ['oldest', oldestTestPython],
  ])(
    'the %s Python loads the vendor library, says hello and ends with its input',
    async (_, python) => {
      const child = spawn(python ?? '', ['-W', 'ignore', '-m', 'bluelink_sidecar'], {
        cwd: sidecar,
        stdio: ['pipe', 'pipe', 'inherit'],
      });
      let said = '';
      child.stdout.setEncoding('utf8').on('data', (text: string) => {
        said += text;
        child.stdin.end();
      });
      expect(await once(child, 'close')).toEqual([0, null]);
      expect(JSON.parse(said)).toMatchObject({
        type: 'hello',
        library: expect.any(String) as string,
      });
    },
  );
});
