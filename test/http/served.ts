import { request, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { pino } from 'pino';
import type { Logger } from '../../src/daemon/logger.js';
import type { BridgeApi } from '../../src/http/bridge-api.js';
import { controlPath } from '../../src/http/control-path.js';
import { startControlSocket, type ControlSocket } from '../../src/http/control-socket.js';
import { onTeardown } from '../support/teardown.js';
import { tempDir } from '../support/temp-dir.js';

export interface Served {
  readonly stateDir: string;
  readonly path: string;
  readonly socket: ControlSocket;
  /** The log's lines, at `trace`. */
  readonly lines: readonly string[];
}

/** A control socket of this bridge, in a state directory of its own unless one is named. */
export async function serve(api: BridgeApi, stateDir?: string): Promise<Served> {
  const folder = stateDir ?? (await tempDir());
  const path = controlPath(folder);
  const { log, lines } = aFullLog();
  const socket = await startControlSocket({ path, api, log, version: '1.2.3', grace_ms: 200 });
  onTeardown(() => socket.stop());
  return { stateDir: folder, path, socket, lines };
}

export function aFullLog(): { readonly log: Logger; readonly lines: readonly string[] } {
  const lines: string[] = [];
  const log = pino({ level: 'trace', base: null }, { write: (line: string) => lines.push(line) });
  return { log, lines };
}

export interface Exchanged {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Record<string, unknown>;
}

export interface Sent {
  readonly body?: string | Buffer;
  readonly type?: string;
  /** In pieces of unknown length. */
  readonly chunked?: boolean;
}

/** One request, as curl would send it. The answer has to be JSON. */
export async function exchange(
  socketPath: string,
  line: string,
  { body, type = 'application/json', chunked = false }: Sent = {},
): Promise<Exchanged> {
  const [method = 'GET', path = '/'] = line.split(' ');
  const headers = {
    ...(body === undefined ? {} : { 'content-type': type }),
    ...(chunked ? { 'transfer-encoding': 'chunked' } : {}),
  };
  const asked = request({ socketPath, path, method, agent: false, headers });
  asked.end(body);
  const [response] = (await once(asked, 'response')) as [IncomingMessage];
  const answer = JSON.parse(await text(response)) as Record<string, unknown>;
  return { status: response.statusCode ?? 0, headers: response.headers, body: answer };
}
