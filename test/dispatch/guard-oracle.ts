/** What a decision about a wake hangs on, as a person would say it. */
export interface Circumstances {
  /** Charge of the 12 V battery (%); null: the car has never told it. */
  readonly level: number | null;
  /** How old the report is that said so, in seconds; null: the car has told no time. */
  readonly age_s: number | null;
  /** Since the last wake, in seconds; null: there was none. */
  readonly sinceWake_s: number | null;
  readonly isQuiet: boolean;
  readonly budget: 'ok' | 'reserve' | 'blocked';
  readonly open: 'none' | 'wake' | 'read';
}

export const commands = [
  'cached',
  'force',
  'force with min_force_gap',
  'force with override',
  'smart',
  'smart, a week',
  'poll',
  'wake poll',
  'refresh_all force',
] as const;
export type Command = (typeof commands)[number];

/** Settings of the table: those of the contract, and a gap between wakes that people make where that is on. */
export const settings = { least: 65, hardLeast: 50, wakeGap_s: 600, forceGap_s: 600 } as const;
/** How long the vendor's limit and an open breaker still hold. */
export const blocked_s = 3600;
export const reset_s = 60;
export const week_s = 604_800;

/** What is seen from outside. */
export interface Seen {
  /** What has left for the vendor, in this order. */
  readonly left: readonly ('cached' | 'force')[];
  /** A status of the life cycle; of a job that waits `paused`; of a poll `left` or `kept back`. */
  readonly status: string;
  readonly code?: string | undefined;
  readonly decision?: string | undefined;
  readonly retry_after_s?: number | undefined;
  /** Why a poll was kept back, or a job pauses. */
  readonly reason?: string | null | undefined;
}

/** As `Seen`; where several reasons hold, any of them will do. */
export type Expected = Omit<Seen, 'reason'> & { readonly reasons?: readonly (string | null)[] };

const day_s = 86_400;

const expectations: Record<Command, (now: Circumstances) => Expected> = {
  cached: (now) => refusedRead(now) ?? { left: ['cached'], status: 'succeeded' },
  force: (now) => force(now, { obeys: true, gap_s: 0 }),
  'force with min_force_gap': (now) => force(now, { obeys: true, gap_s: settings.forceGap_s }),
  'force with override': (now) => force(now, { obeys: false, gap_s: 0 }),
  smart: (now) => refusedRead(now) ?? smart(now),
  'smart, a week': (now) => {
    if (now.age_s === null || now.age_s > week_s) return refusedRead(now) ?? smart(now);
    const fresh = { left: ['cached'], status: 'succeeded', decision: 'fresh_enough' } as const;
    return refusedRead(now) ?? fresh;
  },
  poll: (now) => keptBack(now) ?? { left: ['cached'], status: 'left' },
  'wake poll': (now) => {
    const guard = guardOf(now);
    if (guard === undefined) return keptBack(now) ?? { left: ['force'], status: 'left' };
    return keptBack(now) ?? { left: [], status: 'kept back', reasons: [guard.decision] };
  },
  'refresh_all force': refreshAll,
};

/** What is to happen, by the architecture ("Breaker, budget, guards") and the contract (3.1, 3.2, 4). */
export function expected(command: Command, now: Circumstances): Expected {
  return expectations[command](now);
}

/** "a person's force is refused only below 50 %, and, if that setting is on, within min_force_gap; override passes both" */
function force(
  { level, sinceWake_s, budget, open }: Circumstances,
  { obeys, gap_s }: { readonly obeys: boolean; readonly gap_s: number },
): Expected {
  const refused = { left: [], status: 'rejected' } as const;
  if (obeys && level !== null && level < settings.hardLeast) {
    return { ...refused, code: 'battery_guard' };
  }
  if (sinceWake_s !== null && sinceWake_s < gap_s) {
    return { ...refused, code: 'rate_limited', retry_after_s: gap_s - sinceWake_s };
  }
  if (budget === 'blocked') {
    return { ...refused, code: 'rate_limited', retry_after_s: blocked_s };
  }
  if (open === 'wake') return { ...refused, code: 'breaker_open', retry_after_s: reset_s };
  return { left: ['force'], status: 'succeeded' };
}

/** "reads the cloud first; ... only if the guards allow; otherwise it succeeds with the cached data" */
function smart(now: Circumstances): Expected {
  const guard = guardOf(now);
  if (guard !== undefined) {
    return { left: ['cached'], status: 'succeeded', decision: guard.decision };
  }
  return { left: ['cached', 'force'], status: 'succeeded', decision: 'forced' };
}

/** "with `force` each car obeys the guards of an automatic wake"; a job pauses for what is the account's. */
function refreshAll(now: Circumstances): Expected {
  const held = heldBecause(now);
  if (held.length > 0) return { left: [], status: 'paused', reasons: held };
  const guard = guardOf(now);
  if (guard === undefined) return { left: ['force'], status: 'succeeded' };
  if (guard.decision === 'breaker_open') {
    return { left: [], status: 'paused', reasons: ['breaker_open'] };
  }
  return { left: [], status: 'failed', code: guard.code };
}

/** Nothing is sent at the vendor's limit, no read while the breaker of reads is open. */
function refusedRead({ budget, open }: Circumstances): Expected | undefined {
  const refused = { left: [], status: 'rejected' } as const;
  if (budget === 'blocked') {
    return { ...refused, code: 'rate_limited', retry_after_s: blocked_s };
  }
  if (open === 'read') return { ...refused, code: 'breaker_open', retry_after_s: reset_s };
  return undefined;
}

/** In the quiet hours nothing is due; what is known to last longer is told all the same. */
function keptBack(now: Circumstances): Expected | undefined {
  const kept = { left: [], status: 'kept back' } as const;
  const held = heldBecause(now);
  if (now.isQuiet) return { ...kept, reasons: [null, ...held] };
  return held.length === 0 ? undefined : { ...kept, reasons: held };
}

/** "our own count only ever stops polls, jobs and the wake of smart" */
function heldBecause({ budget, open }: Circumstances): string[] {
  return [
    ...(budget === 'blocked' ? ['rate_limited'] : []),
    ...(budget === 'reserve' ? ['guard_budget'] : []),
    ...(open === 'read' ? ['breaker_open'] : []),
  ];
}

/**
 * "an automatic or smart wake needs aux_battery.level >= 65 % from a report of the last 24 h and min_wake_gap since the
 * last wake; an older level means no automatic wake, a car that has never reported one is guarded by the gap alone"
 */
function guardOf({ level, age_s, sinceWake_s, budget, open }: Circumstances) {
  const isStrong = level === null || level >= settings.least;
  const isKnown = level === null || (age_s !== null && age_s <= day_s);
  if (!isStrong || !isKnown) return { decision: 'guard_aux_battery', code: 'battery_guard' };
  if (sinceWake_s !== null && sinceWake_s < settings.wakeGap_s) {
    return { decision: 'guard_gap', code: 'rate_limited' };
  }
  if (budget !== 'ok') return { decision: 'guard_budget', code: 'rate_limited' };
  return open === 'wake' ? { decision: 'breaker_open', code: 'breaker_open' } : undefined;
}
