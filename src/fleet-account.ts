import { setTimeout as pause } from 'node:timers/promises';
import type { AccountOptions, AccountDependencies } from './account-options.js';
import { createAccount } from './account.js';
import type { Asked } from './bridge-api.js';
import {
  createBrokerSession,
  type BrokerSessionDependencies,
  type BrokerSessionOptions,
} from './broker-session.js';
import { ClockTrust } from './daemon/clock-trust.js';
import { exactNamesOf } from './fleet/car-names.js';
import type { Directory } from './fleet/directory.js';
import type { DropReason, Lease } from './fleet/ownership.js';
import { translateLegacy } from './mqtt/legacy-commands.js';
import { createBridgeStore } from './store/bridge-store.js';
import type { Store } from './store/store.js';

/** What the accounts of one instance have in common. */
export interface FleetAccountDependencies
  extends
    Omit<AccountDependencies, 'store' | 'boot' | 'clockTrusted' | 'output' | 'lease'>,
    Pick<BrokerSessionDependencies, 'topics' | 'live'> {
  readonly broker: BrokerSessionOptions;
  /** Opens what the account keeps, and shuts out whoever had it open before. */
  readonly openStore: (account: string, onDeposed: () => void) => Promise<Store>;
  readonly output: BrokerSessionDependencies['output'];
  readonly directory: Pick<Directory, 'put'>;
  /** Whether the account still belongs to the fleet. */
  readonly isWanted: (account: string) => boolean;
}

/** How long a move waits for what the account has begun, before it interrupts it. */
const finish_ms = 30_000;
const look_ms = 50;
const stopGrace_ms = 2000;

/**
 * An account that this instance owns: its part of the store, its own session at the broker, subscribed to its own
 * cars. Resolves when it works. Another broker connection of the same name is shut out by the broker, another opener of
 * the store by the store.
 */
export async function startFleetAccount(
  options: AccountOptions,
  lease: Lease,
  deps: FleetAccountDependencies,
) {
  const { broker, clock, topics, directory } = deps;
  const { name } = options;
  const log = deps.log.child({ account: name });
  let isDeposed = false;
  const store = await deps.openStore(name, () => {
    isDeposed = true;
    log.warn('another instance has opened what this account keeps');
    if (lease.isHeld()) deps.output.changed();
  });
  try {
    return await start();
  } catch (error) {
    await store.close();
    throw error;
  }

  async function start() {
    store.watch?.(deps.metrics.disk);
    const stored = createBridgeStore(store);
    const boot = await stored.nextBoot();
    const clockTrusted = () => clockTrust.isTrusted;
    const session = await createBrokerSession(
      { ...broker, mqtt: { ...broker.mqtt, client_id: `${broker.mqtt.client_id}-${name}` } },
      {
        ...{ clock, log, topics, stored, clockTrusted, take },
        ...{ metrics: deps.metrics, live: deps.live },
        accounts: () => [account],
        isBridge: false,
        accountNames: () => [],
        commandFilters: () =>
          account.vehicles.names.flatMap(exactNamesOf).map(topics.commandFilterOf),
        onConnected: () => undefined,
        onTakenOver: () => {
          log.warn('another client has taken over the session of this account at the broker');
        },
        output: {
          ...deps.output,
          carsChanged: () => {
            tell();
            deps.output.carsChanged();
          },
        },
      },
    );
    const account = await createAccount(options, {
      ...deps,
      ...{ store, boot, clockTrusted, output: session.output },
      lease: {
        get remaining_ms() {
          return isDeposed ? 0 : lease.remaining_ms;
        },
      },
    });
    const isOwner = () => !isDeposed && lease.isHeld();
    const clockTrust = new ClockTrust({
      clock,
      newestStored: Math.max(session.seen ?? 0, await account.newestJournalEntry()),
      onTrusted: () => {
        log.info('the system clock can be trusted now');
      },
    });

    /** What is said of a car has been told to who looks for it before anybody hears it here. */
    function tell(): void {
      const { hasListed: has_listed, names: cars } = account.vehicles;
      directory.put(name, { has_listed, cars }, isOwner);
    }

    async function take(arrived: Asked): Promise<void> {
      const car = account.vehicles.find(arrived.target);
      // What is called so by nobody any more is answered by who speaks for the bridge.
      if (car === undefined) return;
      const payload = broker.mqtt.legacy_topics
        ? translateLegacy(arrived.name, arrived.payload, car.listed.commands)
        : arrived.payload;
      await account.admissions.handle({ ...arrived, payload, car });
    }

    async function finish(): Promise<void> {
      const until = clock.monotonic() + finish_ms;
      while (!account.isIdle && !lease.signal.aborted && clock.monotonic() < until) {
        await pause(look_ms);
      }
    }

    tell();
    account.start();
    session.start();

    return {
      account,
      store,
      session,
      clockTrust,
      take,

      /** Ends it: in order, with what it has begun, or at once where somebody else may have it already. */
      async stop(why: DropReason): Promise<void> {
        session.stopTaking();
        if (why === 'released') await finish();
        if (why === 'released' && isOwner()) {
          await account.stop();
          // Nobody else would: with the account goes the record of what it has published.
          if (!deps.isWanted(name)) await session.clear(stopGrace_ms);
          await session.stop(stopGrace_ms);
          await store.close();
        } else {
          session.abandon();
          // From here on nothing of it is written: what it was doing is the next owner's to end.
          const closed = store.close();
          await account.stop(0);
          await closed;
        }
        clockTrust.stop();
      },
    };
  }
}

export type FleetAccount = Awaited<ReturnType<typeof startFleetAccount>>;
