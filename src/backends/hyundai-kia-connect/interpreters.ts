import { readdirSync, realpathSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { z } from 'zod';
import { runProgram } from './run-program.js';

const oldest = 10;
const newest = 14;
const probeTimeout_ms = 15_000;

/** An interpreter that has really been run. */
export interface Interpreter {
  /** The program itself, even where a launcher was asked. */
  readonly file: string;
  readonly version: readonly [number, number, number];
  /** Whether it can make a virtual environment with pip. */
  readonly venv: boolean;
}

const probe = `
import importlib.util, json, sys
has = lambda name: importlib.util.find_spec(name) is not None
print(json.dumps({"file": sys.executable, "version": list(sys.version_info[:3]), "venv": has("venv") and has("ensurepip")}))
`;

const answerSchema = z.object({
  file: z.string().min(1),
  version: z.tuple([z.number().int(), z.number().int(), z.number().int()]),
  venv: z.boolean(),
});

/** What a program says of itself, or undefined if it is no Python that runs. */
export async function probeInterpreter(file: string): Promise<Interpreter | undefined> {
  const { ok, stdout } = await runProgram(file, ['-c', probe], probeTimeout_ms);
  if (!ok) return undefined;
  try {
    return answerSchema.safeParse(JSON.parse(stdout)).data;
  } catch {
    return undefined;
  }
}

/** Every supported interpreter of this machine, newest first. Launchers that refuse to run are left out. */
export async function findInterpreters(env: NodeJS.ProcessEnv): Promise<Interpreter[]> {
  const found = new Map<string, Interpreter>();
  for (const file of candidates(env)) {
    const interpreter = await probeInterpreter(file);
    if (interpreter !== undefined && isFile(interpreter.file) && isSupported(interpreter, newest)) {
      // `python3` and `python3.12` are often one program.
      found.set(realpathSync(interpreter.file), interpreter);
    }
  }
  return [...found.values()].sort((a, b) => compare(b.version, a.version));
}

/** Python 3.10 is the first the vendor library runs on; what is newer than we know may still work. */
export function isSupported({ version }: Interpreter, newestMinor = Infinity): boolean {
  const [major, minor] = version;
  return major === 3 && minor >= oldest && minor <= newestMinor;
}

export function versionText({ version }: Interpreter): string {
  return version.join('.');
}

function candidates(env: NodeJS.ProcessEnv): string[] {
  const names = ['python3'];
  for (let minor = oldest; minor <= newest; minor += 1) names.unshift(`python3.${minor}`);
  const folders = (env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '');
  const onPath = folders.flatMap((folder) => names.map((name) => join(folder, name)));
  return [...onPath, ...pyenvInterpreters(env)].filter(isFile);
}

/** pyenv's launchers on the PATH run only the versions a folder has chosen; these are the interpreters themselves. */
function pyenvInterpreters(env: NodeJS.ProcessEnv): string[] {
  const versions = join(env['PYENV_ROOT'] ?? join(env['HOME'] ?? homedir(), '.pyenv'), 'versions');
  try {
    return readdirSync(versions).map((version) => join(versions, version, 'bin', 'python'));
  } catch {
    return [];
  }
}

function isFile(file: string): boolean {
  return statSync(file, { throwIfNoEntry: false })?.isFile() === true;
}

function compare(a: Interpreter['version'], b: Interpreter['version']): number {
  return a[0] - b[0] || a[1] - b[1] || a[2] - b[2];
}
