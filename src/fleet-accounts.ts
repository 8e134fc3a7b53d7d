import { z } from 'zod';
import type { Account } from './account.js';
import { commandedHere, firstKnown, type CommandedAccounts } from './commanded-accounts.js';
import type { Logger } from './daemon/logger.js';
import { pause } from './daemon/pause.js';
import type { Cancelled } from './dispatch/bridge-commands.js';
import type { Hold } from './dispatch/job-gate.js';
import type { RefreshableAccount, Refreshed } from './dispatch/refresh-all.js';
import { CallError } from './fleet/call-error.js';
import type { CallMethod } from './fleet/call-wire.js';
import type { Directory } from './fleet/directory.js';
import type { InstanceCalls } from './fleet/instance-calls.js';
import { codeMethods } from './vehicle/task.js';
import { refreshModes } from './vehicle/command.js';
import { failure, failureSchema, type Failure } from './vehicle/outcome.js';

const nothing = z.null();
const id = z.object({ id: z.string() });
const cancelled = z.enum(['ended', 'too_late', 'unknown_id']);
const hold = z.object({
  reason: z.string(),
  message: z.string().exactOptional(),
  retry_after_s: z.number().exactOptional(),
});
const refreshed = z.discriminatedUnion('ok', [
  z.object({ ok: z.literal(true) }),
  z.object({ ok: z.literal(false), failure: failureSchema }),
]);
const step = z.union([
  z.strictObject({ method: z.enum(codeMethods) }),
  z.strictObject({ code: z.string() }),
]);

function method<P, R>(name: string, params: z.ZodType<P>, result: z.ZodType<R>): CallMethod<P, R> {
  return { name: `accounts.${name}`, params, result };
}

/** What the instance that speaks for the fleet asks of those that own accounts. */
const methods = {
  find: method('find', id, cancelled),
  cancel: method('cancel', id, cancelled),
  clearQueue: method('clear_queue', nothing, nothing),
  resetBreakers: method('reset_breakers', z.object({ account: z.string() }), nothing),
  setLogLevel: method('log_level', z.object({ level: z.string() }), nothing),
  otp: method('otp', z.object({ account: z.string(), step }), failureSchema.nullable()),
  mayRefresh: method(
    'may_refresh',
    z.object({ account: z.string() }),
    z.object({ refusal: failureSchema.nullable(), hold: hold.nullable() }),
  ),
  refresh: method(
    'refresh',
    z.object({
      account: z.string(),
      vehicle: z.string(),
      mode: z.enum(refreshModes),
      max_age_s: z.number().nullable(),
    }),
    refreshed,
  ),
};

const notHere = failure('not_ready', 'no instance has this account at the moment');

/** Lets the instance that speaks for the fleet command the accounts of this one. */
export function serveAccounts(
  calls: InstanceCalls,
  accounts: () => readonly Account[],
  setLogLevel: (level: string) => void,
): void {
  const here = commandedHere(accounts);
  const find = (name: string): Account | undefined => accounts().find((one) => one.name === name);
  calls.serve(methods.find, (asked) => here.find(asked.id));
  calls.serve(methods.cancel, (asked) => here.cancel(asked.id));
  calls.serve(methods.clearQueue, () => {
    here.clearQueue();
    return null;
  });
  calls.serve(methods.resetBreakers, ({ account }) => {
    here.resetBreakers(account);
    return null;
  });
  calls.serve(methods.setLogLevel, ({ level }) => {
    setLogLevel(level);
    here.setLogLevel(level);
    return null;
  });
  calls.serve(methods.otp, async ({ account, step: taken }) =>
    find(account) === undefined ? notHere : ((await here.otp(account, taken)) ?? null),
  );
  calls.serve(methods.mayRefresh, ({ account }) => {
    const found = find(account)?.refreshable;
    return found === undefined
      ? { refusal: null, hold: notHereNow }
      : { refusal: found.refusal() ?? null, hold: found.hold() ?? null };
  });
  calls.serve(methods.refresh, async ({ account, vehicle, mode, max_age_s }) => {
    const found = find(account)?.refreshable;
    const outcome = await found?.refreshOne(vehicle, mode, max_age_s ?? undefined);
    if (outcome === undefined) return { ok: false as const, failure: notHere };
    return outcome.ok ? { ok: true as const } : { ok: false as const, failure: outcome.failure };
  });
}

const notHereNow: Hold = { reason: 'not_ready', message: notHere.message };

export interface RemoteAccountsOptions {
  readonly calls: InstanceCalls;
  readonly directory: Pick<Directory, 'carsOf' | 'unlisted'>;
  readonly names: () => readonly string[];
  readonly instances: () => readonly string[];
  readonly ownerOf: (account: string) => string | undefined;
  readonly log: Logger;
}

const answer_ms = 4000;
/** A vendor that asks for a one-time code takes its time. */
const otp_ms = 200_000;
const refresh_ms = 900_000;
const watch_ms = 3000;
const look_ms = 1000;

/** The accounts of all instances, as the commands to the bridge see them. */
export function createRemoteAccounts(options: RemoteAccountsOptions): CommandedAccounts {
  const { calls, directory, names, instances, ownerOf, log } = options;

  async function fromAll(asked: CallMethod<{ id: string }, Cancelled>, of: string) {
    const soon = { timeout_ms: answer_ms };
    const answers = await calls.askAll(instances(), asked, { id: of }, soon);
    return firstKnown([...answers.values()].filter((one) => one !== undefined));
  }

  function tellAll<P>(told: CallMethod<P, null>, params: P): void {
    void calls.askAll(instances(), told, params, { timeout_ms: answer_ms }).then((answers) => {
      const away = [...answers].flatMap(([name, one]) => (one === undefined ? [name] : []));
      if (away.length > 0) log.warn({ instances: away, what: told.name }, 'instances did not hear');
    });
  }

  return {
    names,
    haveCars: () => directory.unlisted(names()).length < names().length,
    refreshable: () => names().map((name) => remoteRefreshable(name, options)),
    find: (of) => fromAll(methods.find, of),
    cancel: (of) => fromAll(methods.cancel, of),
    clearQueue: () => {
      tellAll(methods.clearQueue, null);
    },
    resetBreakers: (account) => {
      tellAll(methods.resetBreakers, { account });
    },
    setLogLevel: (level) => {
      tellAll(methods.setLogLevel, { level });
    },
    otp: async (account, taken) => {
      const owner = ownerOf(account);
      if (owner === undefined) return notHere;
      try {
        const params = { account, step: taken };
        return (await calls.ask(owner, methods.otp, params, { timeout_ms: otp_ms })) ?? undefined;
      } catch {
        return notHere;
      }
    },
  };
}

/** An account that some instance owns, for the job that refreshes all cars. */
function remoteRefreshable(
  name: string,
  { calls, directory, ownerOf }: RemoteAccountsOptions,
): RefreshableAccount {
  let refusal: Failure | undefined;
  let held: Hold | undefined = notHereNow;

  async function look(): Promise<void> {
    try {
      const owner = ownerOf(name);
      const soon = { timeout_ms: answer_ms };
      const found =
        owner === undefined
          ? undefined
          : await calls.ask(owner, methods.mayRefresh, { account: name }, soon);
      refusal = found?.refusal ?? undefined;
      held = found === undefined ? notHereNow : (found.hold ?? undefined);
    } catch {
      held = notHereNow;
    }
  }

  return {
    name,
    cars: () => directory.carsOf(name).filter(({ is_gone }) => !is_gone),
    refusal: () => refusal,
    isHeld: () => held !== undefined,
    async ready(onHeld, signal) {
      while (!signal.aborted) {
        await look();
        if (refusal === undefined && held === undefined) return true;
        onHeld(held ?? notHereNow);
        await pause(look_ms, signal);
      }
      return false;
    },
    async refreshOne(vehicle, mode, max_age_s): Promise<Refreshed> {
      const owner = ownerOf(name);
      if (owner === undefined) return { ok: false, failure: notHere };
      try {
        const params = { account: name, vehicle, mode, max_age_s: max_age_s ?? null };
        const patience = { timeout_ms: refresh_ms, watch_ms };
        return await calls.ask(owner, methods.refresh, params, patience);
      } catch (error) {
        const mayHaveRun = !(error instanceof CallError) || error.mayHaveRun;
        // The car may have been woken: the next owner asks the cloud first.
        const lost = mayHaveRun ? { outcome: 'unknown' as const } : {};
        return { ok: false, failure: { ...notHere, ...lost } };
      }
    },
  };
}
