import { readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { resident_MB } from '../../bench/resident.js';
import type { Daemon } from '../support/daemon.js';
import type { DaemonProbe } from '../support/daemon-probe.js';
import { listProcesses } from '../support/processes.js';

/** What `probe.mjs` writes. */
export interface Inside {
  readonly heap_bytes: number;
  readonly external_bytes: number;
  readonly buffer_bytes: number;
  readonly resources: Readonly<Record<string, number>>;
  readonly listeners: Readonly<Record<string, number>>;
  readonly objects: Readonly<Record<string, number>>;
}

/** What a daemon holds at a moment in which it has nothing to do. */
export interface Held {
  readonly rss_MB: number;
  /** Of the main thread, after a collection. */
  readonly heap_MB: number;
  readonly external_MB: number;
  readonly buffer_MB: number;
  /** What keeps the process alive, as Node lists it. */
  readonly resources: number;
  readonly fds: number;
  readonly threads: number;
  readonly children: number;
  /** Ended children that nobody has waited for. */
  readonly defunct: number;
  /** Of the process, the connection to the broker, its socket, and every other socket, server and thread. */
  readonly listeners: number;
  /** MQTT clients that are not collected. */
  readonly clients: number;
  /** Event emitters and abort signals that are not collected. */
  readonly emitters: number;
  readonly signals: number;
  readonly store_MB: number;
}

const MB = 2 ** 20;

/** One reading, with what was seen by type. */
export async function hold(
  daemon: Daemon,
  probe: DaemonProbe<Inside>,
): Promise<{ readonly held: Held; readonly inside: Inside }> {
  const inside = await probe.read(daemon);
  const children = listProcesses().filter(({ parent }) => parent === daemon.pid);
  const { clients = 0, emitters = 0, signals = 0 } = inside.objects;
  const held: Held = {
    rss_MB: resident_MB(daemon.pid),
    heap_MB: inside.heap_bytes / MB,
    external_MB: inside.external_bytes / MB,
    buffer_MB: inside.buffer_bytes / MB,
    resources: sumOf(inside.resources),
    fds: readdirSync(`/proc/${String(daemon.pid)}/fd`).length,
    threads: readdirSync(`/proc/${String(daemon.pid)}/task`).length,
    children: children.filter(({ state }) => state !== 'Z').length,
    defunct: children.filter(({ state }) => state === 'Z').length,
    listeners: sumOf(inside.listeners),
    ...{ clients, emitters, signals },
    store_MB: folderSize(join(daemon.stateDir, 'store')) / MB,
  };
  return { held, inside };
}

/** Whether Linux tells all this. */
export function canHold(): boolean {
  try {
    return readFileSync('/proc/self/status', 'utf8').includes('VmRSS');
  } catch {
    return false;
  }
}

function sumOf(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}

/** Files that go away while they are counted have no size. */
function folderSize(folder: string): number {
  return readdirSync(folder).reduce((sum, name) => {
    return sum + (statSync(join(folder, name), { throwIfNoEntry: false })?.size ?? 0);
  }, 0);
}
