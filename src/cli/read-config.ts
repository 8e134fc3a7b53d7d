import type { AccountConfig } from '../config/accounts.js';
import type { Config } from '../config/schema.js';
import { loadConfig } from '../config/load-config.js';

export interface ReadConfig {
  readonly config: Config;
  /** Accounts that are written down and switched off. */
  readonly disabled: readonly AccountConfig[];
  readonly warnings: readonly string[];
}

/** The configuration for a subcommand; every fault is printed, and then there is none. */
export async function readConfig(file: string | undefined): Promise<ReadConfig | undefined> {
  const loaded = await loadConfig({
    ...(file === undefined ? {} : { file }),
    env: process.env,
    cwd: process.cwd(),
  });
  if (loaded.ok) return loaded;
  for (const { message } of loaded.faults) console.error(message);
  return undefined;
}
