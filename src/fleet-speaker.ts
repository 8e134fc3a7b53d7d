import type { Asked } from './bridge-api.js';
import { createOwnCommands } from './bridge-own-commands.js';
import {
  createBrokerSession,
  type BrokerSessionDependencies,
  type BrokerSessionOptions,
} from './broker-session.js';
import type { CommandedAccounts } from './commanded-accounts.js';
import { ClockTrust } from './daemon/clock-trust.js';
import { utc } from './daemon/clock.js';
import { createForwarding } from './forwarding.js';
import { summedState, type InstanceDocument } from './fleet-summary.js';
import type { Directory } from './fleet/directory.js';
import type { DropReason } from './fleet/ownership.js';
import { Polling, type KeptPolling } from './schedule/polling.js';
import type { PollSettings } from './schedule/next-poll.js';
import { createBridgeStore } from './store/bridge-store.js';
import type { Store } from './store/store.js';
import { createUnknownTarget } from './unknown-target.js';
import { failure } from './vehicle/outcome.js';

export interface FleetSpeakerDependencies extends Pick<
  BrokerSessionDependencies,
  'clock' | 'log' | 'topics' | 'metrics' | 'live' | 'accountNames' | 'output'
> {
  readonly broker: BrokerSessionOptions;
  /** Opens what belongs to the bridge itself, and shuts out whoever had it open before. */
  readonly openStore: () => Promise<Store>;
  readonly directory: Directory;
  /** The accounts of all instances. */
  readonly accounts: CommandedAccounts;
  readonly polling: PollSettings;
  /** What a person has set of the polls; undefined: nothing. */
  readonly tellPolling: (kept: KeptPolling | undefined) => void;
  /** Everything retained is to be published again, everywhere. */
  readonly announce: () => void;
  /** What each instance says of itself now; one that does not answer is left out. */
  readonly documents: () => Promise<ReadonlyMap<string, InstanceDocument>>;
}

const sumEvery_ms = 5000;
const stopGrace_ms = 2000;

/**
 * What one instance does for the whole fleet: it takes the commands to the bridge, answers what is for nobody's car,
 * and publishes what the bridge says of itself.
 */
export async function startFleetSpeaker(deps: FleetSpeakerDependencies) {
  const { clock, log, topics, directory, accounts, metrics, broker } = deps;
  const store = await deps.openStore();
  try {
    return await start();
  } catch (error) {
    await store.close();
    throw error;
  }

  async function start() {
    const stored = createBridgeStore(store);
    const boot = await stored.nextBoot();
    const started_at = utc(clock.now());
    let kept = await stored.polling();
    const polling = new Polling({
      configured: deps.polling,
      kept,
      keep: async (changed) => {
        await stored.putPolling(changed);
        kept = changed;
      },
      onChange: () => {
        deps.tellPolling(kept);
      },
    });
    const session = await createBrokerSession(broker, {
      ...deps,
      ...{ stored, take, clockTrusted: () => clockTrust.isTrusted },
      accounts: () => [],
      isBridge: true,
      commandFilters: () => [topics.commandFilter],
      onConnected: () => {
        void sum();
      },
      onTakenOver: () => {
        const message = `another client uses the client id "${broker.mqtt.client_id}"; two bridges on one broker need two`;
        log.error(message);
        deps.output.trouble(failure('unavailable', message));
      },
    });
    const clockTrust = new ClockTrust({ clock, newestStored: session.seen ?? 0 });
    const unknown = createUnknownTarget({
      ...{ clock, log, metrics, output: session.output, publisher: session.publisher },
      unlisted: () => {
        const [name] = directory.unlisted(deps.accountNames());
        return name === undefined ? undefined : { name, state: 'signing_in' };
      },
    });
    const forwarding = createForwarding({
      ...{ store, publish: session.publish },
      topicOf: (vehicle, name) => topics.vehicle(vehicle).command(name),
      refuse: (arrived, reason) => {
        unknown.refuse(arrived, reason);
      },
    });
    const ownCommands = await createOwnCommands({
      ...{ clock, retry: broker.retry, store, boot, log, metrics, output: session.output, polling },
      ...{ accounts, allow: broker.allow, expiresIn_ms: broker.expiresIn_ms },
      announce: () => {
        session.announce();
        deps.announce();
      },
    });

    async function take(arrived: Asked): Promise<void> {
      const { target } = arrived;
      if (target === 'bridge') return ownCommands.handle(arrived);
      const car = directory.find(target);
      if (car === undefined) unknown.refuse(arrived);
      // The owner hears its cars' commands itself, but for a name that it cannot subscribe to.
      else if (!car.exact) return forwarding.forward(arrived, car.topic_id);
      return undefined;
    }

    /** What was said of instances before this one spoke. */
    const spokenOf = new Set(
      (await stored.writtenTopics()).filter((topic) =>
        topic.startsWith(topics.bridge.instance('')),
      ),
    );
    let isSumming = false;
    let said = '';

    async function sum(): Promise<void> {
      if (isSumming) return;
      isSumming = true;
      try {
        publish(await deps.documents());
      } finally {
        isSumming = false;
      }
    }

    function publish(documents: ReadonlyMap<string, InstanceDocument>): void {
      const { publisher } = session;
      const topicsNow = new Set([...documents.keys()].map((name) => topics.bridge.instance(name)));
      for (const topic of spokenOf) {
        if (topicsNow.has(topic)) continue;
        publisher.remove(topic);
        spokenOf.delete(topic);
      }
      for (const [name, document] of documents) {
        const topic = topics.bridge.instance(name);
        spokenOf.add(topic);
        publisher.retain(topic, JSON.stringify(document));
      }
      said = JSON.stringify(document(documents));
      publisher.retain(topics.bridge.state, said);
      deps.live.tell({ kind: 'bridge', data: JSON.parse(said) as unknown });
    }

    function document(documents: ReadonlyMap<string, InstanceDocument>) {
      const { state } = session;
      const owned = new Set([...documents.values()].flatMap((one) => Object.keys(one.accounts)));
      const { enabled, every_ms } = polling.settings;
      return summedState(
        {
          ...{ version: broker.version, started_at, log_level: log.level, jobs: ownCommands.jobs },
          mqtt: {
            version: state.is === 'connected' ? state.version : null,
            reconnects: session.reconnects,
          },
          polling: { enabled, interval_min: Math.round(every_ms / 60_000) },
          unowned: Object.fromEntries(
            deps
              .accountNames()
              .filter((name) => !owned.has(name))
              .map((name) => [
                name,
                { vehicles: directory.carsOf(name).map(({ topic_id }) => topic_id) },
              ]),
          ),
        },
        documents,
      );
    }

    deps.tellPolling(kept);
    ownCommands.start();
    session.start();
    const summing = setInterval(() => void sum(), sumEvery_ms);

    return {
      store,
      session,
      clockTrust,
      take,
      /** As it was last told; null before that. */
      get document(): unknown {
        return said === '' ? null : (JSON.parse(said) as unknown);
      },
      tellPolling: (): void => {
        deps.tellPolling(kept);
      },
      accountsChanged: (): void => {
        session.accountsChanged();
      },
      async stop(why: DropReason): Promise<void> {
        clearInterval(summing);
        session.stopTaking();
        if (why === 'lost') {
          session.abandon();
          const closed = store.close();
          await ownCommands.stopJobs();
          await ownCommands.stop(0);
          await closed;
        } else {
          await ownCommands.stopJobs();
          await ownCommands.stop(stopGrace_ms);
          await session.stop(stopGrace_ms);
          await store.close();
        }
        clockTrust.stop();
      },
    };
  }
}

export type FleetSpeaker = Awaited<ReturnType<typeof startFleetSpeaker>>;
