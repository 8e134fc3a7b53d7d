import { readFileSync } from 'node:fs';

/** Of `/proc`: the same on every Linux that Node runs on. */
const ticksPerSecond = 100;

/** Processor time that a process has used so far, with all its threads, in seconds (Linux). */
export function cpu_s(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // Its name, in brackets, may hold anything.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [user, system] = [fields[11], fields[12]].map(Number);
  if (user === undefined || system === undefined) throw new Error(`process ${pid}: odd stat`);
  return (user + system) / ticksPerSecond;
}
