import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { onTeardown } from '../../test/support/teardown.js';
import { connect } from '../connect.js';
import { timed } from '../statistics.js';

const program = fileURLToPath(new URL('echo-client.mjs', import.meta.url));
const from = 'bench/echo/to';
const to = 'bench/echo/from';

/** About as long as a command with an id. */
const message = JSON.stringify({ value: 'cached', id: 'bench-0123456789' });

/** A bare client in a process of its own that answers each message. Resolves when it has said its first word. */
export async function startEcho(url: string): Promise<Echo> {
  const client = await connect(url);
  const heard: (() => void)[] = [];
  client.on('message', () => heard.shift()?.());
  await client.subscribeAsync(to, { qos: 1 });
  const next = (): Promise<void> => new Promise((resolve) => heard.push(resolve));
  const ready = next();
  const begun = performance.now();
  const child = spawn(process.execPath, [program, url, from, to], { stdio: 'inherit' });
  onTeardown(async () => {
    const ended = once(child, 'close');
    if (child.kill()) await ended;
  });
  await ready;
  const start_ms = performance.now() - begun;
  return {
    pid: child.pid ?? 0,
    start_ms,
    roundTrip: () =>
      timed(async () => {
        const answer = next();
        client.publish(from, message, { qos: 1 });
        await answer;
      }),
    perSecond: async (outstanding, duration_ms) => {
      const begun = performance.now();
      let count = 0;
      const one = async (): Promise<void> => {
        while (performance.now() - begun < duration_ms) {
          const answer = next();
          client.publish(from, message, { qos: 1 });
          await answer;
          count += 1;
        }
      };
      await Promise.all(Array.from({ length: outstanding }, one));
      return (count / (performance.now() - begun)) * 1000;
    },
  };
}

export interface Echo {
  readonly pid: number;
  /** From the process's start to its first message. */
  readonly start_ms: number;
  /** Milliseconds from the message to its answer. */
  readonly roundTrip: () => Promise<number>;
  /** Round trips a second with so many under way at any time. */
  readonly perSecond: (outstanding: number, duration_ms: number) => Promise<number>;
}
