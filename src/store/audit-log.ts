import {
  entryOfRecord,
  entryOfRefusal,
  eventsOf,
  withLaterSteps,
  type AuditEntry,
  type AuditPage,
  type AuditQuery,
} from '../vehicle/audit-entry.js';
import type { CommandStep } from '../vehicle/command-step.js';
import type { JournalRecord } from '../vehicle/journal-record.js';
import { isCalled } from '../vehicle/known-vehicle.js';
import type { LifeCycleEvent } from '../vehicle/life-cycle.js';
import { createAccountStore } from './account-store.js';
import { createJournal } from './journal.js';
import { newestOf, type Keyed, type NewestFirst } from './newest-of.js';
import type { Refusals } from './refusals.js';
import type { Store } from './store.js';

export interface AuditSources {
  /** Where each account keeps its journal; of the bridge's own one the account is null. Asked anew for each page. */
  readonly journals: () => readonly { readonly account: string | null; readonly store: Store }[];
  readonly refusals: Refusals;
  /** What has been said of an open command since its record was written. */
  readonly laterSteps?: (record: JournalRecord) => readonly CommandStep[];
}

type Candidate = Keyed & { readonly entry: AuditEntry; readonly vendorId: string | null };

/** Read from one journal at a time. */
const chunk = 100;
/** Looked at for one page: reading must not keep the bridge from its work. */
const mostExamined = 5000;

/** Every command of all accounts and of the bridge, and what was refused, in one order: newest first. */
export function createAuditLog({ journals, refusals, laterSteps }: AuditSources) {
  const journalOf = ({ account, store }: ReturnType<AuditSources['journals']>[number]) =>
    account === null ? createJournal(store, 'bridge/') : createAccountStore(store, account).journal;

  function candidateOf(record: JournalRecord, account: string | null): Candidate {
    const stored = entryOfRecord(record, account);
    const isOpen = stored.ended_at === null;
    const entry = isOpen ? withLaterSteps(stored, laterSteps?.(record) ?? []) : stored;
    return { key: record.key, entry, vendorId: record.vehicle };
  }

  const sources = (): readonly NewestFirst<Candidate>[] => [
    ...journals().map((one): NewestFirst<Candidate> => {
      const journal = journalOf(one);
      return async (before) => {
        const { records, next } = await journal.page(chunk, before);
        return { found: records.map((record) => candidateOf(record, one.account)), next };
      };
    }),
    (before) => {
      const older = refusals.newestFirst.filter(({ key }) => before === undefined || key < before);
      const found = older.map((one) => ({
        key: one.key,
        entry: entryOfRefusal(one),
        vendorId: null,
      }));
      return Promise.resolve({ found, next: undefined });
    },
  ];

  /** Everything that a car was or is called in what is stored. */
  async function namesOf(vehicle: string): Promise<ReadonlySet<string>> {
    const lists = await Promise.all(
      journals().map(async ({ account, store }) =>
        account === null ? [] : createAccountStore(store, account).vehicles(),
      ),
    );
    const cars = lists.flatMap((list) => list ?? []).filter((car) => isCalled(car, vehicle));
    return new Set([vehicle, ...cars.flatMap(({ topic_id, listed }) => [topic_id, listed.id])]);
  }

  async function filterOf({ vehicle, id, status }: AuditQuery) {
    const names = vehicle === undefined ? undefined : await namesOf(vehicle);
    return ({ entry, vendorId }: Candidate): boolean =>
      (id === undefined || entry.id === id) &&
      (status === undefined || entry.status === status) &&
      (names === undefined ||
        names.has(entry.vehicle ?? 'bridge') ||
        (vendorId !== null && names.has(vendorId)));
  }

  async function page(query: AuditQuery): Promise<AuditPage> {
    const isWanted = await filterOf(query);
    const oldest = query.since === undefined ? '' : keyOfTime(query.since);
    const commands: AuditEntry[] = [];
    let cursor: string | null = null;
    let examined = 0;
    for await (const candidate of newestOf(sources(), query.cursor)) {
      if (candidate.key < oldest) break;
      if (commands.length >= query.limit || examined >= mostExamined) return { commands, cursor };
      if (isWanted(candidate)) commands.push(candidate.entry);
      cursor = candidate.key;
      examined += 1;
    }
    return { commands, cursor: null };
  }

  return {
    page,

    /** The steps of the newest command with this id, as events; undefined where it is not among the newest. */
    async events(id: string): Promise<readonly LifeCycleEvent[] | undefined> {
      const { commands } = await page({ id, limit: 10 });
      // A refusal (`seq` 0) is no part of the life of another command that has this id.
      const entry = commands.find(({ steps }) => steps[0]?.seq !== 0) ?? commands[0];
      return entry && eventsOf(entry);
    },

    /** Forgets the bridge's own commands and the refusals before then; each account sees to its own. */
    async prune(before: number): Promise<void> {
      const own = journals().filter(({ account }) => account === null);
      await Promise.all([
        ...own.map((one) => journalOf(one).prune(before)),
        refusals.prune(before),
      ]);
    },
  };
}

export type AuditLog = ReturnType<typeof createAuditLog>;

/** Sorts before every key that is made from then on: they begin with the time. */
function keyOfTime(epoch_ms: number): string {
  const digits = Math.max(0, Math.floor(epoch_ms)).toString(16).padStart(12, '0');
  return `${digits.slice(0, 8)}-${digits.slice(8)}`;
}
