import { knownWord, type Labels, type MetricMakers } from './metric-makers.js';

/** What the pool of an account looks like at this moment. */
export interface PoolFigures {
  readonly threads: number;
  readonly busy: number;
  readonly waiting: number;
  readonly processes: number;
}

/** An account as it is at this moment. Times are ISO times. */
export interface AccountFigures {
  readonly name: string;
  readonly state: string;
  readonly session_expires_at: string | null;
  readonly pool: PoolFigures;
  /** Commands that wait, and how long the oldest has. */
  readonly waiting: number;
  readonly oldestWaiting_ms: number;
  /** The state of each breaker by its class. */
  readonly breakers: Readonly<Record<string, string>>;
  readonly budget: {
    readonly state: string;
    readonly used: number;
    readonly left: number | null;
    readonly limit: number | null;
    readonly resets_at: string;
    readonly blocked_until: string | null;
  };
  /** When each car was read last; null where it never was. */
  readonly read_at: readonly (string | null)[];
  /** Why polls that are due wait: a word for each car of which one does. */
  readonly held: readonly string[];
}

export interface AccountWords {
  readonly accountStates: readonly string[];
  readonly breakerStates: readonly string[];
  readonly budgetStates: readonly string[];
  readonly holds: readonly string[];
}

type Value = readonly [Labels, number | null | undefined];

/** What every account looks like when it is asked. */
export function addAccountMetrics(
  make: MetricMakers,
  words: AccountWords,
  read: () => readonly AccountFigures[],
): void {
  // All of them are asked for in the same turn of the loop: once is enough.
  let held: readonly AccountFigures[] | undefined;
  const figures = (): readonly AccountFigures[] => {
    if (held === undefined) {
      held = read();
      queueMicrotask(() => {
        held = undefined;
      });
    }
    return held;
  };
  const pull = (name: string, help: string, of: (account: AccountFigures) => Value[1]): void => {
    make.pullEach(name, help, ['account'], () =>
      figures().map((one) => [{ account: one.name }, of(one)]),
    );
  };
  const pullMany = (
    name: string,
    help: string,
    labelNames: readonly string[],
    of: (account: AccountFigures) => readonly Value[],
  ): void => {
    make.pullEach(name, help, ['account', ...labelNames], () =>
      figures().flatMap((one) =>
        of(one).map(([labels, value]) => [{ account: one.name, ...labels }, value] as const),
      ),
    );
  };

  pullMany('account_state', 'An account: 1 at the state that it is in, else 0', ['state'], (one) =>
    stateSet(words.accountStates, one.state),
  );
  pull(
    'session_expiry_timestamp_seconds',
    'When the session of an account ends for good, where the maker tells',
    ({ session_expires_at }) => epoch_s(session_expires_at),
  );
  pullMany(
    'breaker_state',
    'A breaker: 1 at the state that it is in, else 0',
    ['class', 'state'],
    (one) =>
      Object.entries(one.breakers).flatMap(([name, state]) =>
        stateSet(words.breakerStates, state).map(
          ([labels, value]) => [{ class: name, ...labels }, value] as const,
        ),
      ),
  );

  pull('queue_depth', 'Commands that wait', (one) => one.waiting);
  pull(
    'queue_oldest_seconds',
    'How long the oldest of the commands that wait has waited; 0 where none does',
    (one) => one.oldestWaiting_ms / 1000,
  );
  pull('pool_threads', 'Worker threads', ({ pool }) => pool.threads);
  pull('pool_busy', 'Worker threads at work', ({ pool }) => pool.busy);
  pull('pool_waiting', 'Calls that wait for a thread', ({ pool }) => pool.waiting);
  pull('pool_processes', 'Python processes', ({ pool }) => pool.processes);

  pullMany('budget_state', 'The budget: 1 at the state that it is in, else 0', ['state'], (one) =>
    stateSet(words.budgetStates, one.budget.state),
  );
  pull(
    'budget_used',
    'Of the daily budget, what was used today (UTC)',
    ({ budget }) => budget.used,
  );
  pull('budget_left', 'Of the daily budget, what is left', ({ budget }) => budget.left);
  pull('budget_limit', 'The daily budget, where one is known or set', ({ budget }) => budget.limit);
  pull('budget_reset_timestamp_seconds', 'When the budget begins anew', ({ budget }) =>
    epoch_s(budget.resets_at),
  );
  pull(
    'budget_blocked_until_timestamp_seconds',
    "Until when nothing is sent, while the maker's own limit holds",
    ({ budget }) => epoch_s(budget.blocked_until),
  );

  pull('vehicles', 'Cars', ({ read_at }) => read_at.length);
  pull(
    'oldest_read_timestamp_seconds',
    'When the car was read that has not been read for longest',
    ({ read_at }) => {
      const times = read_at.flatMap((at) => epoch_s(at) ?? []);
      return times.length === 0 ? undefined : Math.min(...times);
    },
  );
  pullMany(
    'polls_held',
    'Cars of which a poll that is due waits, by why',
    ['reason'],
    ({ held }) => {
      const found = held.map((word) => knownWord(words.holds, word));
      return [...words.holds, 'unknown'].map((reason) => [
        { reason },
        found.filter((one) => one === reason).length,
      ]);
    },
  );
}

function stateSet(states: readonly string[], now: string): Value[] {
  return states.map((state) => [{ state }, state === now ? 1 : 0]);
}

function epoch_s(time: string | null): number | undefined {
  return time === null ? undefined : Date.parse(time) / 1000;
}
