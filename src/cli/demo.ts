import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Aedes } from 'aedes';
import { stringify } from 'yaml';
import { loadConfig } from '../config/load-config.js';
import { SimulatedCar } from '../vehicle/simulated-car.js';
import { localDay, monthOf } from '../vehicle/trip-months.js';
import { exitCodes, type ExitCode } from './exit-codes.js';
import { runWith, type Running } from './run.js';

const usualPort = 1883;
const usualHttpPort = 8099;
const seed = 7;

/** Where the dashboard is, and what it asks for. */
interface Dashboard {
  readonly port: number;
  readonly token: string;
}

/** An embedded broker, two simulated cars and the bridge, with nothing to install. */
export async function demo(options: { readonly port?: number }): Promise<Running | ExitCode> {
  const folder = await mkdtemp(join(tmpdir(), 'bluelink2mqtt-demo-'));
  const broker = await startBroker(options.port ?? usualPort);
  const dashboard = { port: await freeHttpPort(), token: randomBytes(12).toString('hex') };
  const stop = async (): Promise<void> => {
    await broker.stop();
    await rm(folder, { recursive: true, force: true });
  };
  const file = join(folder, 'bluelink2mqtt.yaml');
  await writeFile(file, stringify(configuration(broker.port, dashboard)));
  const loaded = await loadConfig({ file, env: {}, cwd: folder });
  if (!loaded.ok) throw new Error(loaded.faults.map(({ message }) => message).join('\n'));
  const running = await runWith(loaded);
  if (typeof running === 'number') {
    await stop();
    return exitCodes.crash;
  }
  console.log(greeting(broker.port, dashboard));
  return {
    async stop() {
      await running.stop();
      await stop();
    },
  };
}

const aliases = ['ioniq5', 'tucson'] as const;

/** The demo is configured like any other bridge. */
function configuration(port: number, http: Dashboard): unknown {
  const cars = aliases.map((alias, index) => {
    const car = SimulatedCar.create({ index, seed }, { now: Date.now });
    return [car.identity.vin, { alias }] as const;
  });
  return {
    mqtt: { url: `mqtt://127.0.0.1:${String(port)}` },
    http,
    accounts: [
      {
        name: 'demo',
        backend: 'simulator',
        vehicles: Object.fromEntries(cars),
        simulator: { vehicles: cars.length, seed, force_latency: '5s' },
      },
    ],
  };
}

async function startBroker(port: number): Promise<{ port: number; stop: () => Promise<void> }> {
  const aedes = await Aedes.createBroker();
  const server = createServer({ noDelay: true }, aedes.handle);
  return {
    port: await listenNear(server, port),
    async stop() {
      await new Promise<void>((resolve) => {
        aedes.close(resolve);
      });
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** The bridge itself listens there later: should somebody else be quicker, it says so and tries again. */
async function freeHttpPort(): Promise<number> {
  const server = createServer();
  const port = await listenNear(server, usualHttpPort);
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** On this port, or on any other where somebody has it already. */
async function listenNear(server: Server, port: number): Promise<number> {
  return listen(server, port).catch((error: unknown) => {
    if (!(error instanceof Error && 'code' in error && error.code === 'EADDRINUSE')) throw error;
    return listen(server, 0);
  });
}

async function listen(server: Server, port: number): Promise<number> {
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

/** What to type, for who has just started it. */
export function greeting(port: number, dashboard?: Dashboard): string {
  const at = port === usualPort ? '' : ` -p ${String(port)}`;
  const today = Date.now();
  const lastMonth = monthOf(localDay(today, new Date(today).getDate()));
  const [first, second] = [`bluelink/${aliases[0]}/commands`, `bluelink/${aliases[1]}/commands`];
  const page =
    dashboard &&
    `
The dashboard: http://127.0.0.1:${String(dashboard.port)}/
   its token: ${dashboard.token}
`;
  return `${page ?? ''}
bluelink2mqtt runs with two simulated cars and a broker on port ${String(port)}. In another terminal, watch everything:

  mosquitto_sub${at} -v -t 'bluelink/#'
  npx mqtt sub${at} -v -t 'bluelink/#'

and ask for something (the car itself takes 5 s to answer):

  mosquitto_pub${at} -t ${first}/refresh -m cached
  mosquitto_pub${at} -t ${first}/refresh -m force
  mosquitto_pub${at} -t ${first}/refresh -m smart:300
  npx mqtt pub${at} -t ${first}/refresh -m force
  npx mqtt pub${at} -t ${second}/refresh -m '{"value":"force","id":"my-first"}'

tell a car to do something (it takes 2 s):

  mosquitto_pub${at} -t ${first}/lock -m lock
  mosquitto_pub${at} -t ${first}/climate -m '{"value":"start","temperature":21.5,"duration":10}'
  mosquitto_pub${at} -t ${first}/charge_limits -m '{"ac":80,"dc":90}'

or read what it drove:

  mosquitto_pub${at} -t ${first}/trips -m ${lastMonth}

What opens a car is refused until commands.allow in the configuration names it, such as lock:unlock (docs/commands.md):

  mosquitto_pub${at} -t ${first}/lock -m unlock    # rejected, not_allowed

Ctrl-C ends everything.
`;
}
