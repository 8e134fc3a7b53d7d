import { randomBytes } from 'node:crypto';
import { beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import type { CallMethod } from '../../src/fleet/call-wire.js';
import { createCipher } from '../../src/store/cipher.js';
import { later } from '../dispatch/outcomes.js';
import { hasNats, startNats, type NatsServer } from '../support/nats.js';
import { waitUntil } from '../support/wait.js';
import { anInstance, type CallingInstance } from './a-fleet.js';

const echo: CallMethod<{ text: string }, { text: string; from: string }> = {
  name: 'test.echo',
  params: z.object({ text: z.string() }),
  result: z.object({ text: z.string(), from: z.string() }),
};

const soon = { timeout_ms: 10_000 };

describe.runIf(hasNats)('calls from instance to instance', () => {
  let nats: NatsServer;
  let count = 0;

  beforeAll(async () => {
    nats = await startNats();
  });

  /** Instances of a fleet of their own: the tests share one server. */
  async function fleetOf(...names: string[]): Promise<CallingInstance[]> {
    count += 1;
    const name = `fleet${String(count)}`;
    return Promise.all(names.map((instance) => anInstance(nats, instance, { name })));
  }

  async function two(): Promise<readonly [CallingInstance, CallingInstance]> {
    const [one, other] = await fleetOf('pi-1', 'pi-2');
    if (one === undefined || other === undefined) throw new Error('expected two');
    return [one, other];
  }

  function echoOf({ calls }: CallingInstance): void {
    calls.serve(echo, ({ text }) => ({ text, from: calls.instance }));
  }

  test('the one that is meant answers', async () => {
    const [one, other] = await two();
    echoOf(one);
    echoOf(other);
    const told = await one.calls.ask('pi-2', echo, { text: 'hello' }, soon);
    expect(told).toEqual({ text: 'hello', from: 'pi-2' });
  });

  test('the own instance is answered while NATS is away', async () => {
    const own = await startNats();
    const one = await anInstance(own, 'pi-1');
    echoOf(one);
    await own.kill();
    const told = await one.calls.ask('pi-1', echo, { text: 'hello' }, soon);
    expect(told).toEqual({ text: 'hello', from: 'pi-1' });
    await waitUntil(
      async () => {
        const error = await one.calls
          .ask('pi-2', echo, { text: '' }, { timeout_ms: 50 })
          .catch((thrown: unknown) => thrown);
        return error instanceof Error && error.message.includes('no connection to NATS');
      },
      10_000,
      () => 'the loss of the connection to be noticed',
    );
  });

  test('a question of before an outage is not sent after it', async () => {
    const own = await startNats();
    const one = await anInstance(own, 'pi-1');
    const other = await anInstance(own, 'pi-2');
    const asked: string[] = [];
    other.calls.serve(echo, ({ text }) => {
      asked.push(text);
      return { text, from: 'pi-2' };
    });
    await own.kill();
    await expect(one.connection.rtt()).rejects.toThrow();
    const lost = one.calls.ask('pi-2', echo, { text: 'lost' }, { timeout_ms: 100 });
    await expect(lost).rejects.toMatchObject({ trouble: 'away', mayHaveRun: false });
    await own.start();
    await waitUntil(
      async () => {
        const told = one.calls.ask('pi-2', echo, { text: 'later' }, { timeout_ms: 500 });
        return told.then(
          () => true,
          () => false,
        );
      },
      10_000,
      () => 'an answer after the outage',
    );
    expect(asked).not.toContain('lost');
  });

  test('one that is not there is known to be away at once, and to have done nothing', async () => {
    const [one] = await two();
    const asked = one.calls.ask('pi-9', echo, { text: '' }, { timeout_ms: 600_000 });
    await expect(asked).rejects.toMatchObject({
      trouble: 'away',
      mayHaveRun: false,
      message: 'the instance pi-9 is not there to answer test.echo',
    });
  });

  test('one that does not answer in time may have done it', async () => {
    const [one, other] = await two();
    other.calls.serve(echo, () => new Promise(() => undefined));
    const asked = one.calls.ask('pi-2', echo, { text: '' }, { timeout_ms: 50 });
    await expect(asked).rejects.toMatchObject({ trouble: 'away', mayHaveRun: true });
  });

  test('nothing waits for a call that hangs', async () => {
    const [one, other] = await two();
    const hung = later<undefined>();
    other.calls.serve(echo, async ({ text }) => {
      if (text === 'hang') await hung.promise;
      return { text, from: 'pi-2' };
    });
    const first = one.calls.ask('pi-2', echo, { text: 'hang' }, soon);
    const told = await one.calls.ask('pi-2', echo, { text: 'quick' }, soon);
    expect(told.text).toBe('quick');
    hung.keep(undefined);
    await expect(first).resolves.toMatchObject({ text: 'hang' });
  });

  test('what a handler throws stays where it happened', async () => {
    const [one, other] = await two();
    other.calls.serve(echo, () => {
      throw new Error('the code 918273 was wrong');
    });
    const failed = await one.calls
      .ask('pi-2', echo, { text: '' }, soon)
      .catch((error: unknown) => error);
    expect(failed).toMatchObject({
      trouble: 'failed',
      message: 'the instance pi-2 failed at test.echo',
    });
    expect(one.lines.join('')).not.toContain('918273');
    expect(other.lines.join('')).toContain('a call from an instance failed');
  });

  test('a call that the other release does not know, or knows otherwise, fails and says so', async () => {
    const [one, other] = await two();
    await expect(one.calls.ask('pi-2', echo, { text: '' }, soon)).rejects.toMatchObject({
      trouble: 'failed',
      mayHaveRun: false,
      message: 'the instance pi-2 does not know test.echo: it may be of another release',
    });
    const other_form = { name: echo.name, params: z.object({ word: z.string() }), result: z.any() };
    other.calls.serve(other_form, () => ({}));
    await expect(one.calls.ask('pi-2', echo, { text: '' }, soon)).rejects.toMatchObject({
      trouble: 'failed',
      mayHaveRun: false,
      message: 'the instance pi-2 does not understand test.echo',
    });
    other.calls.serve({ ...echo, result: z.any() }, () => ({ word: 1 }));
    await expect(one.calls.ask('pi-2', echo, { text: '' }, soon)).rejects.toMatchObject({
      trouble: 'failed',
      message: 'pi-2 answered test.echo in another form',
    });
  });

  test('long messages are zipped, both ways', async () => {
    const [one, other] = await two();
    echoOf(other);
    const text = 'state of charge '.repeat(200_000);
    const told = await one.calls.ask('pi-2', echo, { text }, soon);
    expect(told.text).toBe(text);
  });

  test('what is too large even so is refused with its size', async () => {
    const [one, other] = await two();
    const text = randomBytes(1_500_000).toString('base64');
    const asked = one.calls.ask('pi-2', echo, { text }, soon);
    await expect(asked).rejects.toMatchObject({
      trouble: 'failed',
      mayHaveRun: false,
      message: expect.stringMatching(
        /^the question test.echo has \d{7} bytes, and NATS takes 1048576$/,
      ) as string,
    });
    other.calls.serve(echo, () => ({ text, from: 'pi-2' }));
    await expect(one.calls.ask('pi-2', echo, { text: '' }, soon)).rejects.toMatchObject({
      trouble: 'failed',
      message: 'the answer of pi-2 to test.echo is too large',
    });
  });

  test('all are asked at once, and who does not answer is left out', async () => {
    const [one, two, three] = await fleetOf('pi-1', 'pi-2', 'pi-3');
    if (one === undefined || two === undefined || three === undefined) throw new Error('three');
    echoOf(one);
    echoOf(two);
    three.calls.serve(echo, () => new Promise(() => undefined));
    const asked = ['pi-1', 'pi-2', 'pi-3', 'pi-4'];
    const told = await one.calls.askAll(asked, echo, { text: 'x' }, { timeout_ms: 500 });
    expect([...told]).toEqual([
      ['pi-1', { text: 'x', from: 'pi-1' }],
      ['pi-2', { text: 'x', from: 'pi-2' }],
      ['pi-3', undefined],
      ['pi-4', undefined],
    ]);
  });

  test('nothing that is said can be read on the way', async () => {
    const [one, other] = await two();
    echoOf(other);
    const said: Buffer[] = [];
    const listener = await nats.connect('listener');
    listener.subscribe('>', {
      callback: (_, { data }) => {
        said.push(Buffer.from(data));
      },
    });
    await listener.flush();
    await one.calls.ask('pi-2', echo, { text: 'code 918273' }, soon);
    await listener.flush();
    const heard = said.map((data) => data.toString('latin1')).join(' ');
    expect(said.length).toBeGreaterThanOrEqual(2);
    expect(heard).not.toContain('918273');
    expect(heard).not.toContain('test.echo');
  });

  test('who has another key is not heard, nor a message that was meant for another instance', async () => {
    const [one, other] = await two();
    const asked: string[] = [];
    other.calls.serve(echo, ({ text }) => {
      asked.push(text);
      return { text, from: 'pi-2' };
    });
    const name = `fleet${String(count)}`;
    const wrong = createCipher({ current: Buffer.alloc(32, 8) });
    const stranger = await anInstance(nats, 'stranger', { name, with: wrong });
    const refused = stranger.calls.ask('pi-2', echo, { text: 'strange' }, { timeout_ms: 300 });
    await expect(refused).rejects.toMatchObject({ trouble: 'away' });
    // What somebody heard on the way to pi-1 is sent to pi-2.
    const copies: Uint8Array[] = [];
    const listener = await nats.connect('listener');
    listener.subscribe(`${name}.ask.pi-9`, {
      callback: (_, { data }) => {
        copies.push(data);
      },
    });
    await listener.flush();
    const toAnother = one.calls.ask('pi-9', echo, { text: 'copied' }, { timeout_ms: 300 });
    await expect(toAnother).rejects.toMatchObject({ trouble: 'away' });
    expect(copies).toHaveLength(1);
    for (const copy of copies) listener.publish(`${name}.ask.pi-2`, copy);
    await listener.flush();
    const unread = 'what came for this instance could not be answered';
    await waitUntil(
      () => other.lines.filter((line) => line.includes(unread)).length === 2,
      10_000,
      () => 'both to be refused',
    );
    expect(asked).toEqual([]);
  });

  test('a signal ends the waiting', async () => {
    const [one, other] = await two();
    const stop = new AbortController();
    other.calls.serve(echo, () => {
      stop.abort();
      return new Promise(() => undefined);
    });
    const options = { timeout_ms: 600_000, signal: stop.signal };
    const asked = one.calls.ask('pi-2', echo, { text: '' }, options);
    await expect(asked).rejects.toMatchObject({ trouble: 'away', mayHaveRun: true });
    const again = one.calls.ask('pi-2', echo, { text: '' }, options);
    await expect(again).rejects.toMatchObject({ trouble: 'away', mayHaveRun: false });
  });

  test('a watched call outlives many looks, and ends when the other one was restarted', async () => {
    const [one, other] = await two();
    const works = later<{ text: string; from: string }>();
    const reached = later<undefined>();
    other.calls.serve(echo, () => {
      reached.keep(undefined);
      return works.promise;
    });
    const watched = { timeout_ms: 600_000, watch_ms: 100 };
    const patient = one.calls.ask('pi-2', echo, { text: '' }, watched);
    await reached.promise;
    await new Promise((resolve) => setTimeout(resolve, 1000));
    works.keep({ text: 'done', from: 'pi-2' });
    await expect(patient).resolves.toMatchObject({ text: 'done' });

    const begun = later<undefined>();
    other.calls.serve(echo, () => {
      begun.keep(undefined);
      return new Promise(() => undefined);
    });
    const orphan = one.calls.ask('pi-2', echo, { text: '' }, watched);
    const ended = expect(orphan).rejects.toMatchObject({ trouble: 'away', mayHaveRun: true });
    await begun.promise;
    await other.connection.close();
    await anInstance(nats, 'pi-2', { name: `fleet${String(count)}` });
    await ended;
  });

  test('one that stops answers what runs as not done in time, and is away then', async () => {
    const [one, other] = await two();
    const begun = later<undefined>();
    other.calls.serve(echo, () => {
      begun.keep(undefined);
      return new Promise(() => undefined);
    });
    const asked = one.calls.ask('pi-2', echo, { text: '' }, { timeout_ms: 600_000 });
    const ended = expect(asked).rejects.toMatchObject({ trouble: 'away', mayHaveRun: true });
    await begun.promise;
    await other.calls.stop();
    await ended;
    const again = one.calls.ask('pi-2', echo, { text: '' }, { timeout_ms: 600_000 });
    await expect(again).rejects.toMatchObject({ trouble: 'away', mayHaveRun: false });
    const own = other.calls.ask('pi-1', echo, { text: '' }, soon);
    await expect(own).rejects.toMatchObject({ trouble: 'away', mayHaveRun: false });
  });
});
