import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { NatsConnection } from '@nats-io/transport-node';
import { z } from 'zod';
import { createLogger } from '../../src/daemon/logger.js';
import { KnownSecrets } from '../../src/daemon/redaction.js';
import { connectNats } from '../../src/nats/connect.js';
import { freePort } from './free-port.js';
import { GrowingList } from './growing-list.js';
import { findProgram, isAvailable } from './programs.js';
import { onTeardown } from './teardown.js';
import { tempDir } from './temp-dir.js';
import { within } from './wait.js';

const server = findProgram('nats-server');

export const hasNats = isAvailable(server !== undefined, 'nats-server (package nats-server)');

/** A real nats-server with JetStream on a port of its own, ended with the test. What it stores survives `kill`. */
export class NatsServer {
  readonly port: number;
  readonly url: string;
  readonly log = new GrowingList<string>();
  readonly #folder: string;
  readonly #monitorPort: number | undefined;
  #process: ChildProcess | undefined;

  constructor(port: number, folder: string, monitorPort?: number) {
    this.port = port;
    this.url = `nats://127.0.0.1:${String(port)}`;
    this.#folder = folder;
    this.#monitorPort = monitorPort;
  }

  /** Resolves when connections are accepted. */
  async start(): Promise<void> {
    const known = this.log.items.length;
    const args = ['-a', '127.0.0.1', '-p', String(this.port), '-js', '-sd', this.#folder];
    if (this.#monitorPort !== undefined) args.push('-m', String(this.#monitorPort));
    const process = spawn(server ?? 'nats-server', args, { stdio: ['ignore', 'ignore', 'pipe'] });
    this.#process = process;
    createInterface(process.stderr).on('line', (line) => {
      this.log.add(line);
    });
    const said = (): string => this.log.items.slice(known).join(' | ');
    const ended = once(process, 'close').then(() => {
      throw new Error(`nats-server did not start: ${said()}`);
    });
    const running = this.log.waitFor(
      (line) => line.endsWith('Server is ready'),
      10_000,
      () => `nats-server to run: ${said()}`,
      known,
    );
    // Whichever loses the race is of no further interest.
    ended.catch(() => undefined);
    running.catch(() => undefined);
    await Promise.race([running, ended]);
  }

  stop(): Promise<void> {
    return this.#end('SIGTERM');
  }

  /** Ends it as a power cut would. */
  kill(): Promise<void> {
    return this.#end('SIGKILL');
  }

  async restart(): Promise<void> {
    await this.stop();
    await this.start();
  }

  /** Suspends it without closing a connection; undone by `resume`. */
  pause(): void {
    this.#process?.kill('SIGSTOP');
  }

  resume(): void {
    this.#process?.kill('SIGCONT');
  }

  /** A connection as the product makes them, closed with the test. */
  async connect(name = 'test'): Promise<NatsConnection> {
    const log = createLogger({ level: 'error', format: 'json', secrets: new KnownSecrets() });
    const connection = await connectNats({ servers: [this.url], name, tls: {} }, log);
    onTeardown(() => connection.close());
    return connection;
  }

  /** How many messages its clients have sent it, if it is `monitored`. */
  async received(): Promise<number> {
    const answer = await fetch(`http://127.0.0.1:${String(this.#monitorPort)}/varz`);
    return z.object({ in_msgs: z.number() }).parse(await answer.json()).in_msgs;
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const process = this.#process;
    this.#process = undefined;
    if (process?.exitCode !== null || process.signalCode !== null) return;
    const closed = once(process, 'close');
    process.kill('SIGCONT');
    process.kill(signal);
    await within(closed, 10_000, () => `nats-server to end after ${signal}`);
  }
}

export interface NatsOptions {
  /** Tells what it does on a port for that. */
  readonly monitored?: boolean;
}

export async function startNats({ monitored }: NatsOptions = {}): Promise<NatsServer> {
  for (let attempt = 1; ; attempt += 1) {
    const folder = join(await tempDir(), 'jetstream');
    const monitorPort = monitored === true ? await freePort() : undefined;
    const nats = new NatsServer(await freePort(), folder, monitorPort);
    onTeardown(() => nats.stop());
    try {
      await nats.start();
      return nats;
    } catch (error) {
      const taken = nats.log.items.some((line) => line.includes('address already in use'));
      if (!taken || attempt === 3) throw error;
    }
  }
}
