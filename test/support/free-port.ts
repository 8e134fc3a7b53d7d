import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';

const lowest = 10_000;
const kernelsRange = '/proc/sys/net/ipv4/ip_local_port_range';

/**
 * A port of 127.0.0.1 that nobody listens on now, and that the kernel gives to nobody by itself: a server that goes
 * away for a while finds it free again. Whoever takes it must be ready to find it taken after all.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(lowest, firstOfKernel());
    if (await isFree(port)) return port;
  }
}

function firstOfKernel(): number {
  const first = existsSync(kernelsRange) ? Number.parseInt(readFileSync(kernelsRange, 'utf8')) : 0;
  return first > lowest ? first : 65_536;
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer().listen(port, '127.0.0.1');
  try {
    await once(server, 'listening');
  } catch {
    return false;
  }
  server.close();
  await once(server, 'close');
  return true;
}
