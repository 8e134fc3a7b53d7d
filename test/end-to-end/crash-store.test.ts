import { readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import type { SimulatorEffect } from '../../src/backends/simulator.js';
import type { Store } from '../../src/store/store.js';
import { nameOfCar, startInnerBridge, type InnerBridge } from '../support/crash-bridge.js';
import { sendCommand, startPublisher } from '../support/crash-publisher.js';
import { GatedStore, type HeldBatch } from '../support/crash-store.js';
import { hasMosquitto, startMosquitto, type Mosquitto } from '../support/mosquitto.js';
import { startRecorder } from '../support/recorder.js';
import { tempDir } from '../support/temp-dir.js';

const ids = ['one', 'two', 'three', 'four'];
const simulator = { vehicles: 1, latency: '0s', force_latency: '0s' };

describe.skipIf(!hasMosquitto)('a store that takes its time', () => {
  test('has the writes of four commands side by side, holds up nothing else, and acknowledges in order', async () => {
    const { broker, recorder, gated, vehicle } = await setting();
    const publisher = await startPublisher(broker.url);
    const send = (payload: string): Promise<void> => sendCommand(publisher, vehicle, payload);
    gated.shut();
    for (const id of ids) await send(JSON.stringify({ value: 'cached', id }));
    const batches = await Promise.all(ids.map((id) => heldOf(gated, id)));
    expect(recorder.events('one')).toEqual([]);

    // All four writes wait, and the bridge still takes, answers and is acknowledged.
    for (const id of ['bad-1', 'bad-2']) {
      await send(JSON.stringify({ value: 'nonsense', id }));
      expect(await recorder.waitForEnding(id)).toMatchObject({ code: 'invalid_payload' });
    }
    expect(acknowledged(broker)).toEqual([]);

    gated.open();
    for (const batch of batches.toReversed()) batch.release();
    for (const id of ids) {
      expect(await recorder.waitForEnding(id)).toMatchObject({ status: 'succeeded' });
    }
    await broker.log.waitFor(
      () => acknowledged(broker).length === ids.length + 2,
      5_000,
      () => `six acknowledgements, got ${acknowledged(broker).join()}`,
    );
    expect(acknowledged(broker)).toEqual(delivered(broker));
  });

  test('answers not_stored when a write takes too long, and undoes it when it lands after all', async () => {
    const { broker, recorder, gated, vehicle, bridge, restart } = await setting();
    const topic = `bluelink/${vehicle}/commands/refresh`;
    const late = JSON.stringify({ value: 'force', id: 'late' });
    gated.shut();
    await broker.publish(topic, late);
    const batch = await heldOf(gated, 'late');
    expect(await recorder.waitForEnding('late')).toMatchObject({
      status: 'rejected',
      code: 'not_stored',
      retryable: true,
    });
    gated.open();
    batch.release();
    // Behind it in the one row of writes: when this command is on the disk, the undoing is too.
    await broker.publish(topic, JSON.stringify({ value: 'cached', id: 'behind' }));
    await recorder.waitForEnding('behind');
    await bridge.stop();

    const again = await restart();
    await broker.publish(topic, JSON.stringify({ value: 'cached', id: 'after' }));
    await recorder.waitForEnding('after');
    expect(await commandsRun(again)).not.toContain('late');
    expect(recorder.events('late').map(({ status }) => status)).toEqual(['rejected']);
    // The id is free: the sender may try again.
    await broker.publish(topic, late);
    await recorder.waitForStatus('late', ['succeeded']);
    expect(await commandsRun(again)).toContain('late');
  });
});

async function setting() {
  const broker = await startMosquitto({ settings: ['log_type all'] });
  const recorder = await startRecorder(broker.url);
  const stateDir = await tempDir();
  const start = (around: (store: Store) => Store): Promise<InnerBridge> =>
    startInnerBridge({
      url: broker.url,
      stateDir,
      simulator,
      config: { retry: { initial: '10ms', max: '50ms' } },
      around,
    });
  let gated: GatedStore | undefined;
  const bridge = await start((store) => (gated = new GatedStore(store)));
  if (gated === undefined) throw new Error('the bridge was started without its store');
  const vehicle = await nameOfCar(recorder);
  const restart = async (): Promise<InnerBridge> => {
    const online = recorder.waitForNext(
      ({ topic, payload }) => topic === 'bluelink/bridge/availability' && payload === 'online',
    );
    const restarted = await start((store) => store);
    await online;
    return restarted;
  };
  return { broker, recorder, gated, vehicle, bridge, restart };
}

/** The write of a command's acceptance, as soon as it waits at the gate. */
function heldOf(gated: GatedStore, id: string): Promise<HeldBatch> {
  const isIts = ({ writes }: HeldBatch): boolean =>
    writes.some((write) => write.type === 'put' && write.value === id);
  return gated.held.waitFor(isIts, 5_000, () => `the write of ${id}`);
}

/** Packet ids of the commands that the broker has handed to the bridge, and of those it heard back of. */
function delivered(broker: Mosquitto): string[] {
  return packetIds(
    broker,
    /Sending PUBLISH to bluelink2mqtt \(d0, q1, r0, m(\d+), '.*\/commands\//,
  );
}

function acknowledged(broker: Mosquitto): string[] {
  return packetIds(broker, /Received PUBACK from bluelink2mqtt \(Mid: (\d+)/);
}

function packetIds(broker: Mosquitto, pattern: RegExp): string[] {
  return broker.log.items.flatMap((line) => pattern.exec(line)?.[1] ?? []);
}

async function commandsRun({ effectsFile }: InnerBridge): Promise<string[]> {
  const lines = (await readFile(effectsFile, 'utf8')).trim().split('\n');
  return lines.flatMap((line) => (JSON.parse(line) as SimulatorEffect).command_id ?? []);
}
