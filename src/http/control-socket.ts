import { once } from 'node:events';
import { chmod, lstat, mkdtemp, rename, rm, unlink } from 'node:fs/promises';
import type { Server } from 'node:http';
import { connect } from 'node:net';
import { dirname, join } from 'node:path';
import type { Logger } from '../daemon/logger.js';
import type { HttpApp } from './app.js';
import type { BridgeApi } from './bridge-api.js';
import { controlPathFault } from './control-path.js';
import { closeServer, serverOf } from './server.js';
import { isSystemError } from '../daemon/system-error.js';

export interface ControlSocketOptions {
  readonly path: string;
  readonly api: BridgeApi;
  readonly log: Logger;
  readonly version: string;
  /** How long answers under way may take once the bridge stops. */
  readonly grace_ms?: number;
}

export interface ControlSocket {
  /** Nobody new is let in, answers under way have the grace, then every connection is ended. */
  stop(): Promise<void>;
}

const usualGrace_ms = 1000;

/**
 * Serves the HTTP API on a Unix socket that only the daemon's own user can open. Where that cannot be, the log says
 * why and the daemon does without.
 */
export async function startControlSocket(options: ControlSocketOptions): Promise<ControlSocket> {
  const { path, api, log, version, grace_ms = usualGrace_ms } = options;
  try {
    const fault = controlPathFault(path) ?? (await whatIsInTheWay(path));
    if (fault !== undefined) throw new Error(fault);
    const app = whenAsked(async () => {
      const { createControlApp } = await import('./control-app.js');
      return createControlApp({ api, log, version });
    });
    const server = serverOf({ app, log });
    await listen(server, path);
    server.on('error', (err) => {
      log.error({ err }, 'the control socket has an error');
    });
    const own = await lstat(path);
    return {
      async stop() {
        await removeOwn(path, own.ino).catch((err: unknown) => {
          log.warn({ err }, 'the control socket could not be removed');
        });
        app.stop();
        await closeServer(server, grace_ms);
      },
    };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    log.error(
      `there is no control socket: ${path}: ${reason}; the subcommands login and vehicles cannot reach this daemon`,
    );
    return { stop: () => Promise.resolve() };
  }
}

/** Made when the first request comes: its routes and schemas would be a third of what a start takes. */
function whenAsked(make: () => Promise<HttpApp>): HttpApp {
  let made: Promise<HttpApp> | undefined;
  return {
    fetch: async (...request) => {
      made ??= make();
      const { fetch } = await made;
      return fetch(...request);
    },
    stop: () => {
      void made?.then((app) => {
        app.stop();
      });
    },
  };
}

/** The file of a daemon that died may be replaced; a living one's, or what is no socket, never. */
async function whatIsInTheWay(path: string): Promise<string | undefined> {
  const found = await lstat(path).catch((error: unknown) => {
    if (isSystemError(error, 'ENOENT')) return undefined;
    throw error;
  });
  if (found === undefined) return undefined;
  if (!found.isSocket()) return 'there is a file that is not a socket';
  return (await isServed(path)) ? 'another daemon answers there' : undefined;
}

async function isServed(path: string): Promise<boolean> {
  const socket = connect(path);
  try {
    await once(socket, 'connect');
    return true;
  } catch (error) {
    if (isSystemError(error, 'ECONNREFUSED') || isSystemError(error, 'ENOENT')) return false;
    // One whose queue is full (EAGAIN) lives, too.
    if (isSystemError(error, 'EAGAIN')) return true;
    throw error;
  } finally {
    socket.destroy();
  }
}

/**
 * The socket is made in a folder that nobody else can enter, and gets its name when it has its mode. The name of a
 * dead daemon's socket changes hands in the same step.
 */
async function listen(server: Server, path: string): Promise<void> {
  // No longer than the name it replaces: the limit is the same.
  const folder = await mkdtemp(join(dirname(path), 'c.'));
  const first = join(folder, 's');
  try {
    server.listen(first);
    await once(server, 'listening');
    await chmod(first, 0o600);
    await rename(first, path);
  } catch (error) {
    server.close();
    throw error;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Only the file that was made here: by now another daemon may have put its own in this place. */
async function removeOwn(path: string, ino: number): Promise<void> {
  try {
    const found = await lstat(path);
    if (found.ino === ino) await unlink(path);
  } catch (error) {
    if (!isSystemError(error, 'ENOENT')) throw error;
  }
}
