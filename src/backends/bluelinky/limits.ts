import type { IncomingHttpHeaders } from 'node:http';

/** `daily`: the vendor's limit of the day. `short`: too many requests, and not known to be of the day. */
export type Limit = 'daily' | 'short';

/**
 * Of a limit without a time the bridge takes the day's requests as used up. A vendor that says "too many" without a
 * time wants fewer requests, not none until midnight; asking anew then costs one.
 */
const shortWait_s = 900;
/** By then another day's requests have begun. */
const longest_s = 86_400;

/** Which limit a reply tells of; `said`: its body as text. */
export function limitIn(status: number, said: string): Limit | undefined {
  const isDaily = said.includes('HT_534') || said.includes('daily remote service request limit');
  if (isDaily || status === 509) return 'daily';
  return status === 429 ? 'short' : undefined;
}

/** How long to wait, in seconds; what the vendor says counts before everything else. */
export function waitOfLimit(
  limit: Limit,
  told_s: number | undefined,
): { readonly retry_after_s?: number } {
  const wait_s = told_s ?? (limit === 'short' ? shortWait_s : undefined);
  return wait_s === undefined ? {} : { retry_after_s: wait_s };
}

/** What `Retry-After` says, as seconds from 0 to a day; undefined where it says nothing or makes no sense. */
export function retryAfter_s(headers: IncomingHttpHeaders, now = Date.now()): number | undefined {
  const said = headers['retry-after']?.trim() ?? '';
  if (/^\d+$/.test(said)) return Math.min(Number(said), longest_s);
  const at = timeOf(said);
  if (at === undefined) return undefined;
  // By the vendor's own clock: this machine's may be off.
  const left_s = Math.round((at - (timeOf(headers.date ?? '') ?? now)) / 1000);
  return left_s > 0 ? Math.min(left_s, longest_s) : undefined;
}

/** Epoch milliseconds of an HTTP date. The oldest of its forms leaves out that it is UTC. */
function timeOf(said: string): number | undefined {
  if (!/^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*,? /.test(said)) return undefined;
  const found = Date.parse(said.endsWith('GMT') ? said : `${said} GMT`);
  return Number.isNaN(found) ? undefined : found;
}
