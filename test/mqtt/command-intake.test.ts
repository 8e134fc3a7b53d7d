import type { IPublishPacket } from 'mqtt';
import { expect, test, vi } from 'vitest';
import { systemClock } from '../../src/daemon/clock.js';
import { createCommandIntake, type Arrived } from '../../src/mqtt/command-intake.js';
import { Redelivery, type PacketEntry } from '../../src/mqtt/redelivery.js';
import { createTopics } from '../../src/mqtt/topics.js';
import { aLog } from './silent-log.js';

type Taken = Arrived<[number, PacketEntry]>;
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const topic = 'bluelink/car/commands/refresh';

function anIntake(take: (arrived: Taken) => Promise<void> = () => Promise.resolve()) {
  const { log, lines } = aLog();
  const taken: Taken[] = [];
  const acknowledged: (number | undefined)[] = [];
  const clear = vi.fn();
  const redelivery = new Redelivery<[number, PacketEntry]>({
    key: 'a key',
    find: () => Promise.resolve(undefined),
    write: (packetId, entry) => [packetId, entry],
  });
  redelivery.setSession('session');
  const intake = createCommandIntake({
    topics: createTopics('bluelink'),
    redelivery,
    responseLimits: { prefix: undefined, discoveryPrefix: 'homeassistant' },
    clock: systemClock,
    log,
    take: (arrived) => {
      taken.push(arrived);
      return take(arrived);
    },
    clear,
  });
  const receive = async (packet: Partial<IPublishPacket>): Promise<void> => {
    const whole = { cmd: 'publish', topic, payload: 'force', qos: 1, dup: false, retain: false };
    intake.receive({
      packet: { ...whole, ...packet } as IPublishPacket,
      acknowledge: () => acknowledged.push(packet.messageId),
    });
    await turn();
  };
  return { receive, taken, acknowledged, clear, lines, redelivery };
}

test('a command is taken with all that only its packet knows, and then acknowledged', async () => {
  const { receive, taken, acknowledged } = anIntake();
  await receive({
    messageId: 7,
    properties: {
      messageExpiryInterval: 20,
      responseTopic: 'answers',
      correlationData: Buffer.from('mine'),
    },
  });
  expect(taken).toMatchObject([
    {
      ...{ target: 'car', name: 'refresh', retained: false, messageExpiry_s: 20 },
      response: { topic: 'answers', correlation: btoa('mine') },
      also: [[7, { session: 'session' }]],
    },
  ]);
  expect(acknowledged).toEqual([7]);
});

test.each([
  [{}, {}],
  [{ userProperties: { client: 'kitchen', other: 'x' } }, { client: 'kitchen' }],
  [{ userProperties: { client: ['one', 'two'] } }, { client: 'one' }],
  [{ userProperties: { client: 'k'.repeat(1000) } }, { client: 'k'.repeat(64) }],
  [{ userProperties: { client: '' } }, {}],
  [{ responseTopic: 'answers' }, { response_topic: 'answers' }],
  [{ responseTopic: 'bluelink/car/state' }, {}],
])('of who asked only this is known: %j', async (properties, known) => {
  const { receive, taken } = anIntake();
  await receive({ properties });
  expect(taken.map(({ source }) => source)).toEqual([{ via: 'mqtt', topic, ...known }]);
});

test('it is acknowledged only when it is taken', async () => {
  let keep: () => void = () => undefined;
  const { receive, acknowledged } = anIntake(
    () =>
      new Promise((resolve) => {
        keep = resolve;
      }),
  );
  await receive({ messageId: 7 });
  expect(acknowledged).toEqual([]);
  keep();
  await turn();
  expect(acknowledged).toEqual([7]);
});

test.each([
  ['an empty payload', { payload: Buffer.alloc(0) }],
  ['an empty retained payload', { payload: Buffer.alloc(0), retain: true }],
  ['another topic', { topic: 'bluelink/car/state' }],
])('%s is acknowledged and ignored', async (_, packet) => {
  const { receive, taken, acknowledged, clear } = anIntake();
  await receive({ messageId: 7, ...packet });
  expect([taken, acknowledged]).toEqual([[], [7]]);
  expect(clear).not.toHaveBeenCalled();
});

test('a retained command is cleared and told as such', async () => {
  const { receive, taken, clear } = anIntake();
  await receive({ messageId: 7, retain: true });
  expect(clear.mock.calls).toEqual([[topic]]);
  expect(taken).toMatchObject([{ retained: true }]);
});

test('a redelivery is acknowledged and nothing more', async () => {
  const { receive, taken, acknowledged } = anIntake();
  await receive({ messageId: 7 });
  await receive({ messageId: 7, dup: true });
  expect([taken.length, acknowledged]).toEqual([1, [7, 7]]);
});

test('without the flag the same packet is a new command', async () => {
  const { receive, taken } = anIntake();
  await receive({ messageId: 7 });
  await receive({ messageId: 7 });
  expect(taken).toHaveLength(2);
});

test('with the flag but not known it is a new command, and known from then on', async () => {
  const { receive, taken } = anIntake();
  await receive({ messageId: 7, dup: true });
  await receive({ messageId: 7, dup: true });
  await receive({ messageId: 7, dup: true, payload: 'cached' });
  await receive({ messageId: 7, dup: true, payload: 'force' });
  expect(taken.map(({ payload }) => String(payload))).toEqual(['force', 'cached', 'force']);
});

test('of another session it is a new command', async () => {
  const { receive, taken, redelivery } = anIntake();
  await receive({ messageId: 7 });
  redelivery.setSession('another');
  await receive({ messageId: 7, dup: true });
  expect(taken).toHaveLength(2);
});

test('the redelivery of one that is being stored waits for that', async () => {
  let keep: () => void = () => undefined;
  const { receive, taken, acknowledged } = anIntake(
    () =>
      new Promise((resolve) => {
        keep = resolve;
      }),
  );
  await receive({ messageId: 7 });
  await receive({ messageId: 7, dup: true });
  expect([taken.length, acknowledged]).toEqual([1, []]);
  keep();
  await turn();
  expect(acknowledged).toEqual([7, 7]);
});

test('an unsafe response topic is ignored with one warning, the command is not', async () => {
  const { receive, taken, lines } = anIntake();
  for (const responseTopic of ['a/+/b', 'bluelink/car/commands/lock', '$SYS/x']) {
    await receive({ messageId: 7, properties: { responseTopic } });
  }
  expect(taken.map(({ response }) => response)).toEqual([undefined, undefined, undefined]);
  expect(lines.filter(({ level }) => level === 'warn')).toHaveLength(1);
});

test('one that cannot be taken does not stop the next', async () => {
  const { receive, taken, acknowledged } = anIntake(() => Promise.reject(new Error('broken')));
  await receive({ messageId: 7 });
  await receive({ messageId: 8 });
  expect([taken.length, acknowledged]).toEqual([2, [7, 8]]);
});

test('a redelivered one-time code is not handed over twice, and the next one is', async () => {
  const { receive, taken, acknowledged } = anIntake();
  const otp = 'bluelink/bridge/commands/otp';
  await receive({ messageId: 7, topic: otp, payload: '{"code":"111111"}' });
  await receive({ messageId: 7, topic: otp, payload: '{"code":"111111"}', dup: true });
  expect(taken).toHaveLength(1);
  // Its first sending was lost with the connection; the broker had given the packet id a second time.
  await receive({ messageId: 7, topic: otp, payload: '{"code":"222222"}', dup: true });
  expect(taken.map(({ payload }) => Buffer.from(payload).toString())).toEqual([
    '{"code":"111111"}',
    '{"code":"222222"}',
  ]);
  expect(acknowledged).toEqual([7, 7, 7]);
  const [first, second] = taken.map(({ also }) => also);
  expect(first).toEqual(second);
});
