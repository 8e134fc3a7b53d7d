import { ensureEnvironment } from '../backends/hyundai-kia-connect/environment.js';
import type { LibraryChoice } from '../backends/hyundai-kia-connect/environment.js';
import { EnvironmentFault } from '../backends/hyundai-kia-connect/environment-fault.js';
import { exitCodes, type ExitCode } from './exit-codes.js';

export interface SetupOptions {
  readonly stateDir: string;
  readonly python?: string | undefined;
  readonly library?: LibraryChoice | undefined;
}

/** Makes or renews the sidecar's Python environment, for a person at the terminal. Gives the exit code. */
export async function setup(options: SetupOptions): Promise<ExitCode> {
  try {
    const log = (line: string): void => {
      console.log(line);
    };
    const { python, version } = await ensureEnvironment({ ...options, log });
    console.log(`Python ${version} is ready: ${python}`);
    return exitCodes.clean;
  } catch (error) {
    if (!(error instanceof EnvironmentFault)) throw error;
    console.error(error.message);
    return exitCodes.crash;
  }
}
