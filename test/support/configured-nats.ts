import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { freePort } from './free-port.js';
import { GrowingList } from './growing-list.js';
import { findProgram } from './programs.js';
import { onTeardown } from './teardown.js';
import { tempDir } from './temp-dir.js';
import { within } from './wait.js';

export interface ConfiguredNats {
  readonly url: string;
  readonly log: GrowingList<string>;
  stop(): Promise<void>;
}

/** A real nats-server with this configuration, but for its address; ended with the test. */
export async function startConfiguredNats(
  configuration: string,
  /** What it includes, by name. */
  beside: Readonly<Record<string, string>> = {},
): Promise<ConfiguredNats> {
  const own = await tempDir();
  const file = join(own, 'nats-server.conf');
  await writeFile(file, configuration);
  for (const [name, text] of Object.entries(beside)) {
    await writeFile(join(own, name), text, { mode: 0o600 });
  }
  const port = String(await freePort());
  const args = ['-c', file, '-a', '127.0.0.1', '-p', port];
  const server = spawn(findProgram('nats-server') ?? '', args, {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const log = new GrowingList<string>();
  createInterface(server.stderr).on('line', (line) => {
    log.add(line);
  });
  const closed = once(server, 'close');
  const stop = async (): Promise<void> => {
    server.kill();
    await within(closed, 10_000, () => 'nats-server to end');
  };
  onTeardown(stop);
  const isReady = (line: string): boolean => line.endsWith('Server is ready');
  await log.waitFor(isReady, 10_000, () => `nats-server to run: ${log.items.join(' | ')}`);
  return { url: `nats://127.0.0.1:${port}`, log, stop };
}
