import { access, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { runProgram } from '../../backends/hyundai-kia-connect/run-program.js';
import type { Config } from '../../config/schema.js';
import type { Check, Tell } from './finding.js';
import { storeFolder } from './own-store.js';

/** What the daemon looks at, too. */
const synchronisedFile = '/run/systemd/timesync/synchronized';
const ask_ms = 4000;
/** So far ahead the daemon lets the store be before it mistrusts the clock. */
const tolerance_ms = 60_000;

export interface ClockFacts {
  readonly now: number;
  /** Epoch milliseconds of the newest thing in the store; undefined where there is none. */
  readonly newestStored: number | undefined;
  /** Undefined where nobody can tell. */
  readonly isSynchronised: boolean | undefined;
}

export function clockCheck(config: Config | undefined): Check {
  return {
    what: 'clock',
    limit_ms: 10_000,
    look: async (tell) => {
      const [newestStored, isSynchronised] = await Promise.all([
        config === undefined ? undefined : newestIn(storeFolder(config)),
        askSystem(),
      ]);
      tell(...judgeClock({ now: Date.now(), newestStored, isSynchronised }));
    },
  };
}

export function judgeClock({ now, newestStored, isSynchronised }: ClockFacts): Parameters<Tell> {
  const found = `${new Date(now).toISOString().slice(0, 19)}Z`;
  const behind_ms = (newestStored ?? 0) - now;
  const mend = 'let the system set it: `sudo timedatectl set-ntp true`, and wait until it has';
  if (behind_ms > tolerance_ms) {
    const behind = String(Math.round(behind_ms / 60_000));
    return ['fault', `${found}, ${behind} min behind what the store was last written at`, mend];
  }
  if (isSynchronised === true) return ['ok', `${found}, synchronised`];
  if (isSynchronised === false) {
    return ['warn', `${found}, not synchronised: a command cannot be told from an old one`, mend];
  }
  return ['ok', `${found}; who sets it cannot be seen from here`];
}

async function askSystem(): Promise<boolean | undefined> {
  if (await exists(synchronisedFile)) return true;
  if (!(await exists('/run/systemd/system'))) return undefined;
  const words = ['show', '--property=NTPSynchronized', '--value'];
  const { ok, stdout } = await runProgram('timedatectl', words, ask_ms);
  return ok ? stdout.trim() === 'yes' : undefined;
}

function exists(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}

/** The files themselves tell, whoever has the store open. Undefined where they cannot be seen. */
async function newestIn(folder: string): Promise<number | undefined> {
  try {
    const names = await readdir(folder);
    const times = await Promise.all(names.map((name) => changedAt(join(folder, name))));
    return times.length === 0 ? undefined : Math.max(...times);
  } catch {
    return undefined;
  }
}

/** A file may be gone again by now: LevelDB tidies up. */
function changedAt(file: string): Promise<number> {
  return stat(file).then(
    ({ mtimeMs }) => mtimeMs,
    () => 0,
  );
}
