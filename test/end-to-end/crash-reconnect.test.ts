import { MqttClient } from 'mqtt';
import { Socket } from 'node:net';
import { queryObjects } from 'node:v8';
import { describe, expect, test } from 'vitest';
import { Cuttable } from '../support/cuttable.js';
import { systemClock } from '../../src/daemon/clock.js';
import { nameOfCar, startInnerBridge } from '../support/crash-bridge.js';
import { hasMosquitto, startMosquitto } from '../support/mosquitto.js';
import { startRecorder, type Recorder } from '../support/recorder.js';
import { tempDir } from '../support/temp-dir.js';
import { waitUntil } from '../support/wait.js';

const reconnects = 100;

describe.skipIf(!hasMosquitto)('a connection that is cut a hundred times', () => {
  test('leaves no listener, timer, socket or client behind, and commands go on', async () => {
    const broker = await startMosquitto();
    const line = await Cuttable.before(broker.port);
    const recorder = await startRecorder(broker.url);
    // For the bridge each connection lasts long enough not to look like a fight with another client over its id.
    let leap_ms = 0;
    await startInnerBridge({
      url: line.url,
      stateDir: await tempDir(),
      simulator: { vehicles: 1, latency: '0s', force_latency: '0s' },
      config: { retry: { initial: '10ms', max: '10ms' } },
      clock: {
        now: () => systemClock.now(),
        monotonic: () => systemClock.monotonic() + leap_ms,
      },
    });
    const vehicle = await nameOfCar(recorder);

    const cut = async (times: number): Promise<void> => {
      for (let count = 0; count < times; count += 1) {
        const back = isOnline(recorder);
        leap_ms += 6_000;
        line.cut();
        await back;
      }
    };
    const command = async (id: string): Promise<void> => {
      await broker.publish(
        `bluelink/${vehicle}/commands/refresh`,
        JSON.stringify({ value: 'force', id }),
      );
      expect(await recorder.waitForEnding(id)).toMatchObject({ status: 'succeeded' });
    };

    await cut(5);
    await command('before');
    const before = belongings();
    await cut(reconnects);
    await command('after');
    const leaks = (): string[] => grown(before, belongings());
    await waitUntil(
      () => leaks().length === 0,
      5_000,
      () => `the release of ${leaks().join()}`,
    );
  });
});

/** What a reconnect may leave behind, by kind. */
function belongings(): Record<string, number> {
  const resources = process.getActiveResourcesInfo();
  const counts: Record<string, number> = {
    clients: queryObjects(MqttClient, { format: 'count' }),
    sockets: queryObjects(Socket, { format: 'count' }),
    listeners: process.eventNames().reduce((sum, name) => sum + process.listenerCount(name), 0),
  };
  for (const kind of resources) counts[kind] = (counts[kind] ?? 0) + 1;
  return counts;
}

/** A few more may be on their way out; a tenth of a thing per reconnect is a leak. */
function grown(before: Record<string, number>, after: Record<string, number>): string[] {
  return Object.entries(after)
    .filter(([kind, count]) => count > (before[kind] ?? 0) + reconnects / 10)
    .map(([kind, count]) => `${kind}: ${String(before[kind] ?? 0)} → ${String(count)}`);
}

function isOnline(recorder: Recorder): Promise<unknown> {
  return recorder.waitForNext(
    ({ topic, payload }) => topic === 'bluelink/bridge/availability' && payload === 'online',
  );
}
