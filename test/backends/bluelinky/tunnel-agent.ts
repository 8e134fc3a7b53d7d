import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import https, { Agent } from 'node:https';
import { connect, type Socket } from 'node:net';
import { type TLSSocket, connect as tlsConnect } from 'node:tls';
import { onTeardown } from '../../support/teardown.js';

interface Target {
  readonly host: string;
  readonly port: number | string;
}

export interface Proxy {
  readonly proxyUrl: string;
  readonly caFile: string;
}

/**
 * Leads whatever is asked for over HTTPS through the cloud's proxy, for a library that knows no proxies. The tunnel is
 * opened without an HTTP client, so that nobody who counts requests counts it.
 */
export function tunnelAgent({ proxyUrl, caFile }: Proxy): Agent {
  const proxy = new URL(proxyUrl);
  const ca = readFileSync(caFile);
  const createConnection = (
    target: Target,
    created: (error: Error | null, socket?: TLSSocket) => void,
  ): void => {
    openTunnel(proxy, target).then(
      (socket) => {
        created(null, tlsConnect({ socket, servername: target.host, ca }));
      },
      (error: unknown) => {
        created(error as Error);
      },
    );
  };
  // As Node's own does: an open connection is used again.
  return Object.assign(new Agent({ keepAlive: true }), { createConnection });
}

/** Until the test, or the file, is over. */
export function leadThroughProxy(proxy: Proxy): void {
  const direct = https.globalAgent;
  const agent = tunnelAgent(proxy);
  https.globalAgent = agent;
  onTeardown(() => {
    https.globalAgent = direct;
    agent.destroy();
  });
}

async function openTunnel(proxy: URL, { host, port }: Target): Promise<Socket> {
  const socket = connect(Number(proxy.port), proxy.hostname);
  await once(socket, 'connect');
  socket.write(`CONNECT ${host}:${port} HTTP/1.1\r\nHost: ${host}:${port}\r\n\r\n`);
  const [answer] = (await once(socket, 'data')) as [Buffer];
  const [line = ''] = answer.toString('latin1').split('\r\n');
  if (line.startsWith('HTTP/1.1 200 ')) return socket;
  socket.destroy();
  throw new Error(`the proxy says ${line}`);
}
