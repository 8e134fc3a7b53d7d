import type { ChildProcess } from 'node:child_process';
import { settlesWithin } from '../../daemon/settles-within.js';

/** Ends a child politely, then less so: end of stdin, SIGTERM, SIGKILL; `gone` is awaited at each step. */
export async function stopChild(
  child: ChildProcess,
  gone: Promise<unknown>,
  grace_ms: number,
): Promise<void> {
  child.stdin?.end();
  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    if (await settlesWithin(gone, grace_ms)) return;
    signalGroup(child, signal);
  }
  await gone;
}

/** The child leads a process group of its own, so that whatever it started goes with it. */
export function signalGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  // Once it has been reaped its number may belong to somebody else.
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  try {
    process.kill(-child.pid, signal);
  } catch {
    child.kill(signal);
  }
}
