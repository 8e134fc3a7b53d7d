import { describe, expect, test, vi } from 'vitest';
import { WrittenTopics } from '../../src/mqtt/written-topics.js';
import { Publisher } from '../../src/mqtt/publisher.js';
import type { Parcel } from '../../src/vehicle/journal-record.js';
import { aLog } from './silent-log.js';

interface Sent {
  readonly topic: string;
  readonly payload: string;
  readonly retain: boolean;
  readonly correlation: string | undefined;
  acknowledge(): Promise<void>;
  fail(error?: Error): Promise<void>;
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Of an earlier run: nothing is noted before they are published to. */
const known = ['a', 'car/state', 'car/info'];

interface Notes {
  readonly add: (topic: string) => Promise<void>;
  readonly delete: (topic: string) => void;
}

function aPublisher(notes: Partial<Notes> = {}, kept: readonly string[] = known) {
  const sent: Sent[] = [];
  const answers: boolean[] = [];
  const record = { add: () => Promise.resolve(), delete: () => undefined, ...notes };
  const written = new WrittenTopics(record, kept);
  const publisher = new Publisher(
    (topic, payload, { retain = false, correlation } = {}) =>
      new Promise((resolve, reject) => {
        sent.push({
          ...{ topic, payload, retain, correlation: correlation?.toString() },
          acknowledge: () => {
            resolve();
            return turn();
          },
          fail: (error = new Error('lost')) => {
            reject(error);
            return turn();
          },
        });
      }),
    aLog().log,
    written,
    (isAcknowledged) => void answers.push(isAcknowledged),
  );
  const payloads = (): string[] => sent.map((one) => one.payload);
  return { publisher, sent, answers, payloads, written };
}

function aParcel(key: string, ...topics: string[]): Parcel {
  const messages = (topics.length === 0 ? ['car/result'] : topics).map((topic) => ({
    topic,
    payload: key,
  }));
  return { key, messages };
}

const refusal = (code: number): Error => Object.assign(new Error('refused'), { code });

test('while a document is under way only the newest of its topic follows', async () => {
  const { publisher, sent, payloads } = aPublisher();
  publisher.connected();
  for (const word of ['1', '2', '3']) publisher.retain('car/state', word);
  publisher.retain('car/info', 'other');
  expect(payloads()).toEqual(['1', 'other']);
  expect(sent[0]?.retain).toBe(true);
  await sent[0]?.acknowledge();
  expect(payloads()).toEqual(['1', 'other', '3']);
  await sent[2]?.acknowledge();
  publisher.retain('car/state', '3');
  expect(sent).toHaveLength(3);
});

test('every retained document goes out again on each connect, the newest one once', async () => {
  const { publisher, sent, payloads } = aPublisher();
  publisher.retain('a', 'early');
  expect(sent).toEqual([]);
  publisher.connected();
  await sent[0]?.acknowledge();
  publisher.disconnected();
  publisher.retain('a', 'offline 1');
  publisher.retain('a', 'offline 2');
  publisher.connected();
  await sent[1]?.acknowledge();
  publisher.connected();
  expect(payloads()).toEqual(['early', 'offline 2', 'offline 2']);
});

test('a document that was under way when the connection was lost goes out on the next', async () => {
  const { publisher, sent, payloads } = aPublisher();
  publisher.connected();
  publisher.retain('a', '1');
  publisher.disconnected();
  publisher.connected();
  await sent[0]?.fail();
  publisher.retain('a', '2');
  await sent[1]?.acknowledge();
  expect(payloads()).toEqual(['1', '1', '2']);
});

test('events that must arrive keep their order and are sent until all is acknowledged', async () => {
  const { publisher, sent, payloads } = aPublisher();
  const delivered = vi.fn();
  publisher.deliver(aParcel('accepted', 'car/result', 'answers'), () => {
    delivered('accepted');
  });
  publisher.deliver(aParcel('succeeded'), () => {
    delivered('succeeded');
  });
  expect(sent).toEqual([]);
  publisher.connected();
  expect(payloads()).toEqual(['accepted', 'accepted', 'succeeded']);
  await sent[0]?.acknowledge();
  await sent[1]?.fail();
  await sent[2]?.acknowledge();
  expect(delivered.mock.calls).toEqual([['succeeded']]);
  publisher.disconnected();
  publisher.connected();
  expect(payloads().slice(3)).toEqual(['accepted', 'accepted']);
  for (const one of sent.slice(3)) await one.acknowledge();
  expect(delivered.mock.calls).toEqual([['succeeded'], ['accepted']]);
  publisher.connected();
  expect(sent).toHaveLength(5);
});

test('an answer that comes for an older connection counts, once', async () => {
  const { publisher, sent } = aPublisher();
  const delivered = vi.fn();
  publisher.connected();
  publisher.deliver(aParcel('a'), delivered);
  publisher.connected();
  await sent[0]?.acknowledge();
  await sent[1]?.acknowledge();
  expect(delivered).toHaveBeenCalledTimes(1);
});

test.each([
  [128, 1],
  [135, 1],
  [144, 1],
  [16, 0],
])('the reason code %i of the broker is final %i times', async (code, times) => {
  const { publisher, sent } = aPublisher();
  const delivered = vi.fn();
  publisher.connected();
  publisher.deliver(aParcel('a'), delivered);
  await sent[0]?.fail(refusal(code));
  expect(delivered).toHaveBeenCalledTimes(times);
});

test('a response topic that is refused does not keep the event from its own', async () => {
  const { publisher, sent } = aPublisher();
  const delivered = vi.fn();
  publisher.connected();
  publisher.deliver(aParcel('a', 'car/result', 'forbidden'), delivered);
  await sent[1]?.fail(refusal(135));
  expect(delivered).not.toHaveBeenCalled();
  await sent[0]?.acknowledge();
  expect(delivered).toHaveBeenCalledTimes(1);
});

test('what is said once is said once, and not at all without a connection', async () => {
  const { publisher, sent } = aPublisher();
  publisher.say([{ topic: 'car/result', payload: 'lost' }]);
  publisher.connected();
  publisher.say([{ topic: 'answers', payload: 'said', correlation: btoa('mine') }]);
  await sent[0]?.fail();
  publisher.connected();
  expect(sent).toMatchObject([{ payload: 'said', retain: false, correlation: 'mine' }]);
});

test('what is cleared at the broker does not come back', () => {
  const { publisher, sent } = aPublisher();
  publisher.connected();
  publisher.retain('a', '1');
  publisher.clear('a');
  publisher.connected();
  expect(sent).toMatchObject([
    { payload: '1', retain: true },
    { payload: '', retain: true },
  ]);
});

test('asked for, every document goes out again although nothing has changed', async () => {
  const { publisher, sent, payloads } = aPublisher();
  publisher.connected();
  publisher.retain('a', '1');
  await sent[0]?.acknowledge();
  publisher.republish();
  expect(payloads()).toEqual(['1', '1']);
});

describe('a topic that is new', () => {
  test('is on the disk before anything is on it', async () => {
    const noted: (() => void)[] = [];
    const { publisher, payloads } = aPublisher({
      add: () =>
        new Promise((resolve) => {
          noted.push(resolve);
        }),
    });
    publisher.connected();
    publisher.retain('new', '1');
    publisher.retain('new', '2');
    publisher.retain('a', 'known');
    publisher.connected();
    expect([payloads(), noted.length]).toEqual([['known', 'known'], 1]);
    noted[0]?.();
    await turn();
    expect(payloads()).toEqual(['known', 'known', '2']);
  });

  test('is published to although it cannot be noted', async () => {
    const { publisher, payloads } = aPublisher({
      add: () => Promise.reject(new Error('the disk is full')),
    });
    publisher.connected();
    publisher.retain('new', '1');
    await turn();
    expect(payloads()).toEqual(['1']);
  });

  test('is not noted for a value that is unknown, as nothing stays of it', async () => {
    const add = vi.fn(() => Promise.resolve());
    const { publisher, payloads } = aPublisher({ add });
    publisher.connected();
    publisher.retain('new', '');
    await turn();
    expect([payloads(), add.mock.calls]).toEqual([[''], []]);
  });
});

describe('what is removed', () => {
  test('is cleared on each connect until the broker has taken it, and forgotten then', async () => {
    const { publisher, sent, payloads, written } = aPublisher();
    publisher.remove('a');
    publisher.connected();
    await sent[0]?.fail();
    publisher.disconnected();
    publisher.connected();
    expect([payloads(), written.all.includes('a')]).toEqual([['', ''], true]);
    await sent[1]?.acknowledge();
    publisher.disconnected();
    publisher.connected();
    expect([payloads(), written.all.includes('a')]).toEqual([['', ''], false]);
  });

  test('is forgotten where the broker refuses it for ever', async () => {
    const { publisher, sent, written } = aPublisher();
    publisher.connected();
    publisher.remove('a');
    await sent[0]?.fail(refusal(135));
    expect(written.all).not.toContain('a');
  });

  test.each([
    ['while the removal waits for a connection', 0],
    ['while it is under way', 1],
  ])('and comes back %s stays', async (_when, connections) => {
    const { publisher, sent, payloads, written } = aPublisher();
    if (connections === 1) publisher.connected();
    publisher.remove('a');
    publisher.retain('a', 'back');
    if (connections === 0) publisher.connected();
    await sent[0]?.acknowledge();
    await sent[1]?.acknowledge();
    expect([payloads().at(-1), written.all.includes('a')]).toEqual(['back', true]);
    publisher.connected();
    expect(payloads().at(-1)).toBe('back');
  });

  test('and was empty there already is forgotten at once', async () => {
    const { publisher, sent, written } = aPublisher();
    publisher.connected();
    publisher.retain('a', '');
    await sent[0]?.acknowledge();
    publisher.remove('a');
    expect([sent.length, written.all.includes('a')]).toEqual([1, false]);
  });

  test('follows what is still under way', async () => {
    const { publisher, sent, payloads, written } = aPublisher();
    publisher.connected();
    publisher.retain('a', '');
    await sent[0]?.acknowledge();
    publisher.retain('a', '1');
    publisher.remove('a');
    await sent[1]?.acknowledge();
    expect(payloads()).toEqual(['', '1', '']);
    await sent[2]?.acknowledge();
    expect(written.all).not.toContain('a');
  });
});

test('what somebody else has cleared stays away over connects, until it is retained anew', () => {
  const { publisher, payloads } = aPublisher();
  publisher.connected();
  publisher.retain('a', '1');
  publisher.release('a');
  publisher.connected();
  publisher.republish();
  expect(payloads()).toEqual(['1']);
  publisher.retain('a', '1');
  expect(payloads()).toEqual(['1', '1']);
});

test('each message is told of once, whether the broker has it or not', async () => {
  const { publisher, sent, answers } = aPublisher();
  publisher.say([{ topic: 'car/result', payload: 'said while nobody is there' }]);
  expect(answers).toEqual([false]);
  publisher.connected();
  publisher.say([{ topic: 'car/result', payload: 'lost' }]);
  publisher.retain('car/state', 'here');
  await sent[0]?.fail();
  await sent[1]?.acknowledge();
  expect(answers).toEqual([false, false, true]);
});

test('what the broker has not acknowledged of what must arrive is undelivered', async () => {
  const { publisher, sent } = aPublisher();
  publisher.deliver(aParcel('one'), () => undefined);
  publisher.deliver(aParcel('two'), () => undefined);
  expect(publisher.undelivered).toBe(2);
  publisher.connected();
  await sent[0]?.acknowledge();
  expect(publisher.undelivered).toBe(1);
});
