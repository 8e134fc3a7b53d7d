import { readFileSync, readdirSync } from 'node:fs';

export interface ProcessEntry {
  readonly pid: number;
  readonly parent: number;
  readonly session: number;
  /** Kernel ticks since boot: with the pid it tells a process from a later one of the same number. */
  readonly started: string;
  /** `Z` is a defunct one that nobody has waited for. */
  readonly state: string;
  readonly command: string;
}

/** Every process of this machine (Linux). */
export function listProcesses(): ProcessEntry[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => readProcess(Number(name)));
}

/** What descends from a process or belongs to its session, itself included while it lives. */
export function familyOf(pid: number): ProcessEntry[] {
  const all = listProcesses();
  const members = new Set([pid]);
  for (let before = 0; before !== members.size;) {
    before = members.size;
    for (const one of all) {
      if (one.session === pid || members.has(one.parent)) members.add(one.pid);
    }
  }
  return all.filter((one) => members.has(one.pid));
}

/** Those of a list that still run. */
export function stillRunning(entries: readonly ProcessEntry[]): ProcessEntry[] {
  return entries.filter((entry) => {
    const now = readProcess(entry.pid)[0];
    return now?.started === entry.started && now.state !== 'Z';
  });
}

function readProcess(pid: number): [ProcessEntry] | [] {
  const folder = `/proc/${String(pid)}`;
  try {
    const stat = readFileSync(`${folder}/stat`, 'utf8');
    // The program's name stands in brackets and may hold anything, brackets too.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const command = readFileSync(`${folder}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
    const [state = '', parent, , session] = fields;
    const started = fields[19] ?? '';
    return [{ pid, parent: Number(parent), session: Number(session), started, state, command }];
  } catch {
    // It ended while we looked.
    return [];
  }
}
