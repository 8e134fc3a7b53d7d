import type { AccountOptions } from './account-options.js';
import { createAccount, type Account } from './account.js';
import { createAuditTrail } from './audit-trail.js';
import { createBridgeApi, type Asked } from './bridge-api.js';
import { createBridgeMetrics } from './bridge-metrics.js';
import { createOwnCommands } from './bridge-own-commands.js';
import { BridgeState } from './bridge-state.js';
import { createBrokerSession, type BrokerSessionOptions } from './broker-session.js';
import { commandedHere } from './commanded-accounts.js';
import { ClockTrust } from './daemon/clock-trust.js';
import type { Clock } from './daemon/clock.js';
import { faultsOf, healthOf, LoopWatch, type Health } from './daemon/health.js';
import type { Logger } from './daemon/logger.js';
import { createNews } from './daemon/news.js';
import { settlesWithin } from './daemon/settles-within.js';
import { CommandHistory } from './dispatch/command-history.js';
import { SharedSlots } from './dispatch/shared-slots.js';
import { WaitingCount } from './dispatch/waiting-count.js';
import { LiveEvents } from './http/live-events.js';
import { translateLegacy } from './mqtt/legacy-commands.js';
import { createTopics } from './mqtt/topics.js';
import type { PollSettings } from './schedule/next-poll.js';
import { listenToPeople, type PeopleOptions } from './people.js';
import { Polling } from './schedule/polling.js';
import { createStepListeners } from './step-listeners.js';
import { createBridgeStore } from './store/bridge-store.js';
import type { Store } from './store/store.js';
import { createUnknownTarget } from './unknown-target.js';
import { failure } from './vehicle/outcome.js';

export interface BridgeOptions extends BrokerSessionOptions, PeopleOptions {
  readonly accounts: readonly AccountOptions[];
  /** What is read without being asked for. */
  readonly polling: PollSettings;
  /** How long finished commands stay in the audit log. */
  readonly keepAudit_ms: number;
  readonly queueTotal: number;
  readonly mostProcesses: number;
}

export interface BridgeDependencies {
  readonly clock: Clock;
  readonly log: Logger;
  /** The bridge closes it at its end. */
  readonly store: Store;
  /** The entry file of the worker threads. */
  readonly workerEntry: string;
}

const stopGrace_ms = 2000;

/** The bridge: from the broker to the cars and back. Resolves when everything stored has been read and started. */
export async function startBridge(
  options: BridgeOptions,
  { clock, log, store, workerEntry }: BridgeDependencies,
) {
  const { mqtt, version } = options;
  const stored = createBridgeStore(store);
  const boot = await stored.nextBoot();
  const topics = createTopics(mqtt.base_topic);
  const accounts: Account[] = [];
  const here = () => accounts;

  // What the bridge says of itself.
  const history = new CommandHistory();
  const live = new LiveEvents();
  const state = new BridgeState({
    clock,
    log,
    publish: (document) => {
      session.publisher.retain(topics.bridge.state, JSON.stringify(document));
      live.tell({ kind: 'bridge', data: document });
    },
  });
  const waiting = new WaitingCount(options.queueTotal);
  const metrics = createBridgeMetrics({
    ...{ version, clock, waiting, accounts: here },
    names: options.accounts.map(({ name }) => name),
    isHealthy: () => health().ok,
    isClockTrusted: () => clockTrust.isTrusted,
    isConnected: () => session.state.is === 'connected',
    undelivered: () => session.publisher.undelivered,
  });
  store.watch?.(metrics.disk);
  const polling = new Polling({
    configured: options.polling,
    kept: await stored.polling(),
    keep: stored.putPolling,
    onChange: () => {
      for (const account of accounts) account.pollingChanged();
      state.changed();
    },
  });
  await polling.forgetOverruled().catch((err: unknown) => {
    log.warn({ err }, 'that the configuration overrules a setting of polls could not be stored');
  });

  // The broker: commands in, what the accounts say out.
  const clockTrusted = () => clockTrust.isTrusted;
  const session = await createBrokerSession(options, {
    ...{ clock, log, topics, stored, metrics, live, clockTrusted, take, accounts: here },
    isBridge: true,
    accountNames: () => accounts.map(({ name }) => name),
    commandFilters: () => [topics.commandFilter],
    onConnected: () => {
      state.publish();
    },
    onTakenOver: () => {
      const message = `another client uses the client id "${mqtt.client_id}"; two bridges on one broker need two`;
      log.error(message);
      state.trouble(failure('unavailable', message));
    },
    output: createStepListeners({ history, live, state, auditTrail: () => auditTrail }),
  });
  const { output, publisher } = session;

  // The accounts, each with everything that belongs to it.
  const isNews = createNews();
  const sharedSlots = new SharedSlots(options.mostProcesses);
  const newAccount = (account: AccountOptions): Promise<Account> =>
    createAccount(account, {
      ...{ clock, retry: options.retry, store, boot, log, metrics, sharedSlots, waiting },
      ...{ clockTrusted, polling: () => polling.settings, isNews, workerEntry, output },
    });
  accounts.push(...(await Promise.all(options.accounts.map(newAccount))));
  const newest = await Promise.all(accounts.map((account) => account.newestJournalEntry()));
  const clockTrust = new ClockTrust({
    clock,
    newestStored: Math.max(session.seen ?? 0, ...newest),
    onTrusted: () => {
      log.info('the system clock can be trusted now');
    },
  });
  if (!clockTrust.isTrusted)
    log.warn('the system clock is behind the journal: only cached reads are taken');

  const auditTrail = await createAuditTrail({
    ...{ clock, log, store, history, accounts: here },
    journals: () => [
      { account: null, store },
      ...accounts.map(({ name }) => ({ account: name, store })),
    ],
    keep_ms: options.keepAudit_ms,
  });

  // Commands to the bridge itself.
  const ownCommands = await createOwnCommands({
    ...{ clock, retry: options.retry, store, boot, log, metrics, output, polling },
    accounts: commandedHere(here),
    allow: options.allow,
    expiresIn_ms: options.expiresIn_ms,
    announce: () => {
      for (const account of accounts) account.vehicles.publishAll();
      state.publish();
      session.announce();
    },
  });

  const unknown = createUnknownTarget({
    ...{ clock, log, metrics, output, publisher },
    unlisted: () => accounts.find((account) => !account.vehicles.hasListed)?.report(),
  });

  async function take(arrived: Asked): Promise<void> {
    const { target } = arrived;
    if (target === 'bridge') return ownCommands.handle(arrived);
    const found = carCalled(target);
    if (found !== undefined) {
      const payload = mqtt.legacy_topics
        ? translateLegacy(arrived.name, arrived.payload, found.car.listed.commands)
        : arrived.payload;
      return found.account.admissions.handle({ ...arrived, payload, car: found.car });
    }
    unknown.refuse(arrived);
    return undefined;
  }

  function carCalled(name: string) {
    for (const account of accounts) {
      const car = account.vehicles.find(name);
      if (car !== undefined) return { account, car };
    }
    return undefined;
  }

  const loopWatch = new LoopWatch(clock);
  const health = (): Health =>
    healthOf([
      loopWatch.fault,
      ...accounts.map(({ name, poolFault }) => poolFault && `account ${name}: ${poolFault}`),
    ]);

  /** Broker and accounts, too: what a person would wait for. */
  const readiness = (): Health =>
    healthOf([
      ...faultsOf(health()),
      session.state.is === 'connected' ? undefined : 'the broker is not connected',
      ...accounts.map((account) => {
        const { name, state: stands } = account.report();
        return stands === 'ready' ? undefined : `account ${name}: ${stands}`;
      }),
    ]);

  // What people ask beside the broker.
  const api = createBridgeApi({
    ...{ clock, accounts: here, take, health, readiness, state, history, live },
    registry: metrics.registry,
    audit: auditTrail.log,
  });
  const people = await listenToPeople(options, { api, log, metrics });

  state.start({
    ...{ version, connection: session, accounts: here, metrics },
    jobs: () => [...accounts.flatMap((account) => account.jobs), ...ownCommands.jobs],
    waiting: () => waiting.total,
    polling: () => polling.settings,
  });
  auditTrail.start();
  ownCommands.start();
  for (const account of accounts) account.start();
  session.start();

  /** Accounts come and go one after the other. */
  let lastChange: Promise<unknown> = Promise.resolve();
  function inTurn<T>(change: () => Promise<T>): Promise<T> {
    const changed = lastChange.then(change);
    lastChange = changed.catch(() => undefined);
    return changed;
  }

  return {
    metrics,
    health,
    /** What the bridge says of itself; null once it stops. */
    document: () => state.document,

    /** A further account, at run time, or other settings of one. */
    setAccount: (set: AccountOptions): Promise<void> =>
      inTurn(async () => {
        const before = accounts.find(({ name }) => name === set.name);
        if (before !== undefined) {
          accounts.splice(accounts.indexOf(before), 1);
          await before.stop();
        }
        const account = await newAccount(set);
        accounts.push(account);
        account.start();
        session.accountsChanged();
        state.changed();
      }),

    /** Its waiting commands are cancelled; what it keeps in the store stays there. */
    removeAccount: (name: string): Promise<void> =>
      inTurn(async () => {
        const account = accounts.find((one) => one.name === name);
        if (account === undefined) return;
        account.clearQueue();
        for (const { topic_id } of account.vehicles.names) output.availability(topic_id, false);
        accounts.splice(accounts.indexOf(account), 1);
        await account.stop();
        session.accountsChanged();
        state.changed();
      }),

    /** In order: no new commands, what runs is given a grace, `offline`, then everything is ended. */
    async stop(): Promise<void> {
      session.stopTaking();
      await lastChange;
      state.stop();
      const rested = ownCommands.stopJobs();
      await Promise.all([people.stop(), ...accounts.map((account) => account.stop())]);
      // What they did for accounts has ended with these.
      await settlesWithin(rested, stopGrace_ms);
      await ownCommands.stop(stopGrace_ms);
      await session.stop(stopGrace_ms);
      clockTrust.stop();
      metrics.stop();
      loopWatch.stop();
      auditTrail.stop();
      await store.close();
    },
  };
}
