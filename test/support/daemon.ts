import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { stringify } from 'yaml';
import { GrowingList } from './growing-list.js';
import { type ProcessEntry, familyOf, stillRunning } from './processes.js';
import { expectNoSecrets, expectNoSecretsIn } from './secret-scan.js';
import { onTeardown } from './teardown.js';
import { tempDir } from './temp-dir.js';
import { waitUntil, within } from './wait.js';

const entry = fileURLToPath(new URL('../../dist/main.js', import.meta.url));

export interface DaemonOptions {
  /** The configuration; `state_dir` is added. */
  readonly config: Readonly<Record<string, unknown>>;
  /** The folder of an earlier daemon, to see what survives a restart. Default: a new one. */
  readonly stateDir?: string;
  readonly environment?: Readonly<Record<string, string>>;
  /** Options of Node itself, such as `--expose-gc`. */
  readonly nodeOptions?: readonly string[];
}

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** The built daemon as a process of its own session, so that whatever it leaves behind can be found. */
export class Daemon {
  readonly stateDir: string;
  readonly pid: number;
  readonly exit: Promise<Exit>;
  /** Standard output and error, line by line. */
  readonly output = new GrowingList<string>();
  readonly #process: ChildProcess;
  #family: ProcessEntry[] = [];

  constructor(process: ChildProcess, stateDir: string) {
    if (process.pid === undefined) throw new Error('the daemon did not start');
    this.pid = process.pid;
    this.stateDir = stateDir;
    this.#process = process;
    this.exit = once(process, 'close').then(([code, signal]: unknown[]) => ({
      code: code as number | null,
      signal: signal as NodeJS.Signals | null,
    }));
    for (const stream of [process.stdout, process.stderr]) {
      if (stream === null) throw new Error('the daemon has no output');
      createInterface(stream).on('line', (line) => {
        this.output.add(line);
      });
    }
  }

  get lines(): readonly string[] {
    return this.output.items;
  }

  /** The first line that matches, printed already or yet to come; an error as soon as the daemon ends without it. */
  async waitForLine(pattern: RegExp, timeout_ms = 10_000): Promise<string> {
    const line = this.output.waitFor(
      (one) => pattern.test(one),
      timeout_ms,
      () => `${String(pattern)} from the daemon; it said\n${this.#tail()}`,
    );
    const ended = this.exit.then(({ code, signal }) => {
      // What it printed last is read by now: 'close' comes after the end of both streams.
      const last = this.lines.find((one) => pattern.test(one));
      if (last !== undefined) return last;
      throw new Error(`the daemon ended (${String(signal ?? code)}); it said\n${this.#tail()}`);
    });
    line.catch(() => undefined);
    ended.catch(() => undefined);
    return Promise.race([line, ended]);
  }

  /** The daemon and everything it has started, now. */
  family(): ProcessEntry[] {
    return familyOf(this.pid);
  }

  /** Sends a signal to the daemon alone and remembers what it had started, for `stop` and `expectNothingLeft`. */
  kill(signal: NodeJS.Signals): void {
    this.#remember();
    this.#process.kill(signal);
  }

  /** Asks for a clean stop and checks that no process is left. Answers at once when it has ended already. */
  async stop(timeout_ms = 15_000): Promise<Exit> {
    if (this.#isRunning()) this.kill('SIGTERM');
    const exit = await within(this.exit, timeout_ms, () => `the daemon to stop\n${this.#tail()}`);
    await this.expectNothingLeft();
    return exit;
  }

  /** After the daemon's end: fails unless all that it had started is gone within the grace. */
  async expectNothingLeft(grace_ms = 5_000): Promise<void> {
    this.#remember();
    await waitUntil(
      () => stillRunning(this.#family).length === 0,
      grace_ms,
      () => `these to end: ${JSON.stringify(stillRunning(this.#family))}`,
    );
  }

  /** The end of the test: nothing may stay, whatever state the daemon is in. */
  async end(): Promise<void> {
    try {
      await this.stop();
    } finally {
      this.#remember();
      for (const one of stillRunning(this.#family)) process.kill(one.pid, 'SIGKILL');
    }
    expectNoSecrets(this.lines, 'the log');
    await expectNoSecretsIn(this.stateDir);
  }

  #isRunning(): boolean {
    return this.#process.exitCode === null && this.#process.signalCode === null;
  }

  #remember(): void {
    const known = new Map(this.#family.map((one) => [`${String(one.pid)} ${one.started}`, one]));
    for (const one of this.family()) known.set(`${String(one.pid)} ${one.started}`, one);
    this.#family = [...known.values()];
  }

  #tail(): string {
    return this.lines.slice(-20).join('\n');
  }
}

/** Starts `dist/main.js run`; resolves at once. Wait for `online` on the broker, or for a line. */
export async function startDaemon(options: DaemonOptions): Promise<Daemon> {
  if (!existsSync(entry)) throw new Error('dist/main.js is missing: run `npm run build` first');
  const stateDir = options.stateDir ?? (await tempDir());
  const configFile = join(await tempDir(), 'bluelink2mqtt.yaml');
  await writeFile(
    configFile,
    stringify({ http: { enabled: false }, state_dir: stateDir, ...options.config }),
  );
  const nodeArguments = [...(options.nodeOptions ?? []), entry, 'run', '--config', configFile];
  const child = spawn(process.execPath, nodeArguments, {
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
    env: { ...outerEnvironment(), ...options.environment },
  });
  const daemon = new Daemon(child, stateDir);
  onTeardown(() => daemon.end());
  return daemon;
}

/** Settings of the person who runs the tests must not reach the daemon under test. */
function outerEnvironment(): NodeJS.ProcessEnv {
  const ours =
    /^(BLUELINK2MQTT|HYUNDAI|MQTT|STATE_DIRECTORY|CREDENTIALS_DIRECTORY|NOTIFY_SOCKET|NODE_OPTIONS|VITEST)/;
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !ours.test(name)));
}
