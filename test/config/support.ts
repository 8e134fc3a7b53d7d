import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { onTestFinished } from 'vitest';
import { loadConfig } from '../../src/config/load-config.js';
import type { ConfigSources, LoadedConfig } from '../../src/config/load-config.js';
import type { Config } from '../../src/config/schema.js';

/** A folder with these files, for one test. */
export async function aFolder(files: Readonly<Record<string, string>> = {}): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'config-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), text);
  }
  return folder;
}

/** Loads a text as the configuration file, in a folder of its own. */
export async function loadText(
  text: string,
  env: ConfigSources['env'] = {},
  files: Readonly<Record<string, string>> = {},
): Promise<LoadedConfig> {
  const cwd = await aFolder({ ...files, 'bluelink2mqtt.yaml': text });
  return loadConfig({ env, cwd });
}

export function configOf(loaded: LoadedConfig): Config {
  if (loaded.ok) return loaded.config;
  throw new Error(loaded.faults.map(({ message }) => message).join('\n'));
}

export function messagesOf(loaded: LoadedConfig): string[] {
  return loaded.ok ? [] : loaded.faults.map(({ message }) => message);
}

/** The least that is a configuration; more sections can follow it. */
export const least = `
mqtt: { url: 'mqtt://broker.lan' }
accounts: [{ name: home, backend: simulator }]
`;
