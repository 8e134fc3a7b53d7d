import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { stringify } from 'yaml';
import { exitCodes } from '../../src/cli/exit-codes.js';
import { log } from '../../src/cli/log.js';
import { login } from '../../src/cli/login.js';
import { createTerminal } from '../../src/cli/terminal.js';
import { vehicles } from '../../src/cli/vehicles.js';
import { MemoryBridge, readyAccount } from '../http/memory-bridge.js';
import { serve } from '../http/served.js';
import { keepSecret } from '../support/secret-scan.js';
import { tempDir } from '../support/temp-dir.js';

const encryption_key = Buffer.alloc(32, 9).toString('base64');

// The configuration is read with the environment, which names interpreters of the tests.
beforeEach(() => {
  for (const name of Object.keys(process.env)) {
    if (name.startsWith('BLUELINK2MQTT_')) vi.stubEnv(name, undefined);
  }
});
afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
});

/** Of a fleet whose accounts are in no file. */
async function configFile(stateDir: string): Promise<string> {
  keepSecret(encryption_key);
  const file = join(await tempDir(), 'bluelink2mqtt.yaml');
  const store = { engine: 'nats', servers: ['nats://127.0.0.1:1'], encryption_key };
  await writeFile(file, stringify({ mqtt: { url: 'mqtt://a' }, store, state_dir: stateDir }));
  return file;
}

function aTerminal() {
  let screen = '';
  const write = (text: string): void => {
    screen += text;
  };
  const terminal = createTerminal({
    ...{ input: new PassThrough(), write, complain: write },
    interrupted: new AbortController().signal,
  });
  return { terminal, screen: () => screen };
}

describe('without an instance on this machine', () => {
  test.each(['login', 'log', 'vehicles'] as const)(
    '%s says so, and makes no store',
    async (name) => {
      const stateDir = await tempDir();
      const config = await configFile(stateDir);
      const { terminal, screen } = aTerminal();
      const errors = vi.spyOn(console, 'error').mockReturnValue();
      const subcommands = {
        login: () => login({ config }, terminal),
        log: () => log({ config }, terminal),
        vehicles: () => vehicles({ config }),
      };
      expect(await subcommands[name]()).toBe(exitCodes.crash);
      const said = screen() + errors.mock.calls.flat().join('\n');
      expect(said).toContain('the store is on NATS, and no instance of the fleet serves');
      expect(existsSync(join(stateDir, 'store'))).toBe(false);
    },
  );
});

describe('through the instance on this machine', () => {
  test('an account that is in no file is found', async () => {
    const served = await serve(new MemoryBridge([{ ...readyAccount, name: 'anna' }]));
    const config = await configFile(served.stateDir);
    const { terminal, screen } = aTerminal();
    expect(await login({ config, account: 'anna' }, terminal)).toBe(exitCodes.clean);
    expect(screen()).toContain('anna: signed in');
  });

  test('one that the fleet does not have is named', async () => {
    const served = await serve(new MemoryBridge([{ ...readyAccount, name: 'anna' }]));
    const config = await configFile(served.stateDir);
    const { terminal, screen } = aTerminal();
    expect(await login({ config, account: 'bo' }, terminal)).toBe(exitCodes.crash);
    expect(screen()).toContain('the fleet has no account bo');
  });
});
