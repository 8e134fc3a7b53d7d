import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { Aedes } from 'aedes';
import mqtt from 'mqtt';
import { beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import { systemClock } from '../../src/daemon/clock.js';
import { Connection, type Connected, type ConnectionOptions } from '../../src/mqtt/connection.js';
import { hasMosquitto, startMosquitto, type Mosquitto } from '../support/mosquitto.js';
import { waitUntil } from '../support/wait.js';
import { aLog } from './silent-log.js';

function aConnection(url: string, more: Partial<ConnectionOptions> = {}) {
  const { log, lines } = aLog();
  const connected: Connected[] = [];
  const received: string[] = [];
  const onTakenOver = vi.fn();
  const onDisconnected = vi.fn();
  const connection = new Connection({
    url,
    clientId: `bridge-${String(Math.random()).slice(2)}`,
    tls: {},
    version: 'auto',
    sessionExpiry_s: 60,
    commandFilters: () => ['bluelink/+/commands/+'],
    availabilityTopic: 'bluelink/bridge/availability',
    retry: { initial_ms: 20, factor: 1, max_ms: 20, jitter: 0 },
    clock: systemClock,
    log,
    mayResume: () => true,
    onContact: () => undefined,
    onConnected: (one) => {
      connected.push(one);
    },
    onDisconnected,
    onReceived: ({ packet, acknowledge }) => {
      received.push(String(packet.payload));
      acknowledge();
    },
    onTakenOver,
    ...more,
  });
  onTestFinished(() => connection.stop(() => Promise.resolve(), 1000));
  const until = (count: number): Promise<void> =>
    waitUntil(
      () => connected.length >= count,
      10_000,
      () => `connection number ${String(count)}`,
    );
  return { connection, connected, received, lines, onTakenOver, onDisconnected, until };
}

/** A TCP server that does with each client what the test says. */
async function aServer(onClient: (socket: Socket) => void): Promise<string> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    onClient(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return `mqtt://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
}

test('which subscriptions a broker refuses is said in one line; the others hold', async () => {
  const aedes = await Aedes.createBroker({
    authorizeSubscribe: (_client, subscription, done) => {
      done(null, subscription.topic.startsWith('forbidden') ? null : subscription);
    },
  });
  const url = await aServer((socket) => void aedes.handle(socket));
  onTestFinished(() => {
    aedes.close();
  });
  const { connection, received, lines, until } = aConnection(url, { version: 4 });
  for (const filter of ['forbidden/one', 'other', 'forbidden/two']) connection.subscribe(filter);
  connection.start();
  await until(1);
  await waitUntil(
    () => lines.some(({ level }) => level === 'warn'),
    10_000,
    () => 'a warning',
  );
  expect(lines.filter(({ level }) => level === 'warn')).toMatchObject([
    { filters: ['forbidden/one', 'forbidden/two'] },
  ]);
  await connection.publish('other', 'word');
  await waitUntil(
    () => received.length > 0,
    10_000,
    () => 'what was allowed',
  );
  expect(received).toEqual(['word']);
});

describe.skipIf(!hasMosquitto)('with mosquitto', () => {
  let broker: Mosquitto;
  beforeAll(async () => {
    broker = await startMosquitto();
  });

  test('it speaks MQTT 5, and 3.1.1 where that is asked for', async () => {
    const [five, four] = [aConnection(broker.url), aConnection(broker.url, { version: 4 })];
    five.connection.start();
    four.connection.start();
    await Promise.all([five.until(1), four.until(1)]);
    expect([five.connected[0], four.connected[0]]).toEqual([
      { version: 5, sessionPresent: false },
      { version: 4, sessionPresent: false },
    ]);
  });

  test('commands arrive, and what is published is acknowledged', async () => {
    const { connection, received, until } = aConnection(broker.url);
    connection.start();
    await until(1);
    await connection.publish('bluelink/bridge/availability', 'online', { retain: true });
    await broker.publish('bluelink/car/commands/refresh', 'force');
    await waitUntil(
      () => received.length > 0,
      10_000,
      () => 'the command',
    );
    expect(received).toEqual(['force']);
  });

  test.each([5, 4] as const)(
    'with version %i it hears what it has subscribed to, over lost connections too',
    async (version) => {
      const { connection, received, until } = aConnection(broker.url, { version });
      connection.subscribe('other/before');
      connection.start();
      await until(1);
      connection.subscribe('other/during');
      for (const count of [2, 4]) {
        for (const topic of ['other/before', 'other/during', 'other/never']) {
          await broker.publish(topic, topic);
        }
        await waitUntil(
          () => received.length === count,
          10_000,
          () => `${String(count)} messages instead of ${received.join(' ')}`,
        );
        expect(received.slice(count - 2)).toEqual(['other/before', 'other/during']);
        if (count === 4) break;
        await broker.restart();
        await until(2);
      }
    },
  );

  test('it takes its session up again, or not, as it is told', async () => {
    const clientId = 'resumes';
    const connect = async (mayResume: boolean): Promise<boolean | undefined> => {
      const one = aConnection(broker.url, { clientId, mayResume: () => mayResume });
      one.connection.start();
      await one.until(1);
      await one.connection.stop(() => Promise.resolve(), 1000);
      return one.connected[0]?.sessionPresent;
    };
    expect([await connect(true), await connect(true), await connect(false)]).toEqual([
      ...[false, true, false],
    ]);
  });

  test('a lost connection is made again, and what was under way is told so', async () => {
    const own = await startMosquitto();
    const { connection, until, onDisconnected } = aConnection(own.url);
    connection.start();
    await until(1);
    own.pause();
    const published = connection.publish('a', 'b');
    const told = expect(published).rejects.toThrow('lost');
    await own.kill();
    await told;
    expect(onDisconnected).toHaveBeenCalledTimes(1);
    await expect(connection.publish('a', 'b')).rejects.toThrow('not connected');
    await own.start();
    await until(2);
    expect(connection.reconnects).toBe(1);
  });

  test.each([
    ['takes the session up', { clean: false, properties: { sessionExpiryInterval: 60 } }],
    ['starts anew each time', { clean: true }],
  ])('another client with its id that %s is not fought with', async (what, options) => {
    const clientId = `contested by one that ${what}`;
    const { connection, until, onTakenOver, connected } = aConnection(broker.url, { clientId });
    connection.start();
    await until(1);
    const other = await mqtt.connectAsync(broker.url, {
      ...{ clientId, protocolVersion: 5, reconnectPeriod: 20 },
      ...options,
    });
    onTestFinished(() => other.endAsync(true));
    await waitUntil(
      () => onTakenOver.mock.calls.length > 0,
      10_000,
      () => `an end of the fight; it connected ${String(connected.length)} times`,
    );
    const { state } = connection;
    expect(state.is === 'waiting' && state.retry_at - Date.now()).toBeGreaterThan(50_000);
  });

  test('a stop says its last words first, and nothing follows', async () => {
    const { connection, until, connected } = aConnection(broker.url);
    connection.start();
    await until(1);
    const listener = await mqtt.connectAsync(broker.url);
    onTestFinished(() => listener.endAsync(true));
    await listener.subscribeAsync('last/words', { qos: 1 });
    const heard = new Promise<string>((resolve) => {
      listener.once('message', (_, payload) => {
        resolve(String(payload));
      });
    });
    await connection.stop(() => connection.publish('last/words', 'offline'), 1000);
    await expect(heard).resolves.toBe('offline');
    expect(connection.state.is).toBe('stopped');
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(connected).toHaveLength(1);
  });

  test('a connection that is lost during the stop is not made again', async () => {
    const own = await startMosquitto();
    const { connection, until } = aConnection(own.url);
    connection.start();
    await until(1);
    await connection.stop(() => own.kill(), 5000);
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(connection.state.is).toBe('stopped');
  });
});

test('three losses within seconds of connecting are taken for another client', async () => {
  let clients = 0;
  const url = await aServer((socket) => {
    clients += 1;
    // CONNACK of 3.1.1, then gone.
    socket.once('data', () => {
      socket.write(Buffer.of(0x20, 2, 0, 0));
      setTimeout(() => socket.destroy(), 20);
    });
  });
  const { connection, onTakenOver } = aConnection(url, { version: 4 });
  connection.start();
  await waitUntil(
    () => onTakenOver.mock.calls.length > 0,
    10_000,
    () => 'the conclusion',
  );
  expect(clients).toBe(3);
  expect(connection.state.is).toBe('waiting');
});

test('a broker that wants the older version gets it', async () => {
  const aedes = await Aedes.createBroker();
  const url = await aServer((socket) => {
    aedes.handle(socket);
  });
  onTestFinished(
    () =>
      new Promise<void>((resolve) => {
        aedes.close(resolve);
      }),
  );
  const { connection, connected, until } = aConnection(url);
  connection.start();
  await until(1);
  expect(connected).toEqual([{ version: 4, sessionPresent: false }]);
});

test('a hundred lost connections leave no listener and no client behind', async () => {
  const url = await aServer((socket) => {
    socket.once('data', () => {
      socket.destroy();
    });
  });
  const warnings: Error[] = [];
  const onWarning = (warning: Error): void => {
    warnings.push(warning);
  };
  process.on('warning', onWarning);
  onTestFinished(() => {
    process.off('warning', onWarning);
  });
  const onContact = vi.fn();
  const { connection } = aConnection(url, {
    onContact,
    version: 4,
    retry: { initial_ms: 1, factor: 1, max_ms: 1, jitter: 0 },
  });
  connection.start();
  const attempts = (): number => (connection.state.is === 'stopped' ? 0 : attemptOf(connection));
  await waitUntil(
    () => attempts() > 100,
    15_000,
    () => `attempt 100, it was ${String(attempts())}`,
  );
  expect(warnings).toEqual([]);
  expect(
    process.getActiveResourcesInfo().filter((one) => one === 'TCPSocketWrap').length,
  ).toBeLessThan(20);
});

function attemptOf({ state }: Connection): number {
  return 'attempt' in state ? state.attempt : 0;
}
