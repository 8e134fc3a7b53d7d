import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import { EnvironmentFault } from './environment-fault.js';
import { installPackages } from './install-packages.js';
import { findInterpreters, isSupported, probeInterpreter, versionText } from './interpreters.js';
import type { Interpreter } from './interpreters.js';
import { lockFileFor, requirementsFolder } from './lock-file.js';
import type { LockFile } from './lock-file.js';
import { runProgram } from './run-program.js';

const leftoverAge_ms = 60 * 60 * 1000;
const importTimeout_ms = 120_000;

export interface EnvironmentOptions {
  readonly stateDir: string;
  /** The interpreter to use; without one the newest that is found. */
  readonly python?: string | undefined;
  /** Make it anew even if nothing has changed. */
  readonly upgrade?: boolean | undefined;
  readonly log: (line: string) => void;
  readonly requirements?: string;
}

export interface Environment {
  /** Path of the environment's own interpreter. */
  readonly python: string;
  /** Version of that interpreter. */
  readonly version: string;
}

/** Written last: an environment without it is not complete. */
const stampSchema = z.object({
  interpreter: z.string(),
  version: z.string(),
  lock_sha256: z.string(),
});

type Stamp = z.infer<typeof stampSchema>;

/** The interpreter of a complete environment in the state directory, or undefined. */
export function findEnvironmentPython(stateDir: string): string | undefined {
  const folder = folderIn(stateDir);
  return existsSync(stampIn(folder)) && existsSync(pythonIn(folder)) ? pythonIn(folder) : undefined;
}

/**
 * Makes the sidecar's Python environment in `<stateDir>/python`, or leaves a good one as it is.
 * Throws `EnvironmentFault` with what a person can do about it.
 */
export async function ensureEnvironment(options: EnvironmentOptions): Promise<Environment> {
  const folder = folderIn(options.stateDir);
  const interpreter = await chooseInterpreter(options, await readStamp(folder));
  const lock = await lockFileFor(interpreter, options.requirements ?? requirementsFolder);
  const stamp: Stamp = {
    interpreter: interpreter.file,
    version: versionText(interpreter),
    lock_sha256: lock.sha256,
  };
  const environment = { python: pythonIn(folder), version: stamp.version };
  if (options.upgrade !== true && (await isCurrent(folder, stamp))) {
    options.log(`the Python environment in ${folder} is up to date`);
    return environment;
  }
  await mkdir(options.stateDir, { recursive: true, mode: 0o700 });
  await removeLeftovers(options.stateDir);
  await make(folder, { interpreter, lock, stamp, log: options.log });
  return environment;
}

/** The named one; else, to keep what works, the one the environment was made with; else the newest. */
async function chooseInterpreter(
  options: EnvironmentOptions,
  stamp: Stamp | undefined,
): Promise<Interpreter> {
  if (options.python !== undefined) return named(options.python);
  if (options.upgrade !== true && stamp !== undefined) {
    const same = await probeInterpreter(stamp.interpreter);
    if (same?.venv === true && versionText(same) === stamp.version) return same;
  }
  const found = await findInterpreters(process.env);
  const [newest] = found;
  if (newest === undefined) throw EnvironmentFault.noPython();
  const best = found.find(({ venv }) => venv);
  if (best === undefined) throw EnvironmentFault.noVenv(newest);
  if (best !== newest)
    options.log(
      `${EnvironmentFault.noVenv(newest).message}; going on with Python ${versionText(best)}`,
    );
  return best;
}

async function named(file: string): Promise<Interpreter> {
  const interpreter = await probeInterpreter(file);
  if (interpreter === undefined) throw new EnvironmentFault(`${file} is no Python that runs`);
  if (!isSupported(interpreter)) throw EnvironmentFault.tooOld(interpreter);
  if (!interpreter.venv) throw EnvironmentFault.noVenv(interpreter);
  return interpreter;
}

async function isCurrent(folder: string, wanted: Stamp): Promise<boolean> {
  const stamp = await readStamp(folder);
  return (
    stamp?.interpreter === wanted.interpreter &&
    stamp.version === wanted.version &&
    stamp.lock_sha256 === wanted.lock_sha256 &&
    (await importLibrary(folder)) === undefined
  );
}

interface Making {
  readonly interpreter: Interpreter;
  readonly lock: LockFile;
  readonly stamp: Stamp;
  readonly log: (line: string) => void;
}

/** Under another name until it is complete, so that a half-made one is never used. */
async function make(folder: string, { interpreter, lock, stamp, log }: Making): Promise<void> {
  const fresh = await mkdtemp(`${folder}.new-`);
  try {
    log(`making a Python environment with ${interpreter.file} (Python ${stamp.version})`);
    const venv = await runProgram(interpreter.file, ['-m', 'venv', fresh], importTimeout_ms);
    if (!venv.ok) throw EnvironmentFault.noVenv(interpreter, venv.output);
    await installPackages(pythonIn(fresh), lock.file, log);
    const fault = await importLibrary(fresh);
    if (fault !== undefined)
      throw new EnvironmentFault(`the vendor library cannot be imported: ${fault}`);
    await writeFile(stampIn(fresh), `${JSON.stringify(stamp)}\n`);
    await replace(folder, fresh);
  } finally {
    await rm(fresh, { recursive: true, force: true });
  }
}

async function replace(folder: string, fresh: string): Promise<void> {
  if (!existsSync(folder)) return rename(fresh, folder);
  const old = await mkdtemp(`${folder}.old-`);
  await rename(folder, join(old, 'python'));
  await rename(fresh, folder);
  await rm(old, { recursive: true, force: true });
}

/** What an interrupted setup has left; a young one may be that of a setup that runs. */
async function removeLeftovers(stateDir: string): Promise<void> {
  for (const name of await readdir(stateDir)) {
    if (!/^python\.(new|old)-/.test(name)) continue;
    const path = join(stateDir, name);
    const { mtimeMs } = await stat(path);
    if (Date.now() - mtimeMs > leftoverAge_ms) await rm(path, { recursive: true, force: true });
  }
}

/** Undefined when it can be imported, else why not. */
async function importLibrary(folder: string): Promise<string | undefined> {
  const args = ['-W', 'ignore', '-c', 'import hyundai_kia_connect_api'];
  const { ok, output } = await runProgram(pythonIn(folder), args, importTimeout_ms);
  return ok ? undefined : (output.split('\n').at(-1) ?? output);
}

async function readStamp(folder: string): Promise<Stamp | undefined> {
  try {
    return stampSchema.safeParse(JSON.parse(await readFile(stampIn(folder), 'utf8'))).data;
  } catch {
    return undefined;
  }
}

function folderIn(stateDir: string): string {
  return join(resolve(stateDir), 'python');
}

function stampIn(folder: string): string {
  return join(folder, 'bluelink2mqtt.json');
}

function pythonIn(folder: string): string {
  return join(folder, 'bin', 'python');
}
