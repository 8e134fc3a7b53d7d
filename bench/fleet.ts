import { randomBytes } from 'node:crypto';
import type { MqttClient } from 'mqtt';
import { SimulatedCar } from '../src/vehicle/simulated-car.js';
import { startDaemon, type Daemon } from '../test/support/daemon.js';
import { keepSecret } from '../test/support/secret-scan.js';
import { waitUntil } from '../test/support/wait.js';
import { connect } from './connect.js';

/** One bridge or several instances of one, with the same accounts. */
export interface Fleet {
  readonly daemons: readonly Daemon[];
  /** Its base topic. */
  readonly base: string;
  /** The topic ids of its cars. */
  readonly cars: readonly string[];
}

export interface FleetOptions {
  /** Base topic, client id, and the name of everything in NATS. */
  readonly base: string;
  readonly accounts: number;
  readonly carsOfEach: number;
  /** Undefined: one process with the default store. */
  readonly nats?: { readonly url: string; readonly instances: number };
  /** The rest of the configuration. */
  readonly config?: Readonly<Record<string, unknown>>;
}

/** Hundreds of accounts, of which each is signed in and read once. */
const patience_ms = 600_000;

/** Resolves when each car was read, and each instance has its share. */
export async function startFleet(url: string, options: FleetOptions): Promise<Fleet> {
  const { base, nats } = options;
  const accounts = Array.from({ length: options.accounts }, (_, place) =>
    simulated(place, options.carsOfEach),
  );
  const cars = accounts.flatMap(({ vehicles }) => Object.values(vehicles)).map((one) => one.alias);
  const client = await connect(url);
  const ready = watch(client, options, cars.length);
  await client.subscribeAsync([`${base}/+/availability`, `${base}/bridge/state`], { qos: 1 });
  const key = randomBytes(32).toString('base64');
  keepSecret(key);
  const names = Array.from({ length: nats?.instances ?? 1 }, (_, place) => `pi-${place + 1}`);
  const daemons: Daemon[] = [];
  for (const instance of names) {
    daemons.push(
      await startDaemon({
        config: {
          mqtt: { url, base_topic: base, client_id: base },
          accounts,
          log: { level: 'warn' },
          ...(nats && {
            instance,
            store: { engine: 'nats', name: base, servers: [nats.url], encryption_key: key },
          }),
          ...options.config,
        },
      }),
    );
  }
  const said = (): string => daemons.flatMap(({ lines }) => lines.slice(-10)).join('\n');
  await waitUntil(ready.isSo, patience_ms, () => `${ready.told()}; they said\n${said()}`);
  await client.endAsync(true);
  return { daemons, base, cars };
}

/** The simulator that answers at once; each car is called as no other is. */
function simulated(place: number, cars: number) {
  const seed = place + 1;
  const ids = Array.from({ length: cars }, (_, index) => {
    return SimulatedCar.create({ index, seed }, { now: Date.now }).identity.id;
  });
  return {
    name: `account${place}`,
    backend: 'simulator',
    simulator: {
      ...{ vehicles: cars, seed },
      ...{ latency: '0s', force_latency: '0s', command_latency: '0s' },
    },
    vehicles: Object.fromEntries(ids.map((id, car) => [id, { alias: `car${place}-${car}` }])),
  };
}

/** Whether it is as it is to be, by what it says of itself. */
function watch(client: MqttClient, { base, accounts, nats }: FleetOptions, cars: number) {
  const online = new Set<string>();
  let shares: readonly number[] = [];
  client.on('message', (topic, payload) => {
    const [, car = ''] = topic.slice(base.length).split('/');
    const text = payload.toString();
    if (car !== 'bridge' && text === 'online') online.add(car);
    if (topic === `${base}/bridge/state` && text !== '') shares = sharesIn(text);
  });
  const isShared = (): boolean =>
    shares.length === nats?.instances &&
    shares.reduce((sum, one) => sum + one, 0) === accounts &&
    // One of them has the bridge in place of an account.
    Math.max(...shares) - Math.min(...shares) <= 2;
  return {
    isSo: (): boolean => online.size === cars && (nats === undefined || isShared()),
    told: (): string => `${cars} cars online (${online.size}), shares ${JSON.stringify(shares)}`,
  };
}

interface State {
  readonly instances?: Readonly<Record<string, { readonly accounts: number }>>;
}

function sharesIn(state: string): number[] {
  const { instances = {} } = JSON.parse(state) as State;
  return Object.values(instances).map(({ accounts }) => accounts);
}
