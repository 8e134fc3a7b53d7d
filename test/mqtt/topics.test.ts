import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createTopics, isSafeResponseTopic } from '../../src/mqtt/topics.js';

const limits = { prefix: undefined, discoveryPrefix: 'homeassistant' };
const level = fc.stringMatching(/^[^/+#\0]{1,12}$/);
const base = fc.array(level, { minLength: 1, maxLength: 3 }).map((levels) => levels.join('/'));

test('a command topic says its car and its command, under any base topic', () => {
  fc.assert(
    fc.property(base, level, level, (under, target, name) => {
      const topics = createTopics(under);
      expect(topics.parseCommand(`${under}/${target}/commands/${name}`)).toEqual({ target, name });
    }),
    { numRuns: 1000 },
  );
});

test('nothing else is a command topic', () => {
  fc.assert(
    fc.property(base, fc.array(level, { maxLength: 5 }), (under, levels) => {
      const isCommand = levels.length === 3 && levels[1] === 'commands';
      const topic = [under, ...levels].join('/');
      expect(createTopics(under).parseCommand(topic) !== undefined).toBe(isCommand);
      expect(createTopics(under).parseCommand(`x${topic}`)).toBeUndefined();
    }),
    { numRuns: 1000 },
  );
});

test.each(['a.b', 'a(b', 'a|b', '^', '[x]'])(
  'the base topic %s stands for itself only',
  (under) => {
    const topics = createTopics(under);
    expect(topics.parseCommand(`${under}/car/commands/refresh`)).toBeDefined();
    expect(topics.parseCommand('axb/car/commands/refresh')).toBeUndefined();
  },
);

test('no topic of ours is a command topic', () => {
  const topics = createTopics('bluelink');
  const { value, legacy, trips, command: _, ...own } = topics.vehicle('commands');
  const { command: __, instance, ...ofBridge } = topics.bridge;
  const values = [value('a/b'), legacy('ev/range'), trips('2026-10'), instance('pi-1')];
  for (const topic of [...Object.values(own), ...values, ...Object.values(ofBridge)]) {
    expect(topics.parseCommand(topic)).toBeUndefined();
    expect(isSafeResponseTopic(topic, topics, limits)).toBe(false);
  }
});

test.each([
  ['', false],
  ['answers', true],
  ['my/answers/1', true],
  ['a/+/b', false],
  ['a/#', false],
  ['+', false],
  ['a\0b', false],
  ['$SYS/x', false],
  ['$share/group/x', false],
  ['bluelink', false],
  ['bluelink/ioniq5/commands/lock', false],
  ['bluelinks/answers', true],
  ['homeassistant', false],
  ['homeassistant/device/x/config', false],
  ['homeassistants/x', true],
  ['x'.repeat(256), true],
  ['x'.repeat(257), false],
  ['ü'.repeat(128), true],
  ['ü'.repeat(129), false],
])('the response topic %j may be written to: %s', (topic, isSafe) => {
  expect(isSafeResponseTopic(topic, createTopics('bluelink'), limits)).toBe(isSafe);
});

test('with a prefix only topics below it may be written to', () => {
  const topics = createTopics('bluelink');
  const below = { ...limits, prefix: 'answers/' };
  expect(isSafeResponseTopic('answers/1', topics, below)).toBe(true);
  expect(isSafeResponseTopic('other/1', topics, below)).toBe(false);
  expect(isSafeResponseTopic('answers/+', topics, below)).toBe(false);
});

test('whatever is safe can be published without a broker minding', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (topic) => {
      if (!isSafeResponseTopic(topic, createTopics('bluelink'), limits)) return;
      expect(topic).not.toMatch(/[+#\0]/);
      expect(topic).toMatch(/^[^$]/s);
      expect(Buffer.byteLength(topic)).toBeLessThanOrEqual(256);
    }),
    { numRuns: 2000 },
  );
});
