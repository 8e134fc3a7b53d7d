import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { GrowingList } from './growing-list.js';
import { hasMosquitto, startMosquitto } from './mosquitto.js';
import { isAvailable } from './programs.js';
import { familyOf, stillRunning } from './processes.js';
import { startRecorder } from './recorder.js';

describe.skipIf(!hasMosquitto)('a mosquitto of the tests', () => {
  test('hands a message of mosquitto_pub with its properties to the recorder', async () => {
    const broker = await startMosquitto();
    const recorder = await startRecorder(broker.url);
    await broker.publish('a/b', 'x'.repeat(9000), {
      arguments: ['-D', 'publish', 'correlation-data', 'c1'],
    });
    const message = await recorder.waitForTopic('a/b');
    expect(message.payload).toHaveLength(9000);
    expect(message.properties.correlationData?.toString()).toBe('c1');
  });

  test('keeps its port and, with persistence, what was retained over a restart and a kill', async () => {
    const broker = await startMosquitto({ persistence: true });
    await broker.publish('kept', 'yes', { retain: true });
    await broker.restart();
    const recorder = await startRecorder(broker.url);
    expect((await recorder.waitForTopic('kept', 'yes')).retain).toBe(true);
    await broker.kill();
    const subscribedAgain = recorder.waitForNext((message) => message.topic === 'kept');
    await broker.start();
    await subscribedAgain;
    await broker.publish('after', 'kill');
    await recorder.waitForTopic('after', 'kill');
  });

  test('sends an empty payload, which clears what was retained', async () => {
    const broker = await startMosquitto();
    const recorder = await startRecorder(broker.url);
    await broker.publish('kept', 'yes', { retain: true });
    await broker.publish('kept', '', { retain: true });
    await recorder.waitForTopic('kept', '');
    const later = await startRecorder(broker.url);
    await broker.publish('mark', '1');
    await later.waitForTopic('mark');
    expect(later.on('kept')).toEqual([]);
  });

  test('names the topic and the last messages when what is waited for does not come', async () => {
    const broker = await startMosquitto();
    const recorder = await startRecorder(broker.url);
    await broker.publish('a/b', 'something else');
    await recorder.waitForTopic('a/b');
    await expect(recorder.waitForTopic('a/c', undefined, 50)).rejects.toThrow('something else');
  });
});

test('a growing list answers from what it has, from an index on, or from what comes', async () => {
  const list = new GrowingList<number>();
  list.add(1);
  const what = (): string => 'a number';
  await expect(list.waitFor((n) => n === 1, 10, what)).resolves.toBe(1);
  await expect(list.waitFor((n) => n === 1, 10, what, 1)).rejects.toThrow('a number');
  const coming = list.waitFor((n) => n > 1, 1000, what);
  list.add(5);
  await expect(coming).resolves.toBe(5);
});

test('the family of a process holds its children, whatever became of the process', async () => {
  const parent = spawn('sh', ['-c', 'sleep 60 & echo $!; exec sleep 60'], {
    detached: true,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const pid = parent.pid ?? 0;
  await once(parent.stdout, 'data');
  const family = familyOf(pid);
  expect(family).toHaveLength(2);
  parent.kill('SIGKILL');
  await once(parent, 'exit');
  const left = stillRunning(family);
  expect(left).toHaveLength(1);
  expect(familyOf(pid).map((one) => one.pid)).toEqual(left.map((one) => one.pid));
  for (const one of left) process.kill(one.pid, 'SIGKILL');
});

test('what is missing is skipped at home and an error in continuous integration', () => {
  onTestFinished(() => {
    vi.unstubAllEnvs();
  });
  vi.stubEnv('CI', '');
  expect(isAvailable(false, 'a program')).toBe(false);
  vi.stubEnv('CI', 'true');
  expect(isAvailable(true, 'a program')).toBe(true);
  expect(() => isAvailable(false, 'a program')).toThrow('a program is missing');
});
