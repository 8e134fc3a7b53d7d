import { fileURLToPath } from 'node:url';
import { HyundaiKiaConnect } from '../../../src/backends/hyundai-kia-connect/adapter.js';
import type { HyundaiKiaConnectSettings } from '../../../src/backends/hyundai-kia-connect/settings.js';
import type { SidecarCommand } from '../../../src/backends/hyundai-kia-connect/sidecar-process.js';
import type { BackendLog } from '../../../src/backends/contract.js';
import type { Task } from '../../../src/vehicle/task.js';
import { onTeardown } from '../../support/teardown.js';

export function aTask(more: Partial<Task> = {}): Task {
  return {
    account: 'home',
    attempt: 'attempt-1',
    operation: 'sign_in',
    remaining_ms: 15_000,
    session: null,
    ...more,
  };
}

export function someSettings(
  more: Partial<HyundaiKiaConnectSettings> = {},
): HyundaiKiaConnectSettings {
  return {
    backend: 'hyundai-kia-connect',
    python: 'python3',
    region: 'europe',
    brand: 'hyundai',
    username: 'me@example.com',
    password: 'correct-horse',
    pin: '4711',
    language: 'en',
    ...more,
  };
}

/** A program of `test/support/sidecars` in the place of the Python one. */
export function fixture(name: string, ...args: string[]): SidecarCommand {
  const file = fileURLToPath(new URL(`../../support/sidecars/${name}.mjs`, import.meta.url));
  return { file: process.execPath, args: [file, ...args], env: {} };
}

/** A backend with all that it told. It is closed when the test is over. */
export function startBackend(command: SidecarCommand) {
  const told = {
    requests: 0,
    logs: [] as BackendLog[],
    /** What is said once in the daemon's life, whenever that is. */
    once: [] as BackendLog[],
    started: [] as number[],
    /** Killed or not. */
    ended: [] as number[],
    killed: [] as number[],
  };
  const backend = HyundaiKiaConnect.start(
    someSettings(),
    {
      request: () => (told.requests += 1),
      log: (line) => (line.once === true ? told.once : told.logs).push(line),
      process: (event, pid) => {
        told[event].push(pid);
        if (event === 'killed') told.ended.push(pid);
      },
    },
    command,
  );
  onTeardown(() => backend.close());
  return { backend, told };
}
