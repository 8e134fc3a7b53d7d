import { expect, test } from 'vitest';
import { listThroughDaemon } from '../../src/cli/daemon-vehicles.js';
import { exitCodes } from '../../src/cli/exit-codes.js';
import { loadConfig } from '../../src/config/load-config.js';
import type { Config } from '../../src/config/schema.js';
import { failure } from '../../src/vehicle/outcome.js';
import { aVehicle, MemoryBridge, readyAccount } from '../http/memory-bridge.js';
import { serve } from '../http/served.js';
import { tempDir } from '../support/temp-dir.js';

async function configIn(stateDir: string): Promise<Config> {
  const env = {
    BLUELINK2MQTT_MQTT__URL: 'mqtt://localhost',
    BLUELINK2MQTT_ACCOUNTS__0__NAME: 'home',
    BLUELINK2MQTT_ACCOUNTS__0__BACKEND: 'simulator',
    BLUELINK2MQTT_STATE_DIR: stateDir,
  };
  const loaded = await loadConfig({ env, cwd: stateDir });
  if (!loaded.ok) throw new Error(loaded.faults.map(({ message }) => message).join('\n'));
  return loaded.config;
}

test('a running daemon lists its cars anew, each as without a daemon', async () => {
  const bridge = new MemoryBridge();
  const { stateDir } = await serve(bridge);
  const printed: unknown[] = [];
  const code = await listThroughDaemon(await configIn(stateDir), (...said) => printed.push(said));
  const { vehicle: _, ...listed } = aVehicle;
  expect({ code, printed }).toEqual({ code: exitCodes.clean, printed: [['home', [listed]]] });
  expect(bridge.asked).toEqual(['list home']);
});

test('an account that cannot list its cars does not keep the next one from it', async () => {
  const reason = failure('auth_failed', 'no');
  const refused = { ...readyAccount, name: 'away', state: 'refused', reason } as const;
  const { stateDir } = await serve(new MemoryBridge([refused, readyAccount]));
  const printed: string[] = [];
  const code = await listThroughDaemon(await configIn(stateDir), (name) => printed.push(name));
  expect({ code, printed }).toEqual({ code: exitCodes.crash, printed: ['home'] });
});

test('without a daemon it is left to who asked', async () => {
  const config = await configIn(await tempDir());
  expect(await listThroughDaemon(config, () => undefined)).toBeUndefined();
});
