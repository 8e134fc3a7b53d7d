import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { chooseInterpreter } from './choose-interpreter.js';
import { EnvironmentFault } from './environment-fault.js';
import {
  folderIn,
  isComplete,
  lockFileIn,
  pythonIn,
  readLock,
  readStamp,
  replace,
  tidy,
  writeStamp,
} from './environment-folder.js';
import type { Stamp } from './environment-folder.js';
import { greet } from './greet.js';
import { installPackages } from './install-packages.js';
import { versionText } from './interpreters.js';
import type { Interpreter } from './interpreters.js';
import { describeLibrary, libraryChanges } from './library-changes.js';
import { libraryName, testedLock } from './lock-file.js';
import type { Lock } from './lock-file.js';
import type { Hello } from './protocol.js';
import { resolveLibrary } from './resolve-library.js';
import { runProgram } from './run-program.js';

const venvTimeout_ms = 120_000;

/** The library that this release is tested with, the newest that pip finds, or a version of it. */
export type LibraryChoice = 'tested' | 'newest' | { readonly version: string };

export interface EnvironmentOptions {
  readonly stateDir: string;
  /** The interpreter to use; without one the newest that is found. */
  readonly python?: string | undefined;
  /** Without one, what somebody has chosen before; without that too, the tested one. */
  readonly library?: LibraryChoice | undefined;
  readonly log: (line: string) => void;
  /** The folder of the tested lock files. */
  readonly requirements?: string;
}

export interface Environment {
  /** Path of the environment's own interpreter. */
  readonly python: string;
  /** Version of that interpreter. */
  readonly version: string;
  /** Version of the vendor library. */
  readonly library: string;
  /** Version of it that this release is tested with on such an interpreter. */
  readonly tested: string;
}

/** What an environment is made from. */
interface Origin {
  readonly lock: Lock;
  /** Whether somebody asked for it: then it stays until somebody asks for another one. */
  readonly chosen: boolean;
}

interface Plan {
  readonly folder: string;
  /** Of the environment that is there. */
  readonly before: Stamp | undefined;
  readonly interpreter: Interpreter;
  readonly tested: Lock;
  readonly log: (line: string) => void;
}

/** The interpreter of a complete environment in the state directory, or undefined. */
export function findEnvironmentPython(stateDir: string): string | undefined {
  const folder = folderIn(stateDir);
  return isComplete(folder) ? pythonIn(folder) : undefined;
}

/**
 * Makes the sidecar's Python environment in `<stateDir>/python`, or leaves a good one as it is; one that cannot be
 * replaced stays too. Throws `EnvironmentFault` with what a person can do about it.
 */
export async function ensureEnvironment(options: EnvironmentOptions): Promise<Environment> {
  const { stateDir, python, library, log, requirements } = options;
  await tidy(stateDir);
  const folder = folderIn(stateDir);
  const before = await readStamp(folder);
  const kept = library === undefined ? before : undefined;
  const interpreter = await chooseInterpreter({ python, kept, log });
  const tested = testedLock(interpreter.version[1], requirements);
  const plan = { folder, before, interpreter, tested, log };
  const { lock } = await follow(library ?? (await choiceBefore(plan)), plan);
  return {
    python: pythonIn(folder),
    version: versionText(interpreter),
    library: lock.library,
    tested: tested.library,
  };
}

/** What plain `setup` follows. Packages are locked for one minor version of Python: for another one pip is asked again. */
async function choiceBefore({ folder, before, interpreter }: Plan) {
  const lock = before?.chosen === true ? await readLock(folder) : undefined;
  if (before === undefined || lock === undefined) return 'tested';
  const isSameMinor = before.version.split('.')[1] === String(interpreter.version[1]);
  return isSameMinor ? { lock, chosen: true } : { version: lock.library };
}

async function follow(choice: LibraryChoice | Origin, plan: Plan): Promise<Origin> {
  const known = choice === 'tested' ? { lock: plan.tested, chosen: false } : choice;
  if (known !== 'newest' && 'lock' in known) {
    return (await isCurrent(plan, known)) ? upToDate(known, plan) : make(plan, () => known);
  }
  return make(plan, (fresh) => ask(fresh, known === 'newest' ? undefined : known.version, plan));
}

async function ask(fresh: string, version: string | undefined, plan: Plan): Promise<Origin> {
  const { tested, log } = plan;
  const lock = await resolveLibrary({ python: pythonIn(fresh), folder: fresh, version, log });
  if (version !== undefined) return { lock, chosen: true };
  if (lock.library !== tested.library) {
    log(`pip finds ${lock.library}; this release is tested with ${tested.library}`);
    return { lock, chosen: true };
  }
  log(`pip finds nothing newer than ${tested.library}, which this release is tested with`);
  return { lock: tested, chosen: false };
}

function stampOf({ interpreter }: Plan, { lock, chosen }: Origin): Stamp {
  return {
    interpreter: interpreter.file,
    version: versionText(interpreter),
    lock_sha256: lock.sha256,
    chosen,
  };
}

/** Whether the environment that is there was made so, and works. */
async function isCurrent(plan: Plan, origin: Origin): Promise<boolean> {
  const { before, folder } = plan;
  const wanted = stampOf(plan, origin);
  return (
    before?.interpreter === wanted.interpreter &&
    before.version === wanted.version &&
    before.lock_sha256 === wanted.lock_sha256 &&
    before.chosen === wanted.chosen &&
    typeof (await greet(pythonIn(folder))) !== 'string'
  );
}

function upToDate(origin: Origin, { folder, tested, log }: Plan): Origin {
  const { lock, chosen } = origin;
  log(`the Python environment in ${folder} is up to date (${libraryName} ${lock.library})`);
  if (chosen)
    log(
      `this ${libraryName} was chosen; this release is tested with ${tested.library} (\`setup --tested\` returns to it)`,
    );
  return origin;
}

/** Under another name until it is complete, so that a half-made one is never used. */
async function make(
  plan: Plan,
  find: (fresh: string) => Origin | Promise<Origin>,
): Promise<Origin> {
  const { folder, log } = plan;
  const old = await oldHello(plan);
  await mkdir(dirname(folder), { recursive: true, mode: 0o700 });
  const fresh = await mkdtemp(`${folder}.new-`);
  try {
    await makeVenv(fresh, plan);
    const origin = await find(fresh);
    if (await isCurrent(plan, origin)) return upToDate(origin, plan);
    const hello = await fill(fresh, origin, plan);
    await replace(folder, fresh);
    log(describeLibrary(hello));
    if (old !== undefined) tellChange(old, hello, plan);
    return origin;
  } catch (error) {
    if (old === undefined || !(error instanceof EnvironmentFault)) throw error;
    throw error.leaving(`${libraryName} ${String(old.library)}`);
  } finally {
    await rm(fresh, { recursive: true, force: true });
  }
}

async function makeVenv(fresh: string, { interpreter, log }: Plan): Promise<void> {
  log(`making a Python environment with ${interpreter.file} (Python ${versionText(interpreter)})`);
  const venv = await runProgram(interpreter.file, ['-m', 'venv', fresh], venvTimeout_ms);
  if (!venv.ok) throw EnvironmentFault.noVenv(interpreter, venv.output);
}

/** Installs the packages and sees the sidecar start with them. */
async function fill(fresh: string, origin: Origin, plan: Plan): Promise<Hello> {
  await writeFile(lockFileIn(fresh), origin.lock.text);
  await installPackages(pythonIn(fresh), lockFileIn(fresh), plan.log);
  const hello = await greet(pythonIn(fresh));
  if (typeof hello === 'string') {
    const back = origin.chosen ? '; `bluelink2mqtt setup --tested` takes the tested release' : '';
    throw new EnvironmentFault(
      `the sidecar does not start with ${libraryName} ${origin.lock.library}: ${hello}${back}`,
    );
  }
  await writeStamp(fresh, stampOf(plan, origin));
  return hello;
}

async function oldHello({ folder, before }: Plan): Promise<Hello | undefined> {
  if (before === undefined) return undefined;
  const hello = await greet(pythonIn(folder));
  return typeof hello === 'string' ? undefined : hello;
}

function tellChange(old: Hello, now: Hello, { tested, log }: Plan): void {
  for (const change of libraryChanges(old, now)) log(`  ${change}`);
  log(`before it was ${libraryName} ${String(old.library)} on Python ${old.python}`);
  if (old.library !== null && old.library !== now.library) {
    const back = old.library === tested.library ? '--tested' : `--version ${old.library}`;
    log(`\`bluelink2mqtt setup ${back}\` goes back to it`);
  }
  log('a bridge that runs takes the new one when it is restarted');
}
