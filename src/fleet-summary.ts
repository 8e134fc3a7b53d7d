import { z } from 'zod';

const ofAccounts = z.record(z.string(), z.looseObject({ vehicles: z.array(z.string()) }));
const anything = z.record(z.string(), z.unknown());

/** What an instance says of itself: the bridge's own state (contract, section 6), of its accounts alone. */
export const instanceDocumentSchema = z.object({
  schema: z.literal(1),
  version: z.string(),
  started_at: z.string(),
  mqtt: z.object({ version: z.number().nullable(), reconnects: z.number() }),
  accounts: ofAccounts,
  breakers: anything,
  jobs: z.array(z.unknown()),
  polling: z.object({
    enabled: z.boolean(),
    interval_min: z.number(),
    next_poll_at: z.string().nullable(),
    vehicles: anything,
  }),
  log_level: z.string(),
  queue: z.object({ depth: z.number(), running: z.number(), oldest_ms: z.number().nullable() }),
  pool: z.object({
    threads: z.number(),
    busy: z.number(),
    waiting: z.number(),
    processes: z.number(),
  }),
  budget: anything,
  event_loop: z.object({ p99_ms: z.number(), max_ms: z.number() }),
  last_error: z.object({ code: z.string(), message: z.string(), at: z.string() }).nullable(),
});

export type InstanceDocument = z.infer<typeof instanceDocumentSchema>;

/** What only the instance that speaks for the fleet knows. */
export interface SpeakerShare extends Pick<
  InstanceDocument,
  'version' | 'started_at' | 'mqtt' | 'log_level'
> {
  readonly polling: Pick<InstanceDocument['polling'], 'enabled' | 'interval_min'>;
  /** Of the bridge itself. */
  readonly jobs: readonly unknown[];
  /** Accounts that nobody owns at the moment, with what is known of them. */
  readonly unowned: Readonly<Record<string, { readonly vehicles: readonly string[] }>>;
}

/** The state of the whole fleet in the form of the state of one bridge. */
export function summedState(own: SpeakerShare, instances: ReadonlyMap<string, InstanceDocument>) {
  const all = [...instances.values()];
  const merged = <T>(of: (one: InstanceDocument) => Readonly<Record<string, T>>) =>
    Object.fromEntries<T>(all.flatMap((one) => Object.entries(of(one))));
  const summed = (of: (one: InstanceDocument) => number) =>
    all.reduce((sum, one) => sum + of(one), 0);
  const most = (of: (one: InstanceDocument) => number | null) => {
    const found = all.flatMap((one) => of(one) ?? []);
    return found.length === 0 ? null : Math.max(...found);
  };
  const polls = all.flatMap(({ polling }) => polling.next_poll_at ?? []).sort();
  const errors = all.flatMap(({ last_error }) => last_error ?? []);
  const unowned = Object.entries(own.unowned).map(([name, { vehicles }]) => {
    const nobody = { backend: null, session_expires_at: null, library: null };
    return [name, { state: 'unreachable', vehicles, ...nobody }] as const;
  });
  return {
    schema: 1,
    version: own.version,
    started_at: own.started_at,
    mqtt: own.mqtt,
    instances: Object.fromEntries(
      [...instances].map(([name, { version, started_at, accounts }]) => [
        name,
        { version, started_at, accounts: Object.keys(accounts).length },
      ]),
    ),
    accounts: { ...Object.fromEntries(unowned), ...merged((one) => one.accounts) },
    breakers: merged((one) => one.breakers),
    jobs: [...all.flatMap(({ jobs }) => jobs), ...own.jobs],
    polling: {
      ...own.polling,
      next_poll_at: polls[0] ?? null,
      vehicles: merged((one) => one.polling.vehicles),
    },
    log_level: own.log_level,
    queue: {
      depth: summed(({ queue }) => queue.depth),
      running: summed(({ queue }) => queue.running),
      oldest_ms: most(({ queue }) => queue.oldest_ms),
    },
    pool: {
      threads: summed(({ pool }) => pool.threads),
      busy: summed(({ pool }) => pool.busy),
      waiting: summed(({ pool }) => pool.waiting),
      processes: summed(({ pool }) => pool.processes),
    },
    budget: merged((one) => one.budget),
    event_loop: {
      p99_ms: most(({ event_loop }) => event_loop.p99_ms) ?? 0,
      max_ms: most(({ event_loop }) => event_loop.max_ms) ?? 0,
    },
    last_error: errors.sort((one, other) => (one.at < other.at ? 1 : -1))[0] ?? null,
  };
}
