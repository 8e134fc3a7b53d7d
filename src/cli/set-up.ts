import { resolve } from 'node:path';
import { loadConfig } from '../config/load-config.js';
import type { Config } from '../config/schema.js';
import { exitCodes, type ExitCode } from './exit-codes.js';
import { setup, type SetupOptions } from './setup.js';

export interface SetUpOptions {
  readonly config?: string;
  readonly python?: string;
  /** At most one of these three. */
  readonly upgrade?: boolean;
  readonly version?: string;
  readonly tested?: boolean;
}

/** `setup` for the state directory of the configuration, or for `./state` where there is none yet. */
export async function setUp(options: SetUpOptions): Promise<ExitCode> {
  const { config: file, python } = options;
  const loaded = await load(file);
  if (!loaded.ok && (file !== undefined || loaded.file !== undefined)) {
    for (const { message } of loaded.faults) console.error(message);
    return exitCodes.configuration;
  }
  if (loaded.ok && areAllSimulated(loaded.config)) {
    console.log('No account needs Python.');
    return exitCodes.clean;
  }
  const stateDir = loaded.ok
    ? loaded.config.state_dir
    : resolve(process.env['STATE_DIRECTORY'] ?? 'state');
  const code = await setup({ stateDir, python, library: libraryOf(options) });
  if (loaded.ok) tellOfAnother(loaded.config.python);
  return code;
}

function load(file: string | undefined): ReturnType<typeof loadConfig> {
  const named = file === undefined ? {} : { file };
  return loadConfig({ ...named, env: process.env, cwd: process.cwd() });
}

/** Where there are none yet they come later, from a folder or from the fleet. */
function areAllSimulated({ accounts }: Config): boolean {
  return accounts.length > 0 && accounts.every(({ backend }) => backend === 'simulator');
}

/** The environment is of no use to a bridge whose configuration names an interpreter. */
function tellOfAnother(python: string): void {
  if (python === 'auto') return;
  console.log(`The configuration names ${python}: with \`python: auto\` the bridge uses this one.`);
}

function libraryOf({ upgrade, version, tested }: SetUpOptions): SetupOptions['library'] {
  if (version !== undefined) return { version };
  if (tested === true) return 'tested';
  return upgrade === true ? 'newest' : undefined;
}
