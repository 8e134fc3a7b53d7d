import { execFile } from 'node:child_process';

export interface ProgramResult {
  readonly ok: boolean;
  readonly stdout: string;
  /** Everything it wrote, or why it could not be run: for a person to read. */
  readonly output: string;
}

/** Our own secrets, and what would lead an interpreter to modules that are not its own. */
const keptBack = /^(BLUELINK2MQTT_|HYUNDAI_|MQTT_|CREDENTIALS_|PYTHON(PATH|HOME)$)/;

/** Runs a program of this machine to its end, without a shell. Never rejects. */
export function runProgram(
  file: string,
  args: readonly string[],
  timeout_ms: number,
): Promise<ProgramResult> {
  const env = Object.fromEntries(
    Object.entries(process.env).filter(([key]) => !keptBack.test(key)),
  );
  const options = {
    env,
    timeout: timeout_ms,
    maxBuffer: 64 * 1024 * 1024,
    killSignal: 'SIGKILL',
  } as const;
  return new Promise((resolve) => {
    const child = execFile(file, args, options, (error, stdout, stderr) => {
      const written = `${stdout}${stderr}`.trim();
      const failed =
        error === null ? '' : error.killed === true ? 'it took too long' : error.message;
      resolve({ ok: error === null, stdout, output: written === '' ? failed : written });
    });
    child.stdin?.end();
  });
}
