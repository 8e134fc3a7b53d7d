import { loadConfig } from '../config/load-config.js';
import type { LoadedConfig } from '../config/load-config.js';
import { exitCodes } from './exit-codes.js';
import type { ExitCode } from './exit-codes.js';

export interface CheckConfigOptions {
  /** The file that `--config` names. */
  readonly config?: string;
}

/** Where a subcommand runs and writes: the process's own, unless a caller says otherwise. */
export interface CheckConfigSurroundings {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly write: (line: string) => void;
}

function ownSurroundings(): CheckConfigSurroundings {
  const write = (line: string): void => {
    console.log(line);
  };
  return { env: process.env, cwd: process.cwd(), write };
}

/** Tells every fault of the configuration, or that there is none, and the warnings. Resolves to the exit code. */
export async function checkConfig(
  options: CheckConfigOptions,
  { env, cwd, write }: CheckConfigSurroundings = ownSurroundings(),
): Promise<ExitCode> {
  const file = options.config === undefined ? {} : { file: options.config };
  const loaded = await loadConfig({ ...file, env, cwd });
  for (const line of report(loaded)) write(line);
  return loaded.ok ? exitCodes.clean : exitCodes.configuration;
}

function report(loaded: LoadedConfig): string[] {
  if (!loaded.ok) return loaded.faults.map(({ message }) => message);
  const warnings = loaded.warnings.map((warning) => `warning: ${warning}`);
  return [...warnings, `${loaded.file ?? 'the environment'}: no faults`];
}
