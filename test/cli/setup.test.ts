import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { runSubcommand } from '../../src/cli/program.js';
import { setUp } from '../../src/cli/set-up.js';
import { setup } from '../../src/cli/setup.js';
import { packageVersion } from '../../src/cli/version.js';
import { onTeardown } from '../support/teardown.js';
import { tempDir } from '../support/temp-dir.js';

/** What goes to a stream of this process while a test runs. */
function captured(stream: NodeJS.WriteStream): () => string {
  const write = vi.spyOn(stream, 'write').mockReturnValue(true);
  onTeardown(() => {
    write.mockRestore();
  });
  return () => write.mock.calls.map(([text]) => String(text)).join('');
}

test('setup says what is wrong in one line and gives exit code 1', async () => {
  const error = vi.spyOn(console, 'error').mockReturnValue();
  onTeardown(() => {
    error.mockRestore();
  });
  expect(await setup({ stateDir: await tempDir(), python: '/bin/false' })).toBe(1);
  expect(error).toHaveBeenCalledExactlyOnceWith('/bin/false is no Python that runs');
});

test('setup says that the configuration names another interpreter', async () => {
  const log = vi.spyOn(console, 'log').mockReturnValue();
  const error = vi.spyOn(console, 'error').mockReturnValue();
  onTeardown(() => {
    log.mockRestore();
    error.mockRestore();
    vi.unstubAllEnvs();
  });
  // Those of the tests themselves are no settings.
  for (const name of Object.keys(process.env)) {
    if (name.startsWith('BLUELINK2MQTT_')) vi.stubEnv(name, undefined);
  }
  const config = join(await tempDir(), 'config.yaml');
  const account = '{name: a, region: usa, brand: kia, username: u, password: p}';
  await writeFile(config, `python: /opt/python\nmqtt: {url: 'mqtt://x'}\naccounts: [${account}]\n`);
  const code = await setUp({ config, python: '/bin/false' });
  expect({ code, errors: error.mock.calls }).toEqual({
    code: 1,
    errors: [['/bin/false is no Python that runs']],
  });
  expect(log).toHaveBeenCalledExactlyOnceWith(
    'The configuration names /opt/python: with `python: auto` the bridge uses this one.',
  );
});

describe('the library that setup is asked for', () => {
  test.each([
    [['--upgrade', '--tested'], "'--upgrade' cannot be used with option '--tested'"],
    [['--version', '4.41.2', '--upgrade'], "cannot be used with option '--version <x.y.z>'"],
    [['--tested', '--version', '4.41.2'], "cannot be used with option '--tested'"],
    [['--version', 'latest'], "'latest' is invalid. expected a version such as 4.41.2"],
    [['--version', '4.41.2 --pre'], 'expected a version such as 4.41.2'],
  ])('is one and a version: %s', async (args, message) => {
    const said = captured(process.stderr);
    expect(await runSubcommand(['setup', ...args])).toBe(2);
    expect(said()).toContain(message);
  });

  test('does not take the version of the program away', async () => {
    const said = captured(process.stdout);
    expect(await runSubcommand(['--version'])).toBe(0);
    expect(said().trim()).toBe(packageVersion());
  });
});
