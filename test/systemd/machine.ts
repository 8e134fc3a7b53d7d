import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { appendFile, readdir, readFile, rmdir } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { GrowingList } from '../support/growing-list.js';
import { listProcesses } from '../support/processes.js';
import { waitUntil, within } from '../support/wait.js';

const boot = fileURLToPath(new URL('boot.sh', import.meta.url));
const patience_ms = 120_000;

export interface Ran {
  readonly code: number | null;
  readonly output: string;
}

export interface RunOptions {
  /** With the network of this machine: packages come from there. The system's own has nothing but itself. */
  readonly isOnline?: boolean;
  readonly input?: string;
}

/** A Debian with a systemd of its own. What is changed in it stays over its reboots, and is gone at the end. */
export class Machine {
  readonly #system: string;
  readonly #run: string;
  readonly #cgroup: string;
  #nspawn: ChildProcess | undefined;
  #init = 0;
  #console: string[] = [];

  constructor(system: string, run: string) {
    this.#system = system;
    this.#run = run;
    this.#cgroup = `bluelink2mqtt-test-${String(process.pid)}`;
  }

  static async boot(): Promise<Machine> {
    const { BLUELINK2MQTT_TEST_SYSTEM: system, BLUELINK2MQTT_TEST_MACHINE: run } = process.env;
    if (system === undefined || run === undefined) throw new Error('use `npm run test:systemd`');
    const machine = new Machine(system, run);
    await machine.#boot();
    return machine;
  }

  /** A folder of this machine that it sees as /root/packages. */
  get packages(): string {
    return this.#run;
  }

  async #boot(): Promise<void> {
    const certificates = '/etc/ssl/certs/ca-certificates.crt';
    const bound = existsSync(certificates) ? [`--bind-ro=${certificates}`] : [];
    const packages = `--bind-ro=${this.packages}:/root/packages`;
    const own = [this.#system, this.#run, this.#cgroup];
    const nspawn = spawn('unshare', ['--mount', boot, ...own, packages, ...bound], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#nspawn = nspawn;
    for (const stream of [nspawn.stdout, nspawn.stderr]) {
      createInterface(stream).on('line', (line) => this.#console.push(line));
    }
    const ended = once(nspawn, 'exit').then(() => {
      throw new Error(`the machine ended:\n${this.#console.join('\n')}`);
    });
    ended.catch(() => undefined);
    await Promise.race([ended, this.#isUp(nspawn.pid ?? 0)]);
  }

  async #isUp(nspawn: number): Promise<void> {
    const what = () => `the machine to boot:\n${this.#console.join('\n')}`;
    await waitUntil(
      () => {
        this.#init =
          listProcesses().find(
            ({ parent, command }) => parent === nspawn && command.includes('systemd/systemd'),
          )?.pid ?? 0;
        return this.#init > 0;
      },
      patience_ms,
      what,
    );
    await waitUntil(
      async () => (await this.run('systemctl is-system-running --wait')).output !== '',
      patience_ms,
      what,
    );
    await waitUntil(
      async () => /running|degraded/.test((await this.run('systemctl is-system-running')).output),
      patience_ms,
      what,
    );
  }

  /** Runs a line as root, as on a terminal of the machine; what it prints is on both streams. */
  async run(line: string, options: RunOptions = {}): Promise<Ran> {
    const child = this.#spawn(line, options);
    const output: Buffer[] = [];
    child.stdout?.on('data', (data: Buffer) => output.push(data));
    child.stderr?.on('data', (data: Buffer) => output.push(data));
    // Not every program reads what it is offered.
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(options.input ?? '');
    const [code] = (await once(child, 'close')) as [number | null];
    return { code, output: Buffer.concat(output).toString().trimEnd() };
  }

  /** A step of the documentation: it has to succeed, and what it printed is kept beside the results. */
  async step(line: string, options: RunOptions = {}): Promise<string> {
    const { code, output } = await this.run(line, options);
    await appendFile('.cache/systemd-results/steps.txt', `$ ${line}\n${output}\n\n`);
    if (code !== 0) throw new Error(`${line}: exit code ${String(code)}\n${output}`);
    return output;
  }

  async write(path: string, text: string): Promise<void> {
    await this.step(`cat > ${path}`, { input: text });
  }

  /** The lines that a program prints until `stop`. It is a service of the machine, so that it ends with it. */
  follow(name: string, line: string): { lines: GrowingList<string>; stop: () => Promise<void> } {
    const child = this.#spawn(
      `exec systemd-run --quiet --collect --pipe --unit=${name} ${line}`,
      {},
    );
    const lines = new GrowingList<string>();
    if (child.stdout !== null) {
      createInterface(child.stdout).on('line', (one) => {
        lines.add(one);
      });
    }
    const ended = once(child, 'close');
    const stop = async (): Promise<void> => {
      await this.run(`systemctl stop ${name}`);
      await ended;
    };
    return { lines, stop };
  }

  #spawn(line: string, { isOnline = false }: RunOptions): ChildProcess {
    const spaces = ['-m', '-u', '-i', '-p', ...(isOnline ? [] : ['-n'])];
    const environment = [
      'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
      ...['HOME=/root', 'LANG=C.UTF-8', 'SYSTEMD_PAGER=', 'SYSTEMD_COLORS=0', 'COLUMNS=120'],
      // Whoever signs for the machine that packages come through signs for this one, too.
      'NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt',
    ];
    const inside = ['env', '-i', ...environment, 'sh', '-c', `cd /root; ${line}`];
    return spawn('nsenter', ['-t', String(this.#init), ...spaces, '--', ...inside]);
  }

  /** As a person does it, and it is up again. */
  async reboot(): Promise<void> {
    await this.#endBy('systemctl reboot');
    await this.#boot();
  }

  async #endBy(line: string): Promise<void> {
    const nspawn = this.#nspawn;
    if (nspawn === undefined) return;
    const ended =
      nspawn.exitCode === null && nspawn.signalCode === null ? once(nspawn, 'close') : undefined;
    await this.run(line);
    await within(
      Promise.resolve(ended),
      patience_ms,
      () => `${line}:\n${this.#console.join('\n')}`,
    );
    this.#nspawn = undefined;
  }

  async end(): Promise<void> {
    try {
      await this.#endBy('systemctl poweroff');
    } finally {
      if (this.#nspawn?.exitCode === null) this.#nspawn.kill('SIGKILL');
      await removeGroup(await groupFolder(this.#cgroup));
    }
  }
}

/** Where this machine, not the booted one, sees the group. */
async function groupFolder(name: string): Promise<string> {
  const mounts = (await readFile('/proc/self/mounts', 'utf8')).split('\n');
  const place = mounts.map((line) => line.split(' ')).find(([, , type]) => type === 'cgroup2')?.[1];
  return join(place ?? '/sys/fs/cgroup', name);
}

/** Its files are the kernel's, and go with it. */
async function removeGroup(folder: string): Promise<void> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  for (const entry of entries) {
    if (entry.isDirectory()) await removeGroup(join(folder, entry.name));
  }
  await rmdir(folder).catch(() => undefined);
}
