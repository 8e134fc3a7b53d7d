import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ClassicLevel } from 'classic-level';
import { beforeAll, describe, expect, test } from 'vitest';
import { ControlClient } from '../../src/http/control-client.js';
import { controlPath } from '../../src/http/control-path.js';
import {
  isEnding,
  lifeCycleEventSchema,
  type LifeCycleEvent,
} from '../../src/vehicle/life-cycle.js';
import { hasMosquitto, startMosquitto, type Mosquitto } from '../support/mosquitto.js';
import { waitUntil } from '../support/wait.js';
import { SimulatedBridge, type SimulatedBridgeOptions } from './simulated-bridge.js';

const code = '918273';
const wrongCode = '550011';

/** A bridge whose simulated maker may want a code, and the person who has it. */
class CodeBridge {
  readonly bridge: SimulatedBridge;
  readonly #broker: Mosquitto;
  /** What ended daemons have logged. */
  readonly #lines: string[] = [];

  private constructor(bridge: SimulatedBridge, broker: Mosquitto) {
    this.bridge = bridge;
    this.#broker = broker;
  }

  static async start(
    broker: Mosquitto,
    options: Omit<SimulatedBridgeOptions, 'broker'> = {},
  ): Promise<CodeBridge> {
    const bridge = await SimulatedBridge.start({ broker, logLevel: 'trace', ...options });
    return new CodeBridge(bridge, broker);
  }

  /** Known cars, and an account whose session has ended and that needs a code for the next one. */
  static async startAwaitingCode(broker: Mosquitto): Promise<CodeBridge> {
    const one = await CodeBridge.start(broker);
    const { bridge } = one;
    await bridge.ready();
    await bridge.weather({
      code,
      vehicles: { '*': { cached: { fail: { code: 'auth_failed' } } } },
    });
    const failed = await bridge.refresh('car0', 'cached');
    expect(failed).toMatchObject({ status: 'failed', code: 'otp_required' });
    await one.waitFor('otp_required');
    await bridge.weather({ code });
    return one;
  }

  async waitFor(state: string, from = 0): Promise<void> {
    await this.bridge.waitForState(({ accounts }) => accounts['home']?.state === state, from);
  }

  /** Sends it with mosquitto_pub, and does not wait for what becomes of it. */
  publish(payload: unknown, retain = false): Promise<void> {
    const text = typeof payload === 'string' ? payload : JSON.stringify(payload);
    return this.#broker.publish(this.bridge.commandTopic('bridge', 'otp'), text, { retain });
  }

  /** Sends it and answers how it ended. */
  async otp(payload: unknown): Promise<LifeCycleEvent> {
    const { recorder } = this.bridge;
    const topic = this.bridge.topic('bridge/result');
    const ended = recorder.waitForNext(
      (message) =>
        message.topic === topic &&
        isEnding(lifeCycleEventSchema.parse(JSON.parse(message.payload))),
      20_000,
    );
    await this.publish(payload);
    return lifeCycleEventSchema.parse(JSON.parse((await ended).payload));
  }

  async refusal(): Promise<LifeCycleEvent> {
    return this.bridge.refresh('car0', 'cached');
  }

  /** What the maker was asked about the account so far. */
  asked(): string {
    const operations = ['sign_in', 'request_code', 'submit_code'] as const;
    return operations.map((one) => `${one} ${String(this.bridge.calls(one).length)}`).join(', ');
  }

  async kill(): Promise<void> {
    this.bridge.daemon.kill('SIGKILL');
    await this.bridge.daemon.exit;
    this.#lines.push(...this.bridge.daemon.lines);
  }

  async stop(): Promise<void> {
    await this.bridge.daemon.stop();
    this.#lines.push(...this.bridge.daemon.lines);
  }

  /** Resolves when the new daemon has told the account's state. */
  async startAgain(state: string): Promise<void> {
    const from = this.bridge.recorder.messages.length;
    await this.bridge.startAgain();
    await this.waitFor(state, from);
    await this.bridge.recorder.waitFor(
      ({ topic, payload }) =>
        topic === this.bridge.topic('bridge/availability') && payload === 'online',
      10_000,
      from,
    );
  }

  /** The daemon has to have ended. */
  async expectNoCode(): Promise<void> {
    const { recorder, daemon } = this.bridge;
    // What a person sends comes back from the broker, not from the bridge.
    const said = recorder.messages.filter(({ topic }) => !topic.includes('/commands/'));
    const texts = [
      ...this.#lines,
      ...said.map(({ topic, payload }) => `${topic} ${payload}`),
      ...filesIn(daemon.stateDir),
      ...(await entriesIn(join(daemon.stateDir, 'store'))),
    ];
    for (const secret of [code, wrongCode]) {
      expect(texts.filter((text) => text.includes(secret))).toEqual([]);
    }
    // What is looked for would be found.
    expect(this.#lines.some((line) => line.includes('"command":"otp"'))).toBe(true);
    expect(texts.some((text) => text.includes('"trusted"'))).toBe(true);
  }
}

/** Name and bytes of every file: what the store has overwritten may still stand in one. */
function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((one) => one.isFile())
    .map(({ parentPath, name }) => `${name} ${readFileSync(join(parentPath, name), 'latin1')}`);
}

/** Everything in the store, sessions and device records too. */
async function entriesIn(folder: string): Promise<string[]> {
  const store = new ClassicLevel<string, string>(folder, { createIfMissing: false });
  const entries = await store.iterator().all();
  await store.close();
  return entries.map(([key, value]) => `${key} ${value}`);
}

describe.skipIf(!hasMosquitto)('a one-time code', () => {
  let broker: Mosquitto;

  beforeAll(async () => {
    broker = await startMosquitto();
  });

  test('at the first start: asked for by SMS, handed over as a bare number, and the cars are there', async () => {
    const one = await CodeBridge.start(broker, { weather: { code } });
    const { bridge } = one;
    await one.waitFor('otp_required');
    expect(await one.refusal()).toMatchObject({ status: 'rejected', code: 'not_ready' });
    expect(await one.otp('sms')).toMatchObject({ status: 'succeeded', command: 'otp' });
    expect(await one.otp(code)).toMatchObject({ status: 'succeeded' });
    await bridge.ready();
    expect(await bridge.refresh('car0', 'cached')).toMatchObject({ status: 'succeeded' });
    expect(one.asked()).toBe('sign_in 1, request_code 1, submit_code 1');
    await one.stop();
    await one.expectNoCode();
  });

  test('a wrong one, kill -9 and a stop between asking and answering, and the right one', async () => {
    const one = await CodeBridge.startAwaitingCode(broker);
    const { bridge } = one;
    const availability = bridge.topic('car0/availability');
    const isOnline = (): string => bridge.recorder.on(availability).at(-1)?.payload ?? '';
    await waitUntil(
      () => isOnline() === 'offline',
      10_000,
      () => 'car0 to be offline',
    );
    const refusal = await one.refusal();
    expect(refusal).toMatchObject({ status: 'rejected', code: 'otp_required' });
    expect(refusal.message).toContain('bluelink2mqtt login home');

    expect(await one.otp('email')).toMatchObject({ status: 'succeeded' });
    await one.kill();
    await one.startAgain('otp_required');
    expect(await one.refusal()).toMatchObject({ status: 'rejected', code: 'otp_required' });

    const wrong = await one.otp(wrongCode);
    expect(wrong).toMatchObject({ status: 'failed', code: 'otp_required', retryable: false });
    expect(wrong).not.toHaveProperty('value');
    await one.stop();
    await one.startAgain('otp_required');
    expect(await one.refusal()).toMatchObject({ status: 'rejected', code: 'otp_required' });
    expect(isOnline()).toBe('offline');

    const from = bridge.recorder.messages.length;
    const right = { id: 'mine', account: 'home', code };
    expect(await one.otp(right)).toMatchObject({ id: 'mine', status: 'succeeded' });
    await one.waitFor('ready', from);
    await waitUntil(
      () => isOnline() === 'online',
      10_000,
      () => 'car0 to be online',
    );
    expect(await bridge.refresh('car0', 'force')).toMatchObject({ status: 'succeeded' });
    // The same once more is the same command; another one comes too late.
    expect(await one.otp(right)).toMatchObject({ id: 'mine', replayed: true });
    expect(await one.otp(code)).toMatchObject({ status: 'failed', code: 'unsupported' });

    await one.kill();
    await one.startAgain('ready');
    expect(await bridge.refresh('car0', 'cached')).toMatchObject({ status: 'succeeded' });
    expect(one.asked()).toBe('sign_in 2, request_code 1, submit_code 2');
    await one.stop();
    await one.expectNoCode();
  });

  test('killed while the maker looks at it: it ends once, is not sent again, and can be tried again', async () => {
    const one = await CodeBridge.startAwaitingCode(broker);
    const { bridge } = one;
    await one.otp({ account: 'home', method: 'email' });
    await bridge.weather({ code, submit_code: { latency_ms: 60_000 } });
    await one.publish({ id: 'cut-off', code });
    await waitUntil(
      () => bridge.calls('submit_code').length === 1,
      10_000,
      () => 'the code to leave',
    );
    await one.kill();
    await bridge.weather({ code });
    await one.startAgain('otp_required');
    const cutOff = await bridge.recorder.waitForEnding('cut-off');
    expect(cutOff).toMatchObject({ status: 'failed', code: 'interrupted' });
    expect(one.asked()).toBe('sign_in 2, request_code 1, submit_code 1');
    expect(await one.otp({ code })).toMatchObject({ status: 'succeeded' });
    expect(await bridge.refresh('car0', 'cached')).toMatchObject({ status: 'succeeded' });
    await one.stop();
    await one.expectNoCode();
  });

  test('stopped while the maker looks at it: the stop waits, and the next start is signed in', async () => {
    const one = await CodeBridge.startAwaitingCode(broker);
    const { bridge } = one;
    await one.otp('email');
    await bridge.weather({ code, submit_code: { latency_ms: 1000 } });
    await one.publish({ id: 'last', code });
    await waitUntil(
      () => bridge.calls('submit_code').length === 1,
      10_000,
      () => 'the code to leave',
    );
    await one.stop();
    expect(bridge.statuses('last')).toEqual(['accepted', 'running', 'succeeded']);
    await one.startAgain('ready');
    expect(await bridge.refresh('car0', 'cached')).toMatchObject({ status: 'succeeded' });
    expect(one.asked()).toBe('sign_in 2, request_code 1, submit_code 1');
    await one.stop();
    await one.expectNoCode();
  });

  test('what asks for nothing sends nothing, and is told nowhere', async () => {
    const one = await CodeBridge.startAwaitingCode(broker);
    const { bridge } = one;
    const dry = await one.otp({ code, dry_run: true });
    expect(dry).toMatchObject({ status: 'succeeded', dry_run: true });
    for (const payload of [
      { account: 'other', code },
      { account: code, method: 'email' },
      { code, [`code${code}`]: true },
      { method: 'email', code },
      `{"code":"${code}`,
      `my code is ${code}`,
    ]) {
      expect(await one.otp(payload)).toMatchObject({ status: 'rejected', code: 'invalid_payload' });
    }
    await one.publish({ id: 'kept', code }, true);
    expect(await bridge.recorder.waitForEnding('kept')).toMatchObject({ code: 'retained' });
    expect(one.asked()).toBe('sign_in 2, request_code 0, submit_code 0');

    const signal = new AbortController().signal;
    const path = controlPath(bridge.daemon.stateDir);
    const client = new ControlClient({ path, signIn_ms: 10_000, signal });
    const answers: unknown[] = [
      await client.command('otp', { account: 'home', method: 'email' }),
      await client.command('otp', { account: 'home', code: wrongCode }),
      await client.command('otp', { account: 'other', code }),
      await client.account('home'),
    ];
    await waitUntil(
      () => bridge.calls('submit_code').length === 1,
      10_000,
      () => 'the code to leave',
    );
    for (const answer of answers.slice(0, 2)) {
      const taken = answer as Awaited<ReturnType<ControlClient['command']>>;
      if (!taken.ok) throw new Error(taken.failure.message);
      await bridge.recorder.waitForEnding(taken.value);
      answers.push(await client.events(taken.value));
    }
    expect(JSON.stringify(answers)).not.toMatch(new RegExp(`${code}|${wrongCode}`));
    expect(answers[2]).toMatchObject({ ok: false, failure: { code: 'invalid_payload' } });
    expect(await one.otp({ code })).toMatchObject({ status: 'succeeded' });
    await one.stop();
    await one.expectNoCode();
  });
});
