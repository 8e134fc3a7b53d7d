import { EnvironmentFault } from './environment-fault.js';
import { findInterpreters, isSupported, probeInterpreter, versionText } from './interpreters.js';
import type { Interpreter } from './interpreters.js';

export interface InterpreterWish {
  /** The one that somebody names. */
  readonly python: string | undefined;
  /** The one to keep while it is what it was. */
  readonly kept: { readonly interpreter: string; readonly version: string } | undefined;
  readonly log: (line: string) => void;
}

/** The named one; else the one to keep; else the newest that can make environments. Throws `EnvironmentFault`. */
export async function chooseInterpreter(wish: InterpreterWish): Promise<Interpreter> {
  const { python, kept, log } = wish;
  if (python !== undefined) return named(python);
  if (kept !== undefined) {
    const same = await probeInterpreter(kept.interpreter);
    if (same?.venv === true && versionText(same) === kept.version) return same;
  }
  const found = await findInterpreters(process.env);
  const [newest] = found;
  if (newest === undefined) throw EnvironmentFault.noPython();
  const best = found.find(({ venv }) => venv);
  if (best === undefined) throw EnvironmentFault.noVenv(newest);
  if (best !== newest)
    log(`${EnvironmentFault.noVenv(newest).message}; going on with Python ${versionText(best)}`);
  return best;
}

async function named(file: string): Promise<Interpreter> {
  const interpreter = await probeInterpreter(file);
  if (interpreter === undefined) throw new EnvironmentFault(`${file} is no Python that runs`);
  if (!isSupported(interpreter)) throw EnvironmentFault.tooOld(interpreter);
  if (!interpreter.venv) throw EnvironmentFault.noVenv(interpreter);
  return interpreter;
}
