import { expect, test, vi } from 'vitest';
import { setup } from '../../src/cli/setup.js';
import { onTeardown } from '../support/teardown.js';
import { tempDir } from '../support/temp-dir.js';

test('setup says what is wrong in one line and gives exit code 1', async () => {
  const error = vi.spyOn(console, 'error').mockReturnValue();
  onTeardown(() => {
    error.mockRestore();
  });
  expect(await setup({ stateDir: await tempDir(), python: '/bin/false' })).toBe(1);
  expect(error).toHaveBeenCalledExactlyOnceWith('/bin/false is no Python that runs');
});
