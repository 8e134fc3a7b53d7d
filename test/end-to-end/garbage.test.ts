import { beforeAll, describe, expect, test } from 'vitest';
import { lifeCycleEventSchema, type LifeCycleEvent } from '../../src/vehicle/life-cycle.js';
import { hasMosquitto, startMosquitto, type Mosquitto } from '../support/mosquitto.js';
import { startRecorder } from '../support/recorder.js';
import { SimulatedBridge } from './simulated-bridge.js';

/** Wrong for every command there is. */
const garbage: Readonly<Record<string, string | Buffer>> = {
  'a megabyte of text': 'x'.repeat(1_000_000),
  'a megabyte of JSON': JSON.stringify({ value: 'x'.repeat(1_000_000) }),
  'bytes that are no text': Buffer.from([0xff, 0xfe, 0x00, 0x80, 0xc3, 0x28]),
  'all bytes there are': Buffer.from(Array.from({ length: 256 }, (_, byte) => byte)),
  'lists that nest deeply': `${'['.repeat(4000)}${']'.repeat(4000)}`,
  'objects that nest deeply': `${'{"value":'.repeat(800)}1${'}'.repeat(800)}`,
  'brackets that never close': '{'.repeat(8000),
  'half an object': '{"value":"cached"',
  'a list': '["cached"]',
  'a text in quotes': '"cached"',
  'an object without a value': '{}',
  'another prototype': '{"__proto__":{"value":"cached"}}',
  'the constructor': '{"constructor":{"prototype":{}},"value":null}',
  'an unknown word': 'frobnicate',
  'a NUL': '\0',
  'a word with a NUL': 'cached\0',
  'a lone surrogate': '{"value":"\\ud800"}',
  'nothing but spaces': '   ',
  'a number that is none': 'NaN',
  'an endless number': '1e999',
  'a template': '${jndi:ldap://127.0.0.1/x}',
};

/** Wrong for a refresh, with what the answer has to name. */
const wrongRefreshes: readonly (readonly [string, string])[] = [
  ['{"value":1}', 'value'],
  ['{"value":null}', 'value'],
  ['{"value":["cached"]}', 'value'],
  ['{"value":"smart","max_age":"300"}', 'max_age'],
  ['{"value":"smart","max_age":0}', 'max_age'],
  ['{"value":"cached","max_age":300}', 'max_age'],
  ['{"value":"cached","id":7}', 'id'],
  ['{"value":"cached","id":"with space"}', 'id'],
  [JSON.stringify({ value: 'cached', id: 'x'.repeat(65) }), 'id'],
  ['{"value":"cached","expires_in":0}', 'expires_in'],
  ['{"value":"cached","expires_in":"60"}', 'expires_in'],
  ['{"value":"cached","issued_at":"yesterday"}', 'issued_at'],
  ['{"value":"cached","issued_at":"2026-11-22T10:00:00"}', 'issued_at'],
  ['{"value":"cached","dry_run":"yes"}', 'dry_run'],
  ['{"value":"force","override":1}', 'override'],
  ['{"value":"cached","wake":true}', 'wake'],
  ['smart:0', 'value'],
  ['smart:604801', 'value'],
  ['force:300', 'value'],
];

describe.skipIf(!hasMosquitto)('what is no command', () => {
  let broker: Mosquitto;
  let bridge: SimulatedBridge;

  beforeAll(async () => {
    broker = await startMosquitto();
    await broker.publish('bridge1/car0/commands/refresh', 'force', { retain: true });
    await broker.publish('bridge1/bridge/commands/clear_queue', 'PRESS', { retain: true });
    bridge = await SimulatedBridge.start({ broker });
    await bridge.ready();
  });

  /** The one answer to a message, known to be all of them when a command sent after it is answered. */
  async function answersTo(
    topic: string,
    payload: string | Buffer,
    retain = false,
  ): Promise<LifeCycleEvent[]> {
    const from = bridge.results.length;
    await bridge.recorder.client.publishAsync(topic, payload, { qos: 1, retain });
    const { id, status } = await bridge.refresh('car0', 'cached');
    expect(status).toBe('succeeded');
    return bridge.results
      .slice(from)
      .map((message) => lifeCycleEventSchema.parse(JSON.parse(message.payload)))
      .filter((event) => event.id !== id);
  }

  async function retainedCommands(): Promise<string[]> {
    const later = await startRecorder(broker.url, { filter: `${bridge.base}/+/commands/+` });
    await bridge.refresh('car0', 'cached');
    await later.waitForTopic(bridge.commandTopic('car0'));
    return later.messages.filter(({ retain }) => retain).map(({ topic }) => topic);
  }

  test('a command that was retained before the start is refused, cleared and never run', async () => {
    expect(bridge.calls('force')).toEqual([]);
    const refused = bridge.results
      .map(({ payload }) => lifeCycleEventSchema.parse(JSON.parse(payload)))
      .filter(({ code }) => code === 'retained');
    expect(refused.map(({ status, command }) => `${status} ${String(command)}`).sort()).toEqual([
      'rejected clear_queue',
      'rejected refresh',
    ]);
    expect(await retainedCommands()).toEqual([]);
  });

  test('a command that is retained while the bridge runs is refused, cleared and never run', async () => {
    const topics = [
      bridge.commandTopic('car0'),
      bridge.commandTopic('car0', 'lock'),
      bridge.commandTopic('no-such-car'),
      bridge.commandTopic('bridge', 'clear_queue'),
    ];
    for (const topic of topics) {
      const answers = await answersTo(topic, 'force', true);
      expect(answers, topic).toMatchObject([{ status: 'rejected', code: 'retained', seq: 0 }]);
    }
    expect(await retainedCommands()).toEqual([]);
    expect(bridge.calls('force')).toEqual([]);
  });

  describe.each(['refresh', 'lock', 'climate', 'trips', 'frobnicate'])('sent as %s', (name) => {
    test.each(Object.keys(garbage))('%s has one answer, and the bridge serves on', async (what) => {
      const answers = await answersTo(bridge.commandTopic('car0', name), garbage[what] ?? '');
      expect(answers).toMatchObject([
        { status: 'rejected', vehicle: 'car0', command: name, seq: 0 },
      ]);
      const [{ code, message } = {}] = answers;
      if (name === 'refresh') expect(code).toBe('invalid_payload');
      if (name === 'frobnicate') expect(code).toBe('unknown_command');
      expect(['invalid_payload', 'unsupported', 'unknown_command']).toContain(code);
      expect(message).not.toBe('');
      expect(message?.length).toBeLessThan(1000);
    });
  });

  describe.each(['refresh_all', 'poll_interval', 'log_level', 'otp', 'frobnicate'])(
    'sent to the bridge as %s',
    (name) => {
      test.each(Object.keys(garbage))('%s has one answer', async (what) => {
        const answers = await answersTo(bridge.commandTopic('bridge', name), garbage[what] ?? '');
        expect(answers).toMatchObject([{ status: 'rejected', vehicle: null, seq: 0 }]);
        expect(['invalid_payload', 'unsupported', 'unknown_command']).toContain(answers[0]?.code);
      });
    },
  );

  test.each(wrongRefreshes)('a refresh of %s is refused, naming %s', async (payload, field) => {
    const answers = await answersTo(bridge.commandTopic('car0'), payload);
    expect(answers).toMatchObject([{ status: 'rejected', code: 'invalid_payload' }]);
    expect(answers[0]?.message).toContain(field);
    expect(answers[0]?.message).toContain('expected');
  });

  test.each(['no-such-car', '__proto__', 'constructor', 'KMH', 'CAR0', '🚗', 'x'.repeat(500)])(
    'a car called %s is unknown',
    async (name) => {
      expect(await answersTo(bridge.commandTopic(name), 'cached')).toMatchObject([
        { status: 'rejected', code: 'unknown_vehicle', vehicle: null },
      ]);
    },
  );

  test.each(['__proto__', 'constructor', 'hasOwnProperty', 'Refresh', '🚗', 'x'.repeat(500)])(
    'a command called %s is unknown',
    async (name) => {
      const [answer, ...more] = await answersTo(bridge.commandTopic('car0', name), 'cached');
      expect(answer).toMatchObject({ status: 'rejected', code: 'unknown_command' });
      expect(answer?.command?.length).toBeLessThanOrEqual(64);
      expect(more).toEqual([]);
    },
  );

  test.each([
    ['no-such-car', 'refresh', 'unknown_vehicle', false],
    ['car0', 'frobnicate', 'unknown_command', false],
    ['bridge', 'frobnicate', 'unknown_command', false],
    ['car0', 'refresh', 'retained', true],
    ['car0', 'refresh', 'invalid_payload', false],
  ])('a refusal of %s/%s for %s carries the id of its sender', async (car, name, code, retain) => {
    const id = bridge.newId();
    const answers = await answersTo(
      bridge.commandTopic(car, name),
      JSON.stringify({ id, value: 'frobnicate' }),
      retain,
    );
    expect(answers).toMatchObject([{ id, status: 'rejected', code }]);
  });

  test('an empty payload is ignored', async () => {
    for (const retain of [false, true]) {
      expect(await answersTo(bridge.commandTopic('car0'), '', retain)).toEqual([]);
      expect(await answersTo(bridge.commandTopic('no-such-car'), '', retain)).toEqual([]);
    }
  });

  test('what stands beside the command topics is left alone', async () => {
    for (const rest of ['car0/commands', 'car0/commands/refresh/now', 'commands/refresh', 'car0']) {
      expect(await answersTo(bridge.topic(rest), 'force')).toEqual([]);
    }
    expect(bridge.calls('force')).toEqual([]);
  });

  test('after all of it the connection and the process are the same, and nothing was an error', async () => {
    const from = bridge.recorder.messages.length;
    await bridge.refresh('car0', 'cached');
    const state = await bridge.waitForState(() => true, from);
    expect(state.mqtt.reconnects).toBe(0);
    expect(state.queue).toMatchObject({ depth: 0, oldest_ms: null });
    expect(new Set(bridge.states.map(({ started_at }) => started_at)).size).toBe(1);
    expect(bridge.logLines().filter(({ level }) => level === 'error')).toEqual([]);
  });
});
