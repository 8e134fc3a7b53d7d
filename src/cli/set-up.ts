import { resolve } from 'node:path';
import { loadConfig } from '../config/load-config.js';
import { exitCodes, type ExitCode } from './exit-codes.js';
import { setup } from './setup.js';

export interface SetUpOptions {
  readonly config?: string;
  readonly python?: string;
  readonly upgrade?: boolean;
}

/** `setup` for the state directory of the configuration, or for `./state` where there is none yet. */
export async function setUp({ config: file, python, upgrade }: SetUpOptions): Promise<ExitCode> {
  const loaded = await loadConfig({
    ...(file === undefined ? {} : { file }),
    env: process.env,
    cwd: process.cwd(),
  });
  if (!loaded.ok && (file !== undefined || loaded.file !== undefined)) {
    for (const { message } of loaded.faults) console.error(message);
    return exitCodes.configuration;
  }
  if (loaded.ok && loaded.config.accounts.every(({ backend }) => backend === 'simulator')) {
    console.log('No account needs Python.');
    return exitCodes.clean;
  }
  const stateDir = loaded.ok
    ? loaded.config.state_dir
    : resolve(process.env['STATE_DIRECTORY'] ?? 'state');
  return (await setup({ stateDir, python, upgrade })) === 0 ? exitCodes.clean : exitCodes.crash;
}
