import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { startCrashLab, type CrashLab } from '../support/crash-daemon.js';
import { breaches, readEffects, unended, wakes, type Sent } from '../support/crash-ledger.js';
import { sendCommand, startPublisher } from '../support/crash-publisher.js';
import { Chance } from '../support/crash-random.js';
import { hasMosquitto, startMosquitto } from '../support/mosquitto.js';
import { waitUntil } from '../support/wait.js';

/** `CRASH_KILLS` makes it as long as one likes. */
const kills = Number(process.env['CRASH_KILLS'] ?? 16);
const responseTopic = 'replies/crash';

/** Commands of every kind, each to be told from all others. */
class Commands {
  readonly sent: Sent[] = [];
  readonly #chance: Chance;
  readonly #vehicles: readonly string[];

  constructor(chance: Chance, vehicles: readonly string[]) {
    this.#chance = chance;
    this.#vehicles = vehicles;
  }

  next(mode?: string): Sent {
    const number = this.sent.length;
    const vehicle = this.#vehicles[number % this.#vehicles.length] ?? '';
    const command =
      mode === undefined && this.#chance.in(0.4)
        ? bareWord(vehicle, number)
        : withId(vehicle, number, mode ?? this.#chance.oneOf('force', 'force', 'cached', 'smart'));
    this.sent.push(command);
    return command;
  }
}

function bareWord(vehicle: string, number: number): Sent {
  const value = `smart:${String(301 + number)}`;
  return { vehicle, value, payload: value, responseTopic };
}

function withId(vehicle: string, number: number, value: string): Sent {
  const id = `crash-${String(number)}`;
  return { vehicle, value, id, payload: JSON.stringify({ value, id }) };
}

describe.skipIf(!hasMosquitto)('kill -9', () => {
  test(
    'at any moment: every command ends once, nothing runs twice, ids are remembered',
    { timeout: 300_000 },
    async () => {
      const chance = Chance.ofThisRun();
      const broker = await startMosquitto();
      const lab = await startCrashLab({
        broker,
        simulator: { vehicles: 2, latency: '4ms', force_latency: '25ms' },
        // A `force` that goes on as `smart` finds the cloud's data young enough; `smart:<s>` does not.
        config: { commands: { queue_per_vehicle: 1000 }, refresh: { max_age: '7d' } },
      });
      const publisher = await startPublisher(broker.url);
      await lab.start();
      const commands = new Commands(chance, await lab.vehicles(2));

      const burst = (): Promise<unknown> =>
        Promise.all(
          Array.from({ length: chance.whole(1, 5) }, async () => {
            const command = commands.next();
            await sendCommand(publisher, command.vehicle, command.payload, propertiesOf(command));
          }),
        );

      // With both threads of a car at work, a kill comes between the steps of a call and not before the first.
      const warmUp = async (): Promise<void> => {
        const command = commands.next('force');
        await sendCommand(publisher, command.vehicle, command.payload);
        await waitForEndings(lab, commands.sent, chance.seed);
      };

      for (let killed = 0; killed < kills; killed += 1) {
        const taken = burst();
        await pause(delayBeforeKill(chance));
        await lab.kill();
        await taken;
        // Most lives begin in peace; some are over before they have connected.
        if (chance.in(0.2)) {
          await lab.launch();
          await pause(chance.between(150, 600));
        } else {
          await lab.start();
          if (chance.in(0.6)) await warmUp();
        }
      }
      await lab.kill();
      await lab.start();
      await waitForEndings(lab, commands.sent, chance.seed);
      await sendAgain(lab, publisher, commands.sent);
      expect((await lab.daemon.stop()).code).toBe(0);

      const effects = await readEffects(lab.effectsFile);
      const found = breaches(commands.sent, lab.recorder.messages, effects);
      const failed = lab.recorder.messages.filter(
        ({ topic, payload }) =>
          topic.endsWith('/result') && /"(failed|expired|rejected)"/.test(payload),
      );
      expect([...found, ...failed], `CRASH_SEED=${String(chance.seed)}`).toEqual([]);
      // Otherwise the kills would have proved nothing: some calls were cut off, and some were not.
      const [cutOff, whole] = forcesByFate(lab, commands.sent);
      expect(cutOff).toBeGreaterThan(0);
      expect(whole).toBeGreaterThan(0);
    },
  );

  test('a force that was under way goes on as smart and wakes nothing again', async () => {
    const broker = await startMosquitto();
    const lab = await startCrashLab({
      broker,
      simulator: { vehicles: 1, latency: '4ms', force_latency: '60s' },
      config: { refresh: { max_age: '7d' } },
    });
    await lab.start();
    const [vehicle = ''] = await lab.vehicles(1);
    const publisher = await startPublisher(broker.url);
    // The second joins the first: neither is alone in having woken the car.
    const ids = ['first', 'second'];
    for (const id of ids) {
      await sendCommand(publisher, vehicle, JSON.stringify({ value: 'force', id }));
      await lab.recorder.waitForStatus(id, ['running']);
    }
    await lab.kill();
    await lab.start();
    for (const id of ids) {
      const ending = await lab.recorder.waitForEnding(id);
      expect(ending).toMatchObject({ status: 'succeeded', decision: 'fresh_enough' });
    }
    expect(wakes(await readEffects(lab.effectsFile))).toHaveLength(1);
  });

  test('what is sent after the very first online is not lost, however soon the bridge is killed', async () => {
    const broker = await startMosquitto();
    const lab = await startCrashLab({
      broker,
      simulator: { vehicles: 1, latency: '0s' },
      config: { refresh: { on_start: 'off' } },
    });
    await lab.start();
    await lab.kill();
    await broker.publish('bluelink/bridge/commands/announce', '{"id":"early"}');
    await lab.start();
    await lab.recorder.waitForEnding('early');
  });
});

/** How many `force` went on as `smart` in a later life (their ending has a decision), and how many did not have to. */
function forcesByFate(lab: CrashLab, sent: readonly Sent[]): [number, number] {
  const ended = sent
    .flatMap(({ id, value }) => (id === undefined || value !== 'force' ? [] : [id]))
    .map((id) => lab.recorder.events(id).find((event) => event.status === 'succeeded'));
  const cutOff = ended.filter((event) => event?.decision !== undefined).length;
  return [cutOff, ended.length - cutOff];
}

function delayBeforeKill(chance: Chance): number {
  return chance.in(0.7) ? chance.between(0, 30) : chance.between(30, 150);
}

function propertiesOf({ responseTopic: topic, value }: Sent) {
  return topic === undefined ? {} : { responseTopic: topic, correlationData: Buffer.from(value) };
}

async function waitForEndings(lab: CrashLab, sent: readonly Sent[], seed: number): Promise<void> {
  const open = (): Sent[] => unended(sent, lab.recorder.messages);
  const what = (): string =>
    `the endings of ${open()
      .map((one) => one.payload)
      .join(' ')} (CRASH_SEED=${String(seed)})`;
  await waitUntil(() => open().length === 0, 30_000, what);
}

/** Every id once more: it is answered from the journal, and the vendor hears nothing of it. */
async function sendAgain(
  lab: CrashLab,
  publisher: Parameters<typeof sendCommand>[0],
  sent: readonly Sent[],
): Promise<void> {
  const ofCommands = async (): Promise<unknown[]> =>
    (await readEffects(lab.effectsFile)).filter((one) => one.command_id !== null);
  const before = await ofCommands();
  const withIds = sent.flatMap(({ id, ...command }) =>
    id === undefined ? [] : [{ id, ...command }],
  );
  for (const { vehicle, payload } of withIds) await sendCommand(publisher, vehicle, payload);
  for (const { id } of withIds) {
    const replayed = (): boolean => lab.recorder.events(id).some((event) => event.replayed);
    await waitUntil(replayed, 10_000, () => `${id} to be replayed`);
  }
  expect(await ofCommands()).toEqual(before);
}
