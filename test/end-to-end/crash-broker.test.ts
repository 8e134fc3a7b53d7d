import type { MqttClient } from 'mqtt';
import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { startCrashLab, type CrashLab } from '../support/crash-daemon.js';
import { breaches, readEffects, unended, wakes, type Sent } from '../support/crash-ledger.js';
import { sendCommand, startPublisher } from '../support/crash-publisher.js';
import { Chance } from '../support/crash-random.js';
import { hasMosquitto, startMosquitto, type Mosquitto } from '../support/mosquitto.js';
import { waitUntil } from '../support/wait.js';

describe.skipIf(!hasMosquitto)('a broker that goes and comes back', () => {
  test('restarts cleanly, again and again, and the bridge is killed, while commands are sent and run', async () => {
    const chance = Chance.ofThisRun();
    const { broker, lab, publisher, vehicles } = await setting({ force_latency: '100ms' });
    const sent: Sent[] = [];
    for (let round = 1; round <= 6; round += 1) {
      const taken = Promise.all(vehicles.map((vehicle) => send(publisher, sent, vehicle)));
      await pause(chance.between(0, 150));
      // A broker that restarts twice before a client is back has forgotten its session (mosquitto 2.0).
      const back = lab.online();
      await broker.restart();
      await Promise.all([taken, back]);
      // A third connection lost so soon would look like another client with the same id: the bridge would wait.
      if (round % 2 === 0) {
        await lab.kill();
        await lab.start();
      }
    }
    await expectOneEndingEach(lab, sent, `CRASH_SEED=${String(chance.seed)}`);
  });

  test('is killed while commands run that it has delivered', async () => {
    const { broker, lab, publisher, vehicles } = await setting({ force_latency: '3s' });
    const sent: Sent[] = [];
    for (const vehicle of vehicles) {
      await send(publisher, sent, vehicle);
      await lab.recorder.waitForStatus(sent.at(-1)?.id ?? '', ['running']);
    }
    // What a broker has not saved it forgets: only of what it has saved can anything be asked.
    const before = broker.log.items.length;
    await broker.log.waitFor(
      (line) => line.includes('Saving in-memory database'),
      5_000,
      () => 'the broker to save',
      before,
    );
    await broker.kill();
    await broker.start();
    await expectOneEndingEach(lab, sent, '');
    expect(wakes(await readEffects(lab.effectsFile))).toHaveLength(vehicles.length);
  });
});

describe.skipIf(!hasMosquitto)('a bridge that was away', () => {
  test('for less than the expiry of its session takes up what was sent meanwhile', async () => {
    const { broker, lab, vehicles } = await setting({ force_latency: '20ms' });
    await lab.kill();
    const sent = vehicles.flatMap((vehicle, index) => [
      commandOf(vehicle, `away-${String(index)}`, 'force'),
      { vehicle, value: `smart:${String(5000 + index)}`, payload: `smart:${String(5000 + index)}` },
    ]);
    for (const { vehicle, payload } of sent) {
      await broker.publish(`bluelink/${vehicle}/commands/refresh`, payload);
    }
    await lab.start();
    await expectOneEndingEach(lab, sent, '');
  });

  test('for longer than that wakes nothing, whether the broker restarted meanwhile or not', async () => {
    const { broker, lab, vehicles } = await setting({ force_latency: '20ms' }, '2s');
    const [vehicle = ''] = vehicles;
    const topic = `bluelink/${vehicle}/commands/refresh`;
    await lab.kill();
    await broker.publish(topic, 'force');
    await pause(3_000);
    await lab.start();
    await expectNothingWoken(lab, broker, vehicle, 'present');

    // A broker starts the session's expiry anew with itself: the bridge has to know better.
    await lab.kill();
    await broker.publish(topic, 'force');
    await broker.publish(topic, '{"value":"force","id":"queued"}');
    await broker.stop();
    await pause(3_000);
    await broker.start();
    await lab.start();
    await expectNothingWoken(lab, broker, vehicle, 'restarted');
  });
});

async function setting(simulator: Record<string, unknown>, session_expiry = '60s') {
  const broker = await startMosquitto({ persistence: true });
  const lab = await startCrashLab({
    broker,
    simulator: { vehicles: 2, latency: '4ms', ...simulator },
    mqtt: { session_expiry },
    config: { retry: { initial: '50ms', max: '200ms' }, refresh: { max_age: '7d' } },
  });
  await lab.start();
  const vehicles = await lab.vehicles(2);
  return { broker, lab, vehicles, publisher: await startPublisher(broker.url) };
}

function commandOf(vehicle: string, id: string, value: string): Sent {
  return { vehicle, id, value, payload: JSON.stringify({ value, id }) };
}

/** With an id: a publisher whose acknowledgement was lost sends a second time, and that is no second command. */
async function send(publisher: MqttClient, sent: Sent[], vehicle: string): Promise<void> {
  const command = commandOf(vehicle, `restart-${String(sent.length)}`, 'force');
  sent.push(command);
  await sendCommand(publisher, vehicle, command.payload);
}

async function expectOneEndingEach(lab: CrashLab, sent: Sent[], seed: string): Promise<void> {
  const open = (): string =>
    unended(sent, lab.recorder.messages)
      .map((one) => one.payload)
      .join(' ');
  await waitUntil(
    () => open() === '',
    30_000,
    () => `the endings of ${open()} ${seed}`,
  );
  const effects = await readEffects(lab.effectsFile);
  expect(breaches(sent, lab.recorder.messages, effects), seed).toEqual([]);
}

/** A command that is answered proves that what the broker had kept would have come before it. */
async function expectNothingWoken(
  lab: CrashLab,
  broker: Mosquitto,
  vehicle: string,
  id: string,
): Promise<void> {
  await broker.publish(
    `bluelink/${vehicle}/commands/refresh`,
    JSON.stringify({ value: 'cached', id }),
  );
  expect(await lab.recorder.waitForEnding(id)).toMatchObject({ status: 'succeeded' });
  expect(wakes(await readEffects(lab.effectsFile))).toEqual([]);
  expect(lab.recorder.events('queued')).toEqual([]);
}
