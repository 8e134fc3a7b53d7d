import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { type IncomingMessage, request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { Socket } from 'node:net';
import { connect as tlsConnect } from 'node:tls';

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
  /** Parsed; undefined when the text is no JSON. */
  readonly json: unknown;
}

export interface ProxyTarget {
  readonly proxyUrl: string;
  readonly caFile: string;
}

export interface Ask {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  readonly signal?: AbortSignal;
}

/** One HTTPS request in a tunnel of its own, as a client behind a proxy makes it. */
export async function ask(target: ProxyTarget, url: string, options: Ask = {}): Promise<Answer> {
  const { hostname, port } = new URL(url);
  const tunnel = await openTunnel(target.proxyUrl, `${hostname}:${port === '' ? '443' : port}`);
  const socket = tlsConnect({
    socket: tunnel,
    servername: hostname,
    ca: readFileSync(target.caFile),
  });
  try {
    return await exchange(socket, url, options);
  } finally {
    socket.destroy();
    tunnel.destroy();
  }
}

async function openTunnel(proxyUrl: string, path: string): Promise<Socket> {
  const request = httpRequest(proxyUrl, { method: 'CONNECT', path });
  request.end();
  const [, socket] = (await once(request, 'connect')) as [unknown, Socket];
  return socket;
}

async function exchange(socket: Socket, url: string, options: Ask): Promise<Answer> {
  const { method = 'GET', headers = {}, body, signal } = options;
  const request = httpsRequest(url, {
    method,
    headers: { 'content-type': 'application/json', ...headers },
    createConnection: () => socket,
    ...(signal !== undefined && { signal }),
  });
  request.end(body === undefined ? undefined : JSON.stringify(body));
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  const text = Buffer.concat(chunks).toString();
  return { status: response.statusCode ?? 0, headers: response.headers, text, json: parsed(text) };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
