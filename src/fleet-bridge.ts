import type { AccountOptions } from './account-options.js';
import { createAuditTrail } from './audit-trail.js';
import { createBridgeApi, type Asked } from './bridge-api.js';
import { createBridgeMetrics } from './bridge-metrics.js';
import { BridgeState } from './bridge-state.js';
import type { BridgeOptions } from './bridge.js';
import { commandedHere } from './commanded-accounts.js';
import type { Clock } from './daemon/clock.js';
import { addFleetMetrics } from './daemon/fleet-metrics.js';
import { faultsOf, healthOf, LoopWatch, type Health } from './daemon/health.js';
import type { Logger } from './daemon/logger.js';
import { createNews } from './daemon/news.js';
import { CommandHistory } from './dispatch/command-history.js';
import { SharedSlots } from './dispatch/shared-slots.js';
import { WaitingCount } from './dispatch/waiting-count.js';
import { startFleetAccount, type FleetAccount } from './fleet-account.js';
import { OwnedItem } from './fleet-item.js';
import { startFleetSpeaker, type FleetSpeaker } from './fleet-speaker.js';
import { createSpeakerCalls, serveInstance } from './fleet-wire.js';
import { createFleetAccounts, serveAccountCalls } from './fleet/account-calls.js';
import { Directory } from './fleet/directory.js';
import { createFleetApi, serveBridgeApi } from './fleet/fleet-api.js';
import { createInstanceCalls } from './fleet/instance-calls.js';
import { startOwnership, type DropReason, type Lease } from './fleet/ownership.js';
import { LiveEvents } from './http/live-events.js';
import { createTopics } from './mqtt/topics.js';
import type { NatsConnection } from './nats/connect.js';
import { followConnection } from './nats/follow-connection.js';
import { listenToPeople } from './people.js';
import { Polling } from './schedule/polling.js';
import type { Cipher } from './store/cipher.js';
import { openNatsStore } from './store/nats-store.js';
import { prepareStream } from './store/nats-stream.js';
import { createStepListeners } from './step-listeners.js';
import { StoreError } from './store/store.js';

export interface FleetOptions extends BridgeOptions {
  /** The name of this instance. */
  readonly instance: string;
  /** What the names of everything in NATS begin with. */
  readonly fleet: string;
  readonly replicas: number;
}

export interface FleetDependencies {
  readonly clock: Clock;
  readonly log: Logger;
  /** The bridge closes it at its end. */
  readonly connection: NatsConnection;
  readonly cipher: Cipher;
  readonly workerEntry: string;
}

const bridgeItem = 'bridge';
const accountPrefix = 'account.';

/**
 * One instance of a fleet: it owns some of the accounts, and one instance speaks for the bridge. Resolves when it has
 * joined; what it comes to own is started from then on.
 */
export async function startFleetBridge(
  options: FleetOptions,
  { clock, log, connection, cipher, workerEntry }: FleetDependencies,
) {
  const { version, instance, fleet, replicas } = options;
  // What is sent while an account moves waits in a session that only MQTT 5 has.
  const broker = { ...options, mqtt: { ...options.mqtt, version: 5 as const } };
  const topics = createTopics(broker.mqtt.base_topic);
  await prepareStream(connection, { name: fleet, replicas });
  const openPartition = (partition: string, onDeposed: () => void) =>
    openNatsStore({ connection, name: fleet, partition, cipher, log, onDeposed });
  const ownStore = await openPartition(`instance.${instance}`, () => {
    log.error(`another process is the instance "${instance}", too: each needs a name of its own`);
  });
  const directory = await Directory.open({
    ...{ connection, name: fleet, replicas, cipher, log, retry: options.retry },
  });

  const configured = new Map(options.accounts.map((account) => [account.name, account]));
  const accountNames = () => [...configured.keys()];
  const owned = new Map<string, OwnedItem<FleetAccount>>();
  const speaking = new OwnedItem<FleetSpeaker>();
  const runningHere = () => [...owned.values()].flatMap(({ running }) => running ?? []);
  const here = () => runningHere().map(({ account }) => account);
  const sessions = () => [...runningHere(), ...(speaking.running ? [speaking.running] : [])];

  // What this instance says of itself.
  const history = new CommandHistory();
  const live = new LiveEvents();
  const state = new BridgeState({ clock, log });
  const waiting = new WaitingCount(options.queueTotal);
  const metrics = createBridgeMetrics({
    ...{ version, clock, waiting, accounts: here, names: [] },
    isHealthy: () => health().ok,
    isClockTrusted: () => sessions().every(({ clockTrust }) => clockTrust.isTrusted),
    isConnected: () => sessions().every(({ session }) => session.state.is === 'connected'),
    undelivered: () =>
      sessions().reduce((sum, { session }) => sum + session.publisher.undelivered, 0),
  });
  const nats = followConnection(connection);
  const isMember = () => ownership.instances.some(({ isOwn }) => isOwn);
  const fleetMetrics = addFleetMetrics(metrics.registry, {
    isNatsConnected: () => nats.isConnected,
    isMember,
    isSpeaker: () => speaking.running !== undefined,
    instances: () => ownership.instances.length,
    accountsOwned: () => runningHere().length,
  });
  const polling = new Polling({
    configured: options.polling,
    kept: undefined,
    keep: () => Promise.reject(new StoreError('only the instance that speaks keeps this')),
    onChange: () => {
      for (const account of here()) account.pollingChanged();
    },
  });
  const output = createStepListeners({ history, live, state, auditTrail: () => auditTrail });
  const auditTrail = await createAuditTrail({
    ...{ clock, log, store: ownStore, history, accounts: here },
    journals: () => [
      ...(speaking.running ? [{ account: null, store: speaking.running.store }] : []),
      ...runningHere().map(({ account, store }) => ({ account: account.name, store })),
    ],
    keep_ms: options.keepAudit_ms,
  });

  // What it owns, and what it does with that.
  const sharedSlots = new SharedSlots(options.mostProcesses);
  const isNews = createNews();
  const accountDependencies = {
    ...{ clock, log, metrics, live, topics, output, sharedSlots, waiting, isNews, workerEntry },
    ...{ retry: options.retry, polling: () => polling.settings, broker },
    openStore: (account: string, onDeposed: () => void) =>
      openPartition(`${accountPrefix}${account}`, onDeposed),
    directory,
    isWanted: (account: string) => configured.has(account),
  };

  const ownership = await startOwnership({
    ...{ connection, name: fleet, replicas, instance, version, clock, log, take, drop },
    retry: options.retry,
    busyness: (item) => {
      const account = owned.get(nameOf(item))?.running?.account;
      return account === undefined || account.isIdle ? 0 : 1;
    },
    onChange: () => {
      state.changed();
      tellNewcomers();
    },
  });

  /** Who has just come does not know yet what a person has set. */
  let known: ReadonlySet<string> = new Set();
  function tellNewcomers(): void {
    const now = new Set(ownership.instances.map(({ name, since }) => `${name} ${since}`));
    const isNew = [...now].some((one) => !known.has(one));
    known = now;
    if (isNew) speaking.running?.tellPolling();
  }

  async function take(item: string, lease: Lease): Promise<void> {
    await begin(item, lease);
    fleetMetrics.tookOver();
  }

  function begin(item: string, lease: Lease): Promise<void> {
    if (item === bridgeItem) return speaking.start(lease, () => startSpeaker(lease.signal));
    const name = nameOf(item);
    const options = configured.get(name);
    if (options === undefined) {
      return Promise.reject(new Error(`the account ${name} is not configured here`));
    }
    const one = owned.get(name) ?? new OwnedItem<FleetAccount>();
    owned.set(name, one);
    return one.start(lease, () => startAccount(name, lease));
  }

  async function drop(item: string, why: DropReason): Promise<void> {
    fleetMetrics.gaveUp(why);
    const one = item === bridgeItem ? speaking : owned.get(nameOf(item));
    await one?.stop(why);
    if (item !== bridgeItem && one?.isOver === true) owned.delete(nameOf(item));
  }

  function startAccount(name: string, lease: Lease): Promise<FleetAccount> {
    const account = configured.get(name);
    if (account === undefined) throw new Error(`the account ${name} is not configured here`);
    return startFleetAccount(account, lease, accountDependencies);
  }

  const calls = createInstanceCalls({ connection, name: fleet, instance, cipher, log });
  const others = () => ownership.instances.map(({ name }) => name);
  const speakerCalls = createSpeakerCalls(calls, others, log);

  function startSpeaker(signal: AbortSignal): Promise<FleetSpeaker> {
    return startFleetSpeaker({
      ...{ clock, log, metrics, live, topics, output, directory, accountNames, broker },
      openStore: () =>
        openPartition(bridgeItem, () => {
          log.warn('another instance has opened what belongs to the bridge itself');
        }),
      accounts: createFleetAccounts({
        ...{ clock, log, calls, directory, accountNames, ownerOf, signal, instances: others },
      }),
      polling: options.polling,
      ...speakerCalls,
    });
  }

  const ofHere = commandedHere(here);
  serveAccountCalls(calls, {
    ...ofHere,
    setLogLevel: (level) => {
      log.level = level;
      ofHere.setLogLevel(level);
    },
  });
  serveInstance(calls, {
    document: () => state.document,
    setPolling: (kept) => {
      polling.adopt(kept ?? undefined);
    },
    announce: () => {
      for (const { account, session } of runningHere()) {
        account.vehicles.publishAll();
        session.announce();
      }
    },
  });

  function ownerOf(account: string): string | undefined {
    return ownership.ownerOf(`${accountPrefix}${account}`);
  }

  const loopWatch = new LoopWatch(clock);
  const health = (): Health =>
    healthOf([
      loopWatch.fault,
      ...here().map(({ name, poolFault }) => poolFault && `account ${name}: ${poolFault}`),
    ]);
  const readiness = (): Health =>
    healthOf([
      ...faultsOf(health()),
      nats.isConnected ? undefined : 'NATS is not connected',
      isMember() ? undefined : 'it is no member of the fleet at the moment',
      sessions().every(({ session }) => session.state.is === 'connected')
        ? undefined
        : 'the broker is not connected',
      ...here().map((account) => {
        const { name, state: stands } = account.report();
        return stands === 'ready' ? undefined : `account ${name}: ${stands}`;
      }),
    ]);

  // What people ask beside the broker: any instance answers for all.
  const local = createBridgeApi({
    ...{ clock, accounts: here, health, readiness, history, live },
    state: {
      // Of who speaks for the fleet the others ask what it says of all.
      get document() {
        return speaking.running?.document ?? state.document;
      },
    },
    take: takeHere,
    registry: metrics.registry,
    audit: auditTrail.log,
  });
  serveBridgeApi(calls, local);
  const api = createFleetApi({
    ...{ calls, local, directory, accountNames, ownerOf, clock },
    instances: others,
    speaker: () => ownership.ownerOf(bridgeItem),
  });
  const people = await listenToPeople(options, { api, log, metrics });

  async function takeHere(arrived: Asked): Promise<void> {
    const { target } = arrived;
    if (target === 'bridge') return speaking.running?.take(arrived);
    const one = runningHere().find(({ account }) => account.vehicles.find(target) !== undefined);
    return one === undefined ? speaking.running?.take(arrived) : one.take(arrived);
  }

  function setItems(): void {
    ownership.setItems([bridgeItem, ...accountNames().map((name) => accountPrefix + name)]);
  }

  state.start({
    ...{ version, accounts: here, metrics },
    connection: {
      get state() {
        return speaking.running?.session.state ?? ({ is: 'stopped' } as const);
      },
      reconnects: 0,
    },
    jobs: () => here().flatMap((account) => account.jobs),
    waiting: () => waiting.total,
    polling: () => polling.settings,
  });
  auditTrail.start();
  setItems();

  return {
    metrics,
    health,
    /** What this instance says of itself; null once it stops. */
    document: () => state.document,

    /** A further account of the fleet, or other settings of one. */
    async setAccount(account: AccountOptions): Promise<void> {
      configured.set(account.name, account);
      setItems();
      speaking.running?.accountsChanged();
      await owned.get(account.name)?.restart();
    },

    /** Nobody is to own it any more; what it keeps in the store stays there. */
    removeAccount(name: string): Promise<void> {
      if (!configured.delete(name)) return Promise.resolve();
      const account = owned.get(name)?.running;
      account?.account.clearQueue();
      for (const { topic_id } of account?.account.vehicles.names ?? []) {
        account?.session.output.availability(topic_id, false);
      }
      setItems();
      speaking.running?.accountsChanged();
      directory.forget(name, () => !configured.has(name));
      return Promise.resolve();
    },

    /** Gives everything it owns to the others, in order, and leaves. */
    async stop(): Promise<void> {
      state.stop();
      await people.stop();
      await ownership.stop();
      await calls.stop();
      metrics.stop();
      loopWatch.stop();
      auditTrail.stop();
      directory.stop();
      await ownStore.close();
      await connection.close();
    },
  };
}

function nameOf(item: string): string {
  return item.slice(accountPrefix.length);
}
