import { pino } from 'pino';
import type { Logger } from '../../src/daemon/logger.js';
import type { BridgeApi } from '../../src/http/bridge-api.js';
import { controlPath } from '../../src/http/control-path.js';
import { startControlSocket, type ControlSocket } from '../../src/http/control-socket.js';
import {
  startWebServer,
  type WebServer,
  type WebServerOptions,
} from '../../src/http/web-server.js';
import { ask, type Answer, type Sent } from '../support/http-client.js';
import { expectNoSecrets, keepSecret } from '../support/secret-scan.js';
import { onTeardown } from '../support/teardown.js';
import { tempDir } from '../support/temp-dir.js';
import { waitUntil } from '../support/wait.js';
import { MemoryBridge } from './memory-bridge.js';

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

/** One request to a control socket. */
export function exchange(socketPath: string, line: string, sent: Sent = {}): Promise<Answer> {
  return ask({ socketPath }, line, sent);
}

export interface ServedWeb {
  readonly bridge: MemoryBridge;
  readonly port: number;
  readonly web: WebServer;
  readonly lines: readonly string[];
  /** What was answered, as the metrics are told. */
  readonly answered: readonly string[];
  readonly ask: (line: string, sent?: Sent) => Promise<Answer>;
}

export const token = 'a-token-of-the-tests-0123456789';

/** The same API on a port of this machine, behind the guard. */
export async function serveWeb(
  options: Partial<WebServerOptions> = {},
  bridge = new MemoryBridge(),
): Promise<ServedWeb> {
  const { log, lines } = aFullLog();
  keepSecret(options.token);
  const answered: string[] = [];
  const web = await startWebServer({
    ...{ api: bridge, log, version: '1.2.3', host: '127.0.0.1', port: 0, grace_ms: 200 },
    ...{ allowed_hosts: [], trusted_proxies: [] },
    retry: { initial_ms: 100, factor: 2, max_ms: 1000, jitter: 0 },
    onAnswered: (route, status) => answered.push(`${route} ${String(status)}`),
    ...options,
  });
  onTeardown(async () => {
    await web.stop();
    expectNoSecrets([...lines, ...answered], 'the log');
  });
  const isUp = (): boolean => web.port !== undefined;
  await waitUntil(isUp, 15_000, () => `the server to listen; it said\n${lines.join('')}`);
  const port = web.port ?? 0;
  return { bridge, port, web, lines, answered, ask: (line, sent) => ask({ port }, line, sent) };
}
