import { z } from 'zod';
import type { CodeStep } from '../vehicle/bridge-command.js';
import type { Cancelled } from '../vehicle/cancelled.js';
import { refreshModes, type RefreshMode } from '../vehicle/command.js';
import { failureSchema, type Failure } from '../vehicle/outcome.js';
import { codeMethods } from '../vehicle/task.js';
import type { CallMethod } from './call-wire.js';
import type { InstanceCalls } from './instance-calls.js';

/** Why nothing that can wait may call now. */
export interface AccountHold {
  readonly reason: string;
  readonly message?: string;
  readonly retry_after_s?: number;
}

/** An account as a refresh of all cars needs it. */
export interface FleetRefreshable {
  readonly name: string;
  readonly cars: () => readonly { readonly id: string; readonly topic_id: string }[];
  readonly refusal: () => Failure | undefined;
  readonly ready: (onHeld: (hold: AccountHold) => void, signal: AbortSignal) => Promise<boolean>;
  readonly isHeld: () => boolean;
  readonly refreshOne: (
    vehicle: string,
    mode: RefreshMode,
    max_age_s: number | undefined,
    commandId: string,
  ) => Promise<Refreshed | undefined>;
}

/** What became of the refresh of one car. */
export type Refreshed = { readonly ok: true } | { readonly ok: false; readonly failure: Failure };

/** The accounts of this instance, as the commands to the bridge need them. */
export interface HereAccounts {
  /** One that is being given away is none any more: what it has not done is asked of the next owner. */
  readonly refreshable: () => readonly FleetRefreshable[];
  readonly find: (id: string) => Promise<Cancelled>;
  readonly cancel: (id: string) => Cancelled | Promise<Cancelled>;
  readonly clearQueue: () => void;
  readonly resetBreakers: (account: string) => void;
  readonly setLogLevel: (level: string) => void;
  readonly otp: (account: string, step: CodeStep) => Promise<Failure | undefined>;
}

const nothing = z.null();
const byId = z.object({ id: z.string() });
const found = z.enum(['ended', 'too_late', 'unknown_id']);
type Find = CallMethod<{ id: string }, Cancelled>;

const find: Find = { name: 'accounts.find', params: byId, result: found };
const cancel: Find = { name: 'accounts.cancel', params: byId, result: found };

const clearQueue = {
  name: 'accounts.clear_queue',
  params: nothing,
  result: nothing,
} satisfies CallMethod<null, null>;

const resetBreakers = {
  name: 'accounts.reset_breakers',
  params: z.object({ account: z.string() }),
  result: nothing,
} satisfies CallMethod<{ account: string }, null>;

const setLogLevel = {
  name: 'accounts.set_log_level',
  params: z.object({ level: z.string() }),
  result: nothing,
} satisfies CallMethod<{ level: string }, null>;

/** `is_here` is false where this instance has not the account. */
const elsewhere = z.object({ is_here: z.literal(false) });

const otpParams = z.object({
  account: z.string(),
  step: z.union([z.object({ method: z.enum(codeMethods) }), z.object({ code: z.string() })]),
});
const otpAnswer = z.union([
  elsewhere,
  z.object({ is_here: z.literal(true), failure: failureSchema.nullable() }),
]);

const otp = {
  name: 'accounts.otp',
  params: otpParams,
  result: otpAnswer,
} satisfies CallMethod<z.infer<typeof otpParams>, z.infer<typeof otpAnswer>>;

const holdSchema: z.ZodType<AccountHold> = z.object({
  reason: z.string(),
  message: z.string().exactOptional(),
  retry_after_s: z.number().exactOptional(),
});

/** Asks whether a job may call; waits so long for that to change. */
const standingParams = z.object({ account: z.string(), wait_ms: z.number().nonnegative() });
const standingAnswer = z.union([
  elsewhere,
  z.object({
    is_here: z.literal(true),
    refusal: failureSchema.nullable(),
    /** null where nothing is held. */
    hold: holdSchema.nullable(),
  }),
]);

const standing = {
  name: 'accounts.standing',
  params: standingParams,
  result: standingAnswer,
} satisfies CallMethod<z.infer<typeof standingParams>, z.infer<typeof standingAnswer>>;

const refreshParams = z.object({
  account: z.string(),
  vehicle: z.string(),
  mode: z.enum(refreshModes),
  max_age_s: z.number().nullable(),
  command_id: z.string(),
});
const refreshed = z.discriminatedUnion('ok', [
  z.object({ ok: z.literal(true) }),
  z.object({ ok: z.literal(false), failure: failureSchema }),
]);

export type RefreshParams = z.infer<typeof refreshParams>;

const refreshAnswer = z.union([
  /** Where it was given away in the middle, the car may have been reached. */
  elsewhere.extend({ may_have_run: z.boolean() }),
  z.object({
    is_here: z.literal(true),
    /** Whether the account may call no more: the answer to the next car would be the same. */
    is_held: z.boolean(),
    /** The outcome of a car's reading holds a session that may be new: what is not named here stays there. */
    outcome: refreshed.nullable(),
  }),
]);
export type RefreshAnswer = z.infer<typeof refreshAnswer>;

const refreshOne = {
  name: 'accounts.refresh_one',
  params: refreshParams,
  result: refreshAnswer,
} satisfies CallMethod<RefreshParams, RefreshAnswer>;

const gone = { is_here: false } as const;
const isHere = { is_here: true } as const;

export const accountMethods = {
  ...{ find, cancel, clearQueue, resetBreakers, setLogLevel, otp, standing, refreshOne },
};

/** Answers for the accounts of this instance what the one that speaks for the bridge asks. */
export function serveAccountCalls(calls: InstanceCalls, here: HereAccounts): void {
  const named = (name: string) => here.refreshable().find((account) => account.name === name);
  calls.serve(find, ({ id }) => here.find(id));
  calls.serve(cancel, ({ id }) => here.cancel(id));
  calls.serve(clearQueue, () => {
    here.clearQueue();
    return null;
  });
  calls.serve(resetBreakers, ({ account }) => {
    here.resetBreakers(account);
    return null;
  });
  calls.serve(setLogLevel, ({ level }) => {
    here.setLogLevel(level);
    return null;
  });
  calls.serve(otp, async ({ account, step }) => {
    if (named(account) === undefined) return gone;
    return { ...isHere, failure: (await here.otp(account, step)) ?? null };
  });
  calls.serve(standing, async ({ account, wait_ms }) => {
    const one = named(account);
    if (one === undefined) return gone;
    return { ...isHere, ...(await standingOf(one, wait_ms)) };
  });
  calls.serve(refreshOne, async ({ account, vehicle, mode, max_age_s, command_id }) => {
    const one = named(account);
    if (one === undefined) return { ...gone, may_have_run: false };
    const outcome = await one.refreshOne(vehicle, mode, max_age_s ?? undefined, command_id);
    // It was given away meanwhile: what it has broken off is not what became of the car.
    const isBroken = outcome === undefined || (!outcome.ok && isOfOwner(outcome.failure));
    if (isBroken && named(account) !== one) return { ...gone, may_have_run: hasLeft(outcome) };
    return { ...isHere, is_held: one.isHeld(), outcome: outcome ?? null };
  });
}

function hasLeft(outcome: Refreshed | undefined): boolean {
  return outcome === undefined || outcome.ok || outcome.failure.sent !== false;
}

function isOfOwner({ code }: Failure): boolean {
  return code === 'interrupted' || code === 'not_ready';
}

async function standingOf(account: FleetRefreshable, wait_ms: number) {
  const refusal = account.refusal() ?? null;
  let hold: AccountHold | null = null;
  if (refusal !== null) return { refusal, hold };
  const over = new AbortController();
  const timer = setTimeout(() => {
    over.abort();
  }, wait_ms);
  const onHeld = (now: AccountHold): void => {
    hold = now;
    // A person has to act first: that does not pass by waiting.
    if (account.refusal() !== undefined) over.abort();
  };
  const isReady = await account.ready(onHeld, over.signal);
  clearTimeout(timer);
  return { refusal: account.refusal() ?? null, hold: isReady ? null : hold };
}
