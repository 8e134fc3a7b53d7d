import { describe, expect, test } from 'vitest';
import { startDaemon } from './daemon.js';
import { hasMosquitto, startMosquitto } from './mosquitto.js';
import { stillRunning } from './processes.js';
import { startRecorder } from './recorder.js';

const accounts = [{ name: 'home', backend: 'simulator', simulator: { vehicles: 1 } }];

describe.skipIf(!hasMosquitto)('the built daemon of the tests', () => {
  test('comes online, logs, stops cleanly and leaves no process', async () => {
    const broker = await startMosquitto();
    const recorder = await startRecorder(broker.url);
    const daemon = await startDaemon({ config: { mqtt: { url: broker.url }, accounts } });
    await recorder.waitForTopic('bluelink/bridge/availability', 'online');
    await daemon.waitForLine(/connected to the broker/);
    const family = daemon.family();
    expect(family.map(({ pid }) => pid)).toContain(daemon.pid);
    expect(await daemon.stop()).toEqual({ code: 0, signal: null });
    expect(stillRunning(family)).toEqual([]);
    await recorder.waitForTopic('bluelink/bridge/availability', 'offline');
  });

  test('can be killed, and started again on the same state', async () => {
    const broker = await startMosquitto();
    const config = { mqtt: { url: broker.url }, accounts };
    const recorder = await startRecorder(broker.url);
    const first = await startDaemon({ config });
    await recorder.waitForTopic('bluelink/bridge/availability', 'online');
    first.kill('SIGKILL');
    expect(await first.exit).toEqual({ code: null, signal: 'SIGKILL' });
    await first.expectNothingLeft();
    const before = recorder.messages.length;
    await startDaemon({ config, stateDir: first.stateDir });
    const again = ({ topic, payload }: { topic: string; payload: string }): boolean =>
      topic === 'bluelink/bridge/availability' && payload === 'online';
    await recorder.waitFor(again, 10_000, before);
  });

  test('tells what it said when it ends instead of printing what is waited for', async () => {
    const daemon = await startDaemon({ config: { accounts } });
    await expect(daemon.waitForLine(/no such line/)).rejects.toThrow(/mqtt/);
    expect((await daemon.exit).code).toBe(78);
  });
});
