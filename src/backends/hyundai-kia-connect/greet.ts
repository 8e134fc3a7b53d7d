import { sidecarCommand } from './adapter.js';
import type { Hello } from './protocol.js';
import { Sidecar } from './sidecar.js';

/** Reading all the modules from a slow card takes long the first time. */
const hello_ms = 120_000;

/** Starts the sidecar with this interpreter and ends it again: what it says of itself, or in words why it says nothing. */
export async function greet(python: string): Promise<Hello | string> {
  const written: string[] = [];
  const sidecar = new Sidecar({
    command: sidecarCommand(python),
    listener: {
      message: () => undefined,
      stderr: (line) => written.push(line),
      process: () => undefined,
    },
    onReady: () => undefined,
    onLost: () => undefined,
    hello_ms,
  });
  const started = await sidecar.ready();
  await sidecar.end('stop');
  if (started.is === 'ready') return started.hello;
  const why = started.is === 'failed' ? started.why : 'it was stopped';
  const last = written.at(-1);
  return last === undefined ? why : `${why}: ${last}`;
}
