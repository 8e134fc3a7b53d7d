import { beforeAll, describe, expect, test } from 'vitest';
import type { StateDocument } from '../../src/vehicle/state.js';
import { hasMosquitto, startMosquitto, type Mosquitto } from '../support/mosquitto.js';
import { startRecorder, type Recorded, type Recorder } from '../support/recorder.js';
import { isEnding } from './published.js';
import { SimulatedBridge } from './simulated-bridge.js';

describe.skipIf(!hasMosquitto)('commands by MQTT', () => {
  let broker: Mosquitto;
  let bridge: SimulatedBridge;

  beforeAll(async () => {
    broker = await startMosquitto();
    bridge = await SimulatedBridge.start({ broker, cars: 4, logLevel: 'debug' });
    await bridge.ready();
  });

  test('everything that describes the bridge and its cars is retained', async () => {
    const later = await startRecorder(broker.url, { filter: `${bridge.base}/#` });
    for (const { alias, vin } of bridge.cars) {
      const info = await later.waitForTopic(bridge.topic(`${alias}/info`));
      expect(JSON.parse(info.payload)).toMatchObject({
        schema: 1,
        id: alias,
        vin,
        account: 'home',
        backend: 'simulator',
        commands: { refresh: { values: ['cached', 'force', 'smart'], allowed: true } },
      });
      const state = await later.waitForTopic(bridge.topic(`${alias}/state`));
      expect(stateOf(state)).toMatchObject({ schema: 1, id: alias, vin, stale: false });
      await later.waitForTopic(bridge.topic(`${alias}/availability`), 'online');
      await later.waitForTopic(bridge.topic('bridge/availability'), 'online');
    }
    expect(bridge.states.at(-1)).toMatchObject({
      schema: 1,
      mqtt: { version: 5, reconnects: 0 },
      accounts: { home: { state: 'ready', vehicles: ['car0', 'car1', 'car2', 'car3'] } },
      breakers: { home: { read: { state: 'closed' }, wake: { state: 'closed' } } },
    });
    await later.waitForTopic(bridge.topic('bridge/state'));
    for (const { topic, retain } of later.messages) expect(retain, topic).toBe(true);
  });

  describe('the bare words of mosquitto_pub', () => {
    test.each(['cached', 'force', 'smart:300', 'FORCE', ' Cached\n'])(
      '%j is accepted, runs and ends once',
      async (word) => {
        const from = bridge.results.length;
        await broker.publish(bridge.commandTopic('car0'), word);
        const accepted = await nextAccepted(bridge, from);
        const ending = await bridge.recorder.waitForEnding(accepted.id);
        // Whatever else would be said of it stands before the answer to a later command.
        await bridge.refresh('car0', 'cached');
        expect(ending).toMatchObject({ status: 'succeeded', vehicle: 'car0', command: 'refresh' });
        expect(ending.duration_ms).toBeGreaterThanOrEqual(0);
        const said = bridge.statuses(accepted.id);
        expect(said[0]).toBe('accepted');
        expect(said.slice(1, -1)).toEqual(said.slice(1, -1).fill('running'));
        expect(said.length).toBeGreaterThanOrEqual(3);
        expect(said.at(-1)).toBe('succeeded');
        expect(bridge.recorder.events(accepted.id).filter(isEnding)).toHaveLength(1);
      },
    );
  });

  test('a force brings newer values of the car, a cached read what the cloud had', async () => {
    const read = (): StateDocument =>
      stateOf(bridge.recorder.on(bridge.topic('car1/state')).at(-1));
    await bridge.refresh('car1', 'cached');
    const before = read();
    const { id } = await bridge.refresh('car1', 'force');
    const shown = await bridge.recorder.waitFor(
      (message) =>
        message.topic === bridge.topic('car1/state') &&
        stateOf(message).command.id === id &&
        stateOf(message).command.state === 'succeeded',
    );
    const after = stateOf(shown);
    expect(after.source).toBe('force');
    expect(Date.parse(after.reported_at ?? '')).toBeGreaterThan(
      Date.parse(before.reported_at ?? ''),
    );
    expect(shown.retain).toBe(true);
  });

  test.each(['vin', 'VIN', 'vendor id'])('a car answers to its %s', async (name) => {
    const { vin, vendorId } = bridge.car(1);
    const target = { vin: vin.toLowerCase(), VIN: vin }[name] ?? vendorId;
    expect(await bridge.refresh(target, 'cached')).toMatchObject({
      status: 'succeeded',
      vehicle: 'car1',
    });
  });

  describe('smart', () => {
    test('wakes a car that has not reported for long, and then is content', async () => {
      const wakes = bridge.calls('force', 'car2').length;
      expect(await bridge.refresh('car2', 'smart:300')).toMatchObject({ decision: 'forced' });
      expect(await bridge.refresh('car2', 'smart:300')).toMatchObject({ decision: 'fresh_enough' });
      expect(await bridge.refresh('car2', 'smart', { max_age: 300 })).toMatchObject({
        value: 'smart:300',
        decision: 'fresh_enough',
      });
      expect(bridge.calls('force', 'car2')).toHaveLength(wakes + 1);
    });

    test('says in which phase it runs', async () => {
      const { id } = await bridge.refresh('car3', 'smart:300');
      const running = bridge.recorder.events(id).filter(({ status }) => status === 'running');
      expect(running.map(({ phase, attempt }) => [phase, attempt])).toEqual([
        ['cached', 1],
        ['force', 1],
      ]);
    });
  });

  describe('a response topic', () => {
    test('gets each event as the result topic does, with the correlation data', async () => {
      const replies = await startRecorder(broker.url, { filter: 'replies/#' });
      const id = bridge.newId();
      await broker.publish(
        bridge.commandTopic('car0'),
        JSON.stringify({ id, value: 'cached' }),
        withResponse('replies/here', 'c-1'),
      );
      await bridge.recorder.waitForEnding(id);
      const own = bridge.results.filter(({ payload }) => idOf(payload) === id);
      for (const { payload } of own) await replies.waitForTopic('replies/here', payload);
      expect(own.length).toBeGreaterThanOrEqual(3);
      expect(replies.messages.map(({ payload }) => payload)).toEqual(
        own.map(({ payload }) => payload),
      );
      for (const { properties, retain } of replies.messages) {
        expect(properties.correlationData?.toString()).toBe('c-1');
        expect(retain).toBe(false);
      }
    });

    test('gets a refusal too', async () => {
      const replies = await startRecorder(broker.url, { filter: 'replies/#' });
      await broker.publish(
        bridge.commandTopic('car0'),
        JSON.stringify({ id: 'refused-1', value: 'forced' }),
        withResponse('replies/refused', 'c-2'),
      );
      const { payload, properties } = await replies.waitForTopic('replies/refused');
      expect(JSON.parse(payload)).toMatchObject({ id: 'refused-1', status: 'rejected' });
      expect(properties.correlationData?.toString()).toBe('c-2');
    });

    test('that is unsafe is ignored with one warning, and the command runs', async () => {
      const everything = await startRecorder(broker.url);
      const unsafe = [
        'a/+/b',
        'a/#',
        '$SYS/x',
        'homeassistant/status',
        `${bridge.base}/car0/state`,
        `${bridge.base}/car0/commands/refresh`,
        'r'.repeat(257),
        'ü'.repeat(129),
      ];
      for (const responseTopic of unsafe) {
        const id = bridge.newId();
        const commandTopic = bridge.commandTopic('car0');
        await bridge.recorder.client.publishAsync(
          commandTopic,
          JSON.stringify({ id, value: 'cached' }),
          { qos: 1, properties: { responseTopic } },
        );
        const ending = await bridge.recorder.waitForEnding(id);
        expect(ending, responseTopic).toMatchObject({ status: 'succeeded' });
      }
      const foreign = everything.messages.filter(
        ({ topic }) => !topic.startsWith(`${bridge.base}/`) || unsafe.includes(topic),
      );
      // The state document is published on a topic of its own right.
      expect(foreign.filter(({ payload }) => payload.includes('"seq"'))).toEqual([]);
      const warnings = bridge.logLines().filter(({ msg }) => msg.includes('response topic'));
      expect(warnings).toMatchObject([{ level: 'warn' }]);
      const long = 'r'.repeat(256);
      const replies = await startRecorder(broker.url, { filter: long });
      await broker.publish(bridge.commandTopic('car0'), 'cached', withResponse(long, 'c'));
      await replies.waitForTopic(long);
      expect(bridge.states.at(-1)?.mqtt.reconnects).toBe(0);
    });

    test('must begin with the configured prefix where there is one', async () => {
      const strict = await SimulatedBridge.start({
        broker,
        mqtt: { response_prefix: 'answers/' },
      });
      await strict.ready();
      const replies = await startRecorder(broker.url, { filter: '+/prefixed' });
      for (const topic of ['other/prefixed', 'answers/prefixed']) {
        await broker.publish(strict.commandTopic('car0'), 'cached', withResponse(topic, 'c'));
      }
      await replies.waitFor(({ payload }) => payload.includes('succeeded'));
      expect(new Set(replies.messages.map(({ topic }) => topic))).toEqual(
        new Set(['answers/prefixed']),
      );
    });
  });

  describe('an id', () => {
    test('that comes again is answered by its last event, and nothing runs twice', async () => {
      const ending = await bridge.refresh('car0', 'cached');
      const calls = bridge.calls('cached', 'car0').length;
      const payload = JSON.stringify({ id: ending.id, value: 'cached' });
      const again = [bridge.commandTopic('car0'), bridge.commandTopic(bridge.car(0).vin)];
      let seq = ending.seq;
      for (const topic of again) {
        const from = bridge.recorder.messages.length;
        await broker.publish(topic, payload);
        const replayed = await bridge.recorder.waitFor(isResult, undefined, from);
        const event = JSON.parse(replayed.payload) as typeof ending;
        expect(event).toEqual({ ...ending, replayed: true, seq: event.seq });
        expect(event.seq).toBeGreaterThan(seq);
        seq = event.seq;
      }
      expect(bridge.calls('cached', 'car0')).toHaveLength(calls);
    });

    test('that comes again while its command runs is answered, and ends once', async () => {
      await bridge.weather({ vehicles: { car0: { cached: { latency_ms: 700 } } } });
      const id = await bridge.send('car0', 'cached');
      await bridge.recorder.waitForStatus(id, ['running']);
      await broker.publish(bridge.commandTopic('car0'), JSON.stringify({ id, value: 'cached' }));
      await bridge.recorder.waitForEnding(id);
      await bridge.weather({});
      const events = bridge.recorder.events(id);
      expect(events.map(({ status, replayed }) => [status, replayed ?? false])).toEqual([
        ['accepted', false],
        ['running', false],
        [expect.stringMatching(/accepted|running/), true],
        ['succeeded', false],
      ]);
    });

    test.each([
      ['payload', 'car0', 'force', {}],
      ['payload field', 'car0', 'cached', { expires_in: 60 }],
      ['car', 'car1', 'cached', {}],
    ])('with another %s is refused as reused', async (_what, target, value, fields) => {
      const { id } = await bridge.refresh('car0', 'cached');
      const from = bridge.recorder.messages.length;
      await broker.publish(bridge.commandTopic(target), JSON.stringify({ id, value, ...fields }));
      const answer = await bridge.recorder.waitFor(isResult, undefined, from);
      expect(JSON.parse(answer.payload)).toMatchObject({
        id,
        seq: 0,
        status: 'rejected',
        code: 'id_reused',
        retryable: false,
      });
    });

    test('of a rejected command stays free', async () => {
      const id = bridge.newId();
      const topic = bridge.commandTopic('car0');
      await broker.publish(topic, JSON.stringify({ id, value: 'wrong' }));
      const refused = await bridge.recorder.waitForStatus(id, ['rejected']);
      expect(refused).toMatchObject({ code: 'invalid_payload', seq: 0 });
      await broker.publish(topic, JSON.stringify({ id, value: 'cached' }));
      await bridge.recorder.waitForStatus(id, ['succeeded']);
    });
  });

  describe('times', () => {
    test('a command issued too long ago is expired at once, and never accepted', async () => {
      const issued_at = new Date(Date.now() - 120_000).toISOString();
      const { id } = await bridge.refresh('car0', 'cached', { issued_at, expires_in: 60 });
      expect(bridge.recorder.events(id)).toMatchObject([{ status: 'expired', seq: 0 }]);
      expect(await bridge.refresh('car0', 'cached', { issued_at, expires_in: 3600 })).toMatchObject(
        { status: 'succeeded' },
      );
    });

    test('a command from the future is refused, one from a clock a little ahead is not', async () => {
      const ahead = (ms: number): string => new Date(Date.now() + ms).toISOString();
      expect(await bridge.refresh('car0', 'cached', { issued_at: ahead(120_000) })).toMatchObject({
        status: 'rejected',
        code: 'invalid_payload',
        message: expect.stringContaining('issued_at') as string,
      });
      expect(await bridge.refresh('car0', 'cached', { issued_at: ahead(20_000) })).toMatchObject({
        status: 'succeeded',
      });
    });
  });

  test('a dry run says what would be done and sends nothing', async () => {
    const calls = bridge.calls('cached').length + bridge.calls('force').length;
    for (const value of ['cached', 'force', 'smart:300']) {
      const ending = await bridge.refresh('car0', value, { dry_run: true });
      expect(ending).toMatchObject({ status: 'succeeded', dry_run: true, value });
    }
    expect(bridge.calls('cached').length + bridge.calls('force').length).toBe(calls);
  });

  test.each([
    ['cached', 'rejected'],
    ['smart', 'rejected'],
    ['force', 'succeeded'],
  ])('override with %s is %s', async (value, status) => {
    const ending = await bridge.refresh('car0', value, { override: true });
    expect(ending.status).toBe(status);
    if (status === 'rejected') {
      expect(ending).toMatchObject({ code: 'invalid_payload' });
      expect(ending.message).toContain('override');
    }
  });

  test('what a car cannot do is unsupported, what nothing can do is unknown', async () => {
    const answers = [];
    for (const [name, word] of [
      ['charge', 'start'],
      ['recharge', 'start'],
    ]) {
      const from = bridge.recorder.messages.length;
      // The fourth car has no plug.
      await broker.publish(bridge.commandTopic('car3', name), word ?? '');
      const answer = await bridge.recorder.waitFor(isResult, undefined, from);
      answers.push(JSON.parse(answer.payload));
    }
    expect(answers).toMatchObject([
      { status: 'rejected', code: 'unsupported', vehicle: 'car3', command: 'charge' },
      { status: 'rejected', code: 'unknown_command', vehicle: 'car3', command: 'recharge' },
    ]);
  });

  test('what the configuration does not allow is refused', async () => {
    const limited = await SimulatedBridge.start({
      broker,
      config: { commands: { allow: ['refresh'] } },
      car: { commands: { allow: ['refresh:cached'] } },
    });
    await limited.ready();
    expect(await limited.refresh('car0', 'force')).toMatchObject({
      status: 'rejected',
      code: 'not_allowed',
      seq: 0,
    });
    expect(await limited.refresh('car0', 'cached')).toMatchObject({ status: 'succeeded' });
    expect(limited.calls('force')).toEqual([]);
  });

  test('every log line of one command carries its id, from hand-over to return', async () => {
    const { id: before } = await bridge.refresh('car0', 'force');
    await bridge.daemon.waitForLine(endingOf(before));
    const from = bridge.daemon.lines.length;
    // Old enough by then to be woken, young enough not to be.
    const { id } = await bridge.refresh('car3', 'smart:1');
    await bridge.daemon.waitForLine(endingOf(id));
    const lines = bridge.logLines(from);
    for (const line of lines) expect(line, line.msg).toMatchObject({ command_id: id });
    const left = lines.filter(({ msg }) => msg === 'call handed to a thread');
    const returned = lines.filter(({ msg }) => msg === 'call returned');
    expect(left.map(({ level, operation }) => [level, operation])).toEqual([
      ['debug', 'cached'],
      ['debug', 'force'],
    ]);
    expect(returned.map(({ level, operation }) => [level, operation])).toEqual([
      ['info', 'cached'],
      ['info', 'force'],
    ]);
    expect(returned.map(({ attempt }) => attempt)).toEqual(left.map(({ attempt }) => attempt));
    for (const { duration_ms } of returned) expect(duration_ms).toBeGreaterThan(0);
  });

  test('what a thread itself says of a command carries its id too', async () => {
    await bridge.weather({ vehicles: { car0: { cached: { latency_ms: -1 } } } });
    const { id } = await bridge.refresh('car0', 'cached');
    await bridge.weather({});
    const line = await bridge.daemon.waitForLine(/"level":"warn".*simulator control file/);
    expect(JSON.parse(line)).toMatchObject({ command_id: id });
  });
});

function endingOf(id: string): RegExp {
  return new RegExp(`"command_id":"${id}".*"status":"succeeded"`);
}

function stateOf(message: Recorded | undefined): StateDocument {
  if (message === undefined) throw new Error('there is no state document yet');
  return JSON.parse(message.payload) as StateDocument;
}

function idOf(payload: string): unknown {
  return (JSON.parse(payload) as { id?: unknown }).id;
}

function isResult({ topic }: Recorded): boolean {
  return topic.endsWith('/result');
}

async function nextAccepted(
  { recorder }: { recorder: Recorder; results: readonly Recorded[] },
  from: number,
): Promise<{ readonly id: string }> {
  const isNew = (message: Recorded): boolean =>
    isResult(message) && recorder.messages.filter(isResult).indexOf(message) >= from;
  const { payload } = await recorder.waitFor(isNew);
  return JSON.parse(payload) as { id: string };
}

function withResponse(topic: string, correlation: string): { readonly arguments: string[] } {
  return {
    arguments: [
      ...['-D', 'publish', 'response-topic', topic],
      ...['-D', 'publish', 'correlation-data', correlation],
    ],
  };
}
