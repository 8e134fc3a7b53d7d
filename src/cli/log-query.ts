import {
  auditLimits,
  type AuditEntry,
  type AuditPage,
  type AuditQuery,
} from '../vehicle/audit-entry.js';
import type { Status } from '../vehicle/life-cycle.js';

export interface LogOptions {
  /** Only the command with this id, with its steps. */
  readonly id?: string;
  readonly config?: string;
  readonly vehicle?: string;
  /** Epoch milliseconds. */
  readonly since?: number;
  readonly status?: Status;
  /** The newest so many; without it and without `since` some dozens. */
  readonly limit?: number;
  readonly follow?: boolean;
  readonly json?: boolean;
  readonly steps?: boolean;
}

/** Answers a page of the audit log. */
export type ReadPage = (query: AuditQuery) => Promise<AuditPage>;

/** The newest that are asked for, the oldest of them first. */
export async function newest(read: ReadPage, options: LogOptions): Promise<readonly AuditEntry[]> {
  const { id, vehicle, since, status } = options;
  const usual = since === undefined && id === undefined ? auditLimits.default : Infinity;
  const wanted = options.limit ?? usual;
  const entries: AuditEntry[] = [];
  let place = {};
  while (entries.length < wanted) {
    const limit = Math.min(auditLimits.max, wanted - entries.length);
    const { commands, cursor } = await read({
      limit,
      ...place,
      ...given({ id, vehicle, since, status }),
    });
    entries.push(...commands);
    if (cursor === null) break;
    place = { cursor };
  }
  return entries.reverse();
}

/** Without what is undefined. */
function given<T extends object>(fields: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  const entries = Object.entries(fields).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as { [K in keyof T]?: Exclude<T[K], undefined> };
}
