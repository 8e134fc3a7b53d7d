import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { freePort } from './free-port.js';
import { GrowingList } from './growing-list.js';
import { findProgram, isAvailable } from './programs.js';
import { onTeardown } from './teardown.js';
import { tempDir } from './temp-dir.js';
import { within } from './wait.js';

const broker = findProgram('mosquitto');
const publisher = findProgram('mosquitto_pub');

export const hasMosquitto = isAvailable(
  broker !== undefined && publisher !== undefined,
  'mosquitto or mosquitto_pub (packages mosquitto, mosquitto-clients)',
);

export interface MosquittoOptions {
  /** Keeps sessions and retained messages over `restart` and, up to a second, over `kill`. */
  readonly persistence?: boolean;
  /** Further lines of mosquitto.conf. */
  readonly settings?: readonly string[];
}

export interface PublishOptions {
  readonly qos?: 0 | 1 | 2;
  readonly retain?: boolean;
  /** Further arguments of mosquitto_pub: `['-D', 'publish', 'message-expiry-interval', '5']`. */
  readonly arguments?: readonly string[];
}

/** A real mosquitto on a port of its own, ended with the test. */
export class Mosquitto {
  readonly port: number;
  readonly url: string;
  readonly log = new GrowingList<string>();
  readonly #configFile: string;
  #process: ChildProcess | undefined;

  constructor(port: number, configFile: string) {
    this.port = port;
    this.url = `mqtt://127.0.0.1:${String(port)}`;
    this.#configFile = configFile;
  }

  /** Resolves when connections are accepted. */
  async start(): Promise<void> {
    const known = this.log.items.length;
    const process = spawn(broker ?? 'mosquitto', ['-c', this.#configFile], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    this.#process = process;
    createInterface(process.stderr).on('line', (line) => {
      this.log.add(line);
    });
    const ended = once(process, 'close').then(() => {
      throw new Error(`mosquitto did not start: ${this.log.items.slice(known).join(' | ')}`);
    });
    const running = this.log.waitFor(
      (line) => line.endsWith(' running'),
      10_000,
      () => `mosquitto to run: ${this.log.items.slice(known).join(' | ')}`,
      known,
    );
    // Whichever loses the race is of no further interest.
    ended.catch(() => undefined);
    running.catch(() => undefined);
    await Promise.race([running, ended]);
  }

  /** Ends it cleanly: clients are told, and with persistence everything is saved. */
  stop(): Promise<void> {
    return this.#end('SIGTERM');
  }

  /** Ends it as a power cut would. */
  kill(): Promise<void> {
    return this.#end('SIGKILL');
  }

  /** Stops it and starts it again on the same port. */
  async restart(): Promise<void> {
    await this.stop();
    await this.start();
  }

  /** Suspends the broker without closing a connection, as a network that swallows everything; undone by `resume`. */
  pause(): void {
    this.#process?.kill('SIGSTOP');
  }

  resume(): void {
    this.#process?.kill('SIGCONT');
  }

  /** Publishes as a person would, with mosquitto_pub; resolves when the broker has it. */
  async publish(
    topic: string,
    payload: string | Buffer,
    options: PublishOptions = {},
  ): Promise<void> {
    const process = spawn(
      publisher ?? 'mosquitto_pub',
      [
        ...['-h', '127.0.0.1', '-p', String(this.port), '-V', '5', '-t', topic],
        ...['-q', String(options.qos ?? 1), ...(options.retain === true ? ['-r'] : [])],
        ...(payload.length === 0 ? ['-n'] : ['-s']),
        ...(options.arguments ?? []),
      ],
      { stdio: ['pipe', 'ignore', 'pipe'] },
    );
    const complaint: string[] = [];
    process.stderr.setEncoding('utf8').on('data', (text: string) => complaint.push(text));
    // A publisher that refuses its arguments closes its input before we have written.
    process.stdin.on('error', (error) => complaint.push(error.message));
    process.stdin.end(payload);
    const ended = once(process, 'close') as Promise<[number | null]>;
    const [code] = await within(ended, 10_000, () => `mosquitto_pub ${topic}`);
    if (code !== 0)
      throw new Error(`mosquitto_pub ended with ${String(code)}: ${complaint.join('')}`);
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const process = this.#process;
    this.#process = undefined;
    if (process?.exitCode !== null || process.signalCode !== null) return;
    const closed = once(process, 'close');
    process.kill('SIGCONT');
    process.kill(signal);
    await within(closed, 10_000, () => `mosquitto to end after ${signal}`);
  }
}

export async function startMosquitto(options: MosquittoOptions = {}): Promise<Mosquitto> {
  const folder = await tempDir();
  const configFile = join(folder, 'mosquitto.conf');
  for (let attempt = 1; ; attempt += 1) {
    const port = await freePort();
    await writeFile(configFile, configuration(port, folder, options));
    const mosquitto = new Mosquitto(port, configFile);
    onTeardown(() => mosquitto.stop());
    try {
      await mosquitto.start();
      return mosquitto;
    } catch (error) {
      const taken = mosquitto.log.items.some((line) => line.includes('Address already in use'));
      if (!taken || attempt === 3) throw error;
    }
  }
}

function configuration(port: number, folder: string, options: MosquittoOptions): string {
  return [
    `listener ${String(port)} 127.0.0.1`,
    'allow_anonymous true',
    'set_tcp_nodelay true',
    'max_queued_messages 0',
    'log_dest stderr',
    // Started as root it would drop to a user who cannot write this folder, and lose its sessions without a word.
    ...(process.getuid?.() === 0 ? ['user root'] : []),
    ...(options.persistence === true
      ? ['persistence true', `persistence_location ${folder}/`, 'autosave_interval 1']
      : ['persistence false']),
    ...(options.settings ?? []),
    '',
  ].join('\n');
}
