import { randomUUID } from 'node:crypto';
import { expect } from 'vitest';
import {
  HyundaiKiaConnect,
  sidecarCommand,
} from '../../src/backends/hyundai-kia-connect/adapter.js';
import type { BackendLog } from '../../src/backends/contract.js';
import { systemClock } from '../../src/daemon/clock.js';
import { Breaker, type CallClass } from '../../src/dispatch/breaker.js';
import { createCalls } from '../../src/dispatch/calls.js';
import { type KeptSession, SessionKeeper, nothingKept } from '../../src/dispatch/session-keeper.js';
import type { Failure } from '../../src/vehicle/outcome.js';
import type { Operation, Outcome, Task } from '../../src/vehicle/task.js';
import type { Cloud } from '../cloud/cloud.js';
import type { CloudAccount } from './library-bridge.js';
import { expectNoSecrets } from './secret-scan.js';
import { waitUntil } from './wait.js';

export interface AccountInProcessOptions {
  readonly cloud: Cloud;
  readonly owner: CloudAccount;
  readonly region: string | number;
  readonly brand: string;
  readonly python: string;
  /** In place of the cloud's own, for what stands between it and its client. */
  readonly environment?: Readonly<Record<string, string>>;
}

/** What a `drive` asks for. */
export interface Wish {
  readonly operation: Extract<Operation, 'sign_in' | 'list' | 'cached' | 'force'>;
  /** Of a sign-in: goes on with the session there is. */
  readonly renews?: boolean;
  /** How long each task may take. Default 20 s. */
  readonly remaining_ms?: number;
  readonly vehicle?: string;
  /** Of a sign-in: until a person has to act, whatever it takes. */
  readonly untilBlocked?: boolean;
}

/** What became of it. */
export interface Driven {
  /** Of the first task: what the account made of it is in the others. */
  readonly first: Outcome;
  /** What the one who asked is told. */
  readonly last: Outcome | Failure | undefined;
  /** All tasks, in their order. */
  readonly tasks: readonly Operation[];
  readonly account: string;
}

const usual_ms = 20_000;
const never_ms = 3600_000;
const atOnce = { initial_ms: 1, factor: 1, max_ms: 1, jitter: 0 };
const neverOpens = { failures: 1000, reset_ms: never_ms, max_reset_ms: never_ms };
const notAgain = { initial_ms: never_ms, factor: 1, max_ms: never_ms, jitter: 0 };

/**
 * One account as the daemon has it, without the daemon: the real session keeper, breakers and calls over one process
 * of the real sidecar. Hundreds of failures take seconds so.
 */
export class AccountInProcess {
  readonly options: AccountInProcessOptions;
  readonly #backend: HyundaiKiaConnect;
  readonly #said: string[] = [];
  #kept: KeptSession = nothingKept;
  #pid: number | undefined;

  private constructor(options: AccountInProcessOptions) {
    this.options = options;
    const { cloud, owner, region, brand, python, environment = cloud.environment } = options;
    const { username, password, pin = null } = owner;
    const command = sidecarCommand(python);
    this.#backend = HyundaiKiaConnect.start(
      {
        backend: 'hyundai-kia-connect',
        ...{ python, region, brand, username, password, pin, language: 'en' },
      },
      {
        request: () => undefined,
        log: ({ message }: BackendLog) => this.#said.push(message),
        process: (event, pid) => {
          if (event === 'started') this.#pid = pid;
        },
      },
      { ...command, env: { ...command.env, ...environment } },
    );
  }

  static start(options: AccountInProcessOptions): AccountInProcess {
    return new AccountInProcess(options);
  }

  /** Of the process that is running or ran last. */
  get pid(): number {
    return this.#pid ?? expect.unreachable('no process was started');
  }

  close(): Promise<void> {
    return this.#backend.close();
  }

  /** What would be on the disk: another process can go on with it. */
  get kept(): KeptSession {
    return this.#kept;
  }

  /** Signs in, unless there is a session that has not been known to end. */
  async ready(): Promise<void> {
    if (this.#kept.session !== null) return;
    const { account, first } = await this.drive({ operation: 'sign_in' });
    if (account !== 'ready') expect.unreachable(`not ready: ${JSON.stringify(first)}`);
  }

  /** Asks for one thing, and goes on until nothing more is done about it by itself. */
  async drive(wish: Wish, kept = this.#kept): Promise<Driven> {
    const done: { operation: Operation; outcome: Outcome }[] = [];
    const handOff = async (task: Task): Promise<Outcome> => {
      const outcome = await this.#backend.run(task);
      done.push({ operation: task.operation, outcome });
      return outcome;
    };
    const keeper = this.#keeper(wish, kept, handOff);
    const last = await this.#ask(keeper, wish, handOff);
    const isBlocked = () => ['refused', 'otp_required'].includes(keeper.state.is);
    if (wish.untilBlocked === true) {
      await waitUntil(isBlocked, 20_000, () => 'the account to be blocked');
    }
    await keeper.stop();
    const account = keeper.state.is;
    if (account !== 'ready') this.#kept = { ...nothingKept, device: this.#kept.device };
    this.#expectNoSecrets(done.map(({ outcome }) => outcome));
    const first = done[0]?.outcome ?? expect.unreachable('no task');
    return { first, last, tasks: done.map(({ operation }) => operation), account };
  }

  #keeper(wish: Wish, kept: KeptSession, handOff: (task: Task) => Promise<Outcome>): SessionKeeper {
    const { operation, renews = false, untilBlocked = false, remaining_ms = usual_ms } = wish;
    return new SessionKeeper(
      {
        clock: systemClock,
        retry: untilBlocked ? atOnce : notAgain,
        call: (call) => handOff({ account: 'home', attempt: randomUUID(), remaining_ms, ...call }),
        keep: (now) => {
          this.#kept = now;
          return Promise.resolve();
        },
        onVehicles: () => undefined,
        onState: () => undefined,
      },
      keptFor(kept, operation === 'sign_in' && !renews),
    );
  }

  async #ask(
    keeper: SessionKeeper,
    { operation, vehicle, remaining_ms = usual_ms }: Wish,
    handOff: (task: Task) => Promise<Outcome>,
  ): Promise<Outcome | Failure | undefined> {
    if (operation === 'list') return keeper.list();
    if (operation === 'sign_in') {
      await keeper.login();
      return undefined;
    }
    const breaker = (callClass: CallClass) =>
      new Breaker(callClass, neverOpens, systemClock, () => undefined);
    const breakers = { read: breaker('read'), wake: breaker('wake') };
    const { call } = createCalls({
      account: 'home',
      deadline_ms: {
        cached: remaining_ms,
        force: remaining_ms,
        command: remaining_ms,
        action_status: remaining_ms,
        trips: remaining_ms,
      },
      readBack_s: [1],
      breakers,
      handOff,
      session: () => keeper.state,
      renew: (generation) => keeper.renew(generation),
      adopt: (outcome, generation) => keeper.adopt(outcome, generation),
    });
    const id = this.options.owner.cars[0]?.identity.id ?? expect.unreachable('no car');
    return call({
      vehicle: vehicle ?? id,
      operation,
      prepare: () => Promise.resolve(undefined),
      onHandOver: () => undefined,
    });
  }

  #expectNoSecrets(outcomes: readonly Outcome[]): void {
    const messages = outcomes.flatMap((one) => (one.ok ? [] : [one.failure.message]));
    expectNoSecrets([...messages, ...this.#said.splice(0)], 'messages and log');
  }
}

/** Nothing holds a sign-in up; `isAnew` without the session there is. */
function keptFor({ session, ...kept }: KeptSession, isAnew: boolean): KeptSession {
  const { device, generation, listed_at } = kept;
  return { ...nothingKept, device, generation, listed_at, session: isAnew ? null : session };
}
