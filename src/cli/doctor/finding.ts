import { settlesWithin } from '../../daemon/settles-within.js';

export type Verdict = 'ok' | 'warn' | 'fault';

/** One line of what was looked at. */
export interface Finding {
  readonly verdict: Verdict;
  readonly what: string;
  readonly found: string;
  /** What a person can do about it. */
  readonly advice?: string;
}

export type Tell = (verdict: Verdict, found: string, advice?: string) => void;

export interface Check {
  readonly what: string;
  readonly limit_ms: number;
  /** Tells as it finds; what is under way ends with the signal. */
  readonly look: (tell: TellOf, signal: AbortSignal) => Promise<void>;
}

/** Tells under the check's own name, or with `of` under that of a part. */
export type TellOf = Tell & { readonly of: (part: string) => Tell };

/** What the check has found. One that hangs, or fails in a way that nobody thought of, is a fault and nothing more. */
export async function findingsOf({ what, limit_ms, look }: Check): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  const late = new AbortController();
  const work = look(tellTo(what, findings, late.signal), late.signal);
  const isThrough = await settlesWithin(work, limit_ms);
  // From here on nothing more is taken, whatever comes back.
  late.abort();
  const trouble = isThrough ? await reasonOf(work) : hanging(limit_ms);
  return trouble === undefined ? findings : [...findings, { verdict: 'fault', what, ...trouble }];
}

function tellTo(what: string, findings: Finding[], signal: AbortSignal): TellOf {
  const of =
    (part: string): Tell =>
    (verdict, found, advice) => {
      if (signal.aborted) return;
      findings.push({ verdict, what: part, found, ...(advice === undefined ? {} : { advice }) });
    };
  return Object.assign(of(what), { of });
}

function hanging(limit_ms: number): Pick<Finding, 'found' | 'advice'> {
  return {
    found: `gave no answer for ${String(Math.round(limit_ms / 1000))} s`,
    advice: 'it hangs: mend or restart what is named here, then ask again',
  };
}

async function reasonOf(work: Promise<void>): Promise<Pick<Finding, 'found'> | undefined> {
  try {
    await work;
    return undefined;
  } catch (error) {
    return { found: `could not be looked at: ${inWords(error)}` };
  }
}

/** A name with several addresses fails with an error for each. */
export function inWords(error: unknown): string {
  return causesOf(error)
    .map((one) => (one instanceof Error ? one.message : String(one)))
    .join('; ');
}

/** The system's word for an error (`ECONNREFUSED`), of whatever made it. */
export function systemCode(error: unknown): string | undefined {
  const one = causesOf(error)[0];
  if (!(one instanceof Error)) return undefined;
  if ('code' in one && typeof one.code === 'string') return one.code;
  return one.cause === undefined ? undefined : systemCode(one.cause);
}

function causesOf(error: unknown): readonly unknown[] {
  return error instanceof AggregateError ? error.errors : [error];
}
