import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { promisify } from 'node:util';
import { onTestFailed } from 'vitest';
import { onTeardown } from '../support/teardown.js';

const execute = promisify(execFile);

/** By `npm run test:image`. */
export const image = process.env['IMAGE_UNDER_TEST'];
export const app = process.env['APP_UNDER_TEST'];
const storage = JSON.parse(process.env['PODMAN_STORAGE'] ?? '[]') as string[];

export interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export async function podman(...args: string[]): Promise<Ended> {
  try {
    return { code: 0, ...(await execute('podman', [...storage, ...args])) };
  } catch (error) {
    const { code, stdout, stderr } = error as Partial<Ended>;
    if (typeof code !== 'number') throw error;
    return { code, stdout: stdout ?? '', stderr: stderr ?? '' };
  }
}

/** The same, where it has to succeed. */
export async function mustPodman(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await podman(...args);
  if (code !== 0) throw new Error(`podman ${args.join(' ')} ended with ${String(code)}: ${stderr}`);
  return stdout.trim();
}

/** As docs/container.md has it: nothing can be written but the state and /tmp, and nothing is allowed. */
export const lockedUp = [
  ...['--read-only', '--tmpfs', '/tmp:rw,noexec,nosuid,nodev,size=16m'],
  ...['--cap-drop', 'all', '--security-opt', 'no-new-privileges'],
];

export interface ContainerOptions {
  /** Default: the image under test. */
  readonly image?: string | undefined;
  /** Each as `podman run --volume` has it. */
  readonly volumes: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly restrictions?: readonly string[];
}

/** Where the bridge looks for them. */
export function volumesOf(state: string, configFile: string): readonly string[] {
  return [`${state}:/var/lib/bluelink2mqtt`, `${configFile}:/etc/bluelink2mqtt/config.yaml:ro`];
}

/** A volume that is gone with the test. */
export async function aVolume(): Promise<string> {
  const name = await mustPodman('volume', 'create', `bluelink2mqtt-${randomUUID()}`);
  onTeardown(async () => {
    await mustPodman('volume', 'rm', '--force', name);
  });
  return name;
}

/** A container of the image under test, in the network of this computer. */
export class Container {
  readonly #id: string;

  private constructor(id: string) {
    this.#id = id;
  }

  static async start(options: ContainerOptions): Promise<Container> {
    const { volumes, environment = {}, restrictions = lockedUp } = options;
    const id = await mustPodman(
      // Where no systemd runs podman cannot ask for the health itself; the tests do.
      ...['run', '--detach', '--no-healthcheck', ...restrictions],
      // What the machine that runs the tests may not allow itself, no container gets either.
      ...['--network', 'host', '--cgroups', 'disabled'],
      ...['--ulimit', 'nofile=1024:4096', '--ulimit', 'nproc=512:512'],
      ...volumes.flatMap((volume) => ['--volume', volume]),
      ...Object.entries(environment).flatMap(([name, value]) => ['--env', `${name}=${value}`]),
      options.image ?? image ?? '',
    );
    const container = new Container(id);
    let said = '';
    onTeardown(async () => {
      said = await container.log();
      await podman('rm', '--force', '--time', '2', id);
    });
    onTestFailed(() => {
      console.error(said);
    });
    return container;
  }

  execute(...command: string[]): Promise<Ended> {
    return podman('exec', this.#id, ...command);
  }

  /** The question of the image's HEALTHCHECK. */
  async health(): Promise<Ended> {
    return this.execute(...(await healthCheck()));
  }

  async kill(signal: string): Promise<void> {
    await mustPodman('kill', '--signal', signal, this.#id);
  }

  /** Asks for a clean stop; the exit code of the daemon. */
  async stop(): Promise<number> {
    await mustPodman('stop', '--time', '30', this.#id);
    return Number(await mustPodman('inspect', '--format', '{{.State.ExitCode}}', this.#id));
  }

  async log(): Promise<string> {
    const { stdout, stderr } = await podman('logs', this.#id);
    return stdout + stderr;
  }
}

export interface ImageConfig {
  readonly User: string;
  readonly StopSignal: string;
  readonly Healthcheck: { readonly Test: readonly string[] };
  readonly Labels: Readonly<Record<string, string>>;
}

export async function imageConfig(): Promise<ImageConfig> {
  const [inspected] = JSON.parse(await mustPodman('image', 'inspect', image ?? '')) as {
    readonly Config: Omit<ImageConfig, 'Healthcheck'>;
    readonly Healthcheck: ImageConfig['Healthcheck'];
  }[];
  if (inspected === undefined) throw new Error('there is no image');
  return { ...inspected.Config, Healthcheck: inspected.Healthcheck };
}

async function healthCheck(): Promise<readonly string[]> {
  const [kind, ...command] = (await imageConfig()).Healthcheck.Test;
  if (kind !== 'CMD') throw new Error('the health check is for a shell');
  return command;
}
