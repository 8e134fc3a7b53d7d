import { freePort } from '../test/support/free-port.js';
import { startDaemon, type Daemon, type DaemonOptions } from '../test/support/daemon.js';
import { within } from '../test/support/wait.js';
import { connect } from './connect.js';

export interface Bridge {
  readonly daemon: Daemon;
  /** Its base topic. */
  readonly base: string;
  /** The topic ids of its cars. */
  readonly cars: readonly string[];
}

export interface BridgeOptions extends Omit<DaemonOptions, 'config'> {
  readonly base?: string;
  /** The account, but for its name. */
  readonly account: Readonly<Record<string, unknown>>;
  readonly cars: number;
  /** The rest of the configuration. */
  readonly config?: Readonly<Record<string, unknown>>;
}

const patience_ms = 60_000;

/** The simulator that answers at once. */
export function instantSimulator(
  cars: number,
  more: Readonly<Record<string, unknown>> = {},
): Pick<BridgeOptions, 'account' | 'cars'> {
  const simulator = { vehicles: cars, latency: '0s', force_latency: '0s', ...more };
  return { cars, account: { backend: 'simulator', simulator } };
}

/** The built daemon with a configuration that is the default wherever it can be. Resolves when each car was read. */
export async function startBridge(url: string, options: BridgeOptions): Promise<Bridge> {
  const { base = 'bluelink', account, cars: count, config, ...rest } = options;
  const client = await connect(url);
  const online = new Set<string>();
  const all = new Promise<void>((resolve) => {
    client.on('message', (topic, payload) => {
      const [, car = ''] = topic.slice(base.length).split('/');
      if (car !== 'bridge' && payload.toString() === 'online') online.add(car);
      if (online.size === count) resolve();
    });
  });
  await client.subscribeAsync(`${base}/+/availability`, { qos: 1 });
  const daemon = await startDaemon({
    ...rest,
    config: {
      mqtt: { url, base_topic: base, client_id: base },
      accounts: [{ name: 'bench', ...account }],
      log: { level: 'warn' },
      http: { port: await freePort() },
      ...config,
    },
  });
  await within(
    all,
    patience_ms,
    () => `${count} cars; the daemon said\n${daemon.lines.join('\n')}`,
  );
  await client.endAsync(true);
  return { daemon, base, cars: [...online] };
}
