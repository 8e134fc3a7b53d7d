import { randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { expect, vi } from 'vitest';
import { stringify } from 'yaml';
import { createAccount, type Account } from '../../src/account.js';
import { bridgeOptions } from '../../src/cli/bridge-options.js';
import { loadConfig } from '../../src/config/load-config.js';
import type { Clock } from '../../src/daemon/clock.js';
import { createLogger } from '../../src/daemon/logger.js';
import type { RetryPolicy } from '../../src/daemon/retry.js';
import { SharedSlots } from '../../src/dispatch/shared-slots.js';
import { WaitingCount } from '../../src/dispatch/waiting-count.js';
import { isEnding, type LifeCycleEvent } from '../../src/vehicle/life-cycle.js';
import type { Cloud } from '../cloud/cloud.js';
import { someMetrics } from '../daemon/some-metrics.js';
import { MemoryStore } from '../dispatch/memory-store.js';
import type { LibraryAccount } from '../support/library-bridge.js';
import { requireTestPython } from '../support/python.js';
import { expectNoSecrets } from '../support/secret-scan.js';
import { onTeardown } from '../support/teardown.js';
import { tempDir } from '../support/temp-dir.js';
import { waitUntil } from '../support/wait.js';

const workerEntry = fileURLToPath(new URL('../../dist/worker/run-command.js', import.meta.url));
const second_ms = 1000;
const patience_ms = 120_000;

/**
 * Accounts as the daemon makes them of a configuration, in this process: sessions, lanes, breakers, real threads,
 * and the real sidecar in each. Only the clock and the timers of the main loop are the test's, which it moves while no
 * call is under way; Python and the clouds go on by the wall clock.
 */
export class AccountsInFakeTime {
  readonly retry: RetryPolicy;
  readonly #accounts: ReadonlyMap<string, Account>;
  readonly #events: readonly LifeCycleEvent[];
  readonly #time: { ahead_ms: number };
  readonly #clock: Clock;

  private constructor(
    accounts: ReadonlyMap<string, Account>,
    parts: {
      retry: RetryPolicy;
      events: readonly LifeCycleEvent[];
      time: { ahead_ms: number };
      clock: Clock;
    },
  ) {
    this.retry = parts.retry;
    this.#accounts = accounts;
    this.#events = parts.events;
    this.#time = parts.time;
    this.#clock = parts.clock;
  }

  /** From `beforeAll` or within a test: the timers are real again at its end. */
  static async start(
    cloud: Cloud,
    entries: readonly LibraryAccount[],
    config: Readonly<Record<string, unknown>>,
  ): Promise<AccountsInFakeTime> {
    for (const [name, value] of Object.entries(cloud.environment)) vi.stubEnv(name, value);
    onTeardown(() => void vi.unstubAllEnvs());
    const options = await optionsOf(entries, config);
    const began = Date.now();
    const time = { ahead_ms: 0 };
    const clock = { now: () => began + time.ahead_ms, monotonic: () => time.ahead_ms };
    const events: LifeCycleEvent[] = [];
    const lines: string[] = [];
    const sharedSlots = new SharedSlots(options.mostProcesses);
    const waiting = new WaitingCount(options.queueTotal);
    const metrics = someMetrics(options.accounts.map(({ name }) => name));
    onTeardown(() => {
      metrics.stop();
    });
    // Of nothing else: the clouds in this process, and their certificates, live by the wall clock.
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const store = new MemoryStore();
    const log = createLogger(
      { level: 'trace', format: 'json' },
      { write: (line) => void lines.push(line) },
    );
    const accounts = new Map<string, Account>();
    for (const account of options.accounts) {
      const made = await createAccount(account, {
        ...{ clock, store, log, metrics, sharedSlots, waiting, workerEntry },
        retry: options.retry,
        boot: 1,
        clockTrusted: () => true,
        polling: () => options.polling,
        isNews: () => true,
        output: {
          address: () => [],
          deliver: (_, delivered) => {
            delivered();
          },
          publish: () => undefined,
          state: () => undefined,
          info: () => undefined,
          availability: () => undefined,
          trips: () => undefined,
          step: (event) => void events.push(event),
          carsChanged: () => undefined,
          changed: () => undefined,
          trouble: () => undefined,
        },
      });
      accounts.set(account.name, made);
    }
    onTeardown(async () => {
      vi.useRealTimers();
      await Promise.all([...accounts.values()].map((one) => one.stop()));
      expectNoSecrets(lines, 'the log');
    });
    for (const account of accounts.values()) account.start();
    const all = new AccountsInFakeTime(accounts, { retry: options.retry, events, time, clock });
    await all.#quiet();
    return all;
  }

  report(name: string) {
    return this.#account(name).report();
  }

  /** Asks for a cached read of the account's first car; answers the id. */
  async read(name: string): Promise<string> {
    const { admissions, vehicles } = this.#account(name);
    const car = vehicles.cars[0] ?? expect.unreachable(`${name} has no car`);
    const id = randomUUID();
    await admissions.handle({
      car,
      name: 'refresh',
      payload: Buffer.from(JSON.stringify({ id, value: 'cached' })),
      retained: false,
      received_at: this.#clock.now(),
      received: this.#clock.monotonic(),
      response: undefined,
      also: [],
    });
    await this.#quiet();
    return id;
  }

  ending(id: string): LifeCycleEvent | undefined {
    return this.#events.find((event) => event.id === id && isEnding(event));
  }

  /** Lets so much time pass, second by second; calls that come of it take theirs of the wall clock. */
  async pass(ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += second_ms) {
      this.#time.ahead_ms += second_ms;
      await vi.advanceTimersByTimeAsync(second_ms);
      await this.#quiet();
    }
  }

  /** No call is under way any more. */
  async #quiet(): Promise<void> {
    const isBusy = (): boolean =>
      [...this.#accounts.values()].some((one) => {
        const { account, running } = one.state();
        return one.figures().busy > 0 || running > 0 || account.state === 'signing_in';
      });
    await new Promise(setImmediate);
    if (!isBusy()) return;
    await waitUntil(
      () => !isBusy(),
      patience_ms,
      () => 'calls to end',
    );
    await pause(1);
    await this.#quiet();
  }

  #account(name: string): Account {
    return this.#accounts.get(name) ?? expect.unreachable(`no account ${name}`);
  }
}

async function optionsOf(
  accounts: readonly LibraryAccount[],
  more: Readonly<Record<string, unknown>>,
) {
  const cwd = await tempDir();
  const file = join(cwd, 'bluelink2mqtt.yaml');
  const config = {
    mqtt: { url: 'mqtt://localhost' },
    python: requireTestPython(),
    state_dir: cwd,
    refresh: { on_start: 'off' },
    ...more,
    accounts,
  };
  await writeFile(file, stringify(config));
  const loaded = await loadConfig({ file, cwd, env: {} });
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.faults));
  return bridgeOptions(loaded.config, '0.0.0');
}
