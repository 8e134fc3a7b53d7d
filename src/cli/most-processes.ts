import { availableParallelism, totalmem } from 'node:os';

/** What threads and processes run on. */
export interface Machine {
  readonly cores: number;
  readonly memory_bytes: number;
}

/** A thread with its Python process. */
const processSize_bytes = 60 * 1024 * 1024;
const processesPerCore = 8;
/** One that may hang and one that serves meanwhile. */
const fewest = 2;

/** Processes mostly wait for a vendor, so a core serves several; memory is what ends first on a small machine. */
export function mostProcesses({ cores, memory_bytes }: Machine = thisMachine()): number {
  const byMemory = Math.floor(memory_bytes / 2 / processSize_bytes);
  return Math.max(fewest, Math.min(cores * processesPerCore, byMemory));
}

function thisMachine(): Machine {
  return { cores: availableParallelism(), memory_bytes: memory() };
}

/** Of a container or a systemd unit what it may have at most, where that is limited. */
function memory(): number {
  // 0 or undefined where none can be read, and beyond every machine where there is none.
  const limit = process.constrainedMemory() as number | undefined;
  return limit === undefined || limit === 0 ? totalmem() : Math.min(limit, totalmem());
}
