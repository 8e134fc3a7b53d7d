import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { SimulatorEffect } from '../../src/backends/simulator.js';
import { startMosquitto } from '../../test/support/mosquitto.js';
import { tempDir } from '../../test/support/temp-dir.js';
import { instantSimulator, startBridge, type Bridge } from '../bridge.js';
import { CommandClient } from '../command-client.js';
import type { Figure } from '../figure.js';
import { interleave, median, type Sample } from '../statistics.js';

const cars = 10;
/** How long the cloud takes for a read: a poll of every car is always under way or waits. */
const latency_ms = 100;
const every_ms = 50;
const settle_ms = 3000;
const rounds = 100;

/** A person's cached read on a bridge that polls every car all the time, against one that does not. */
export const polls: Figure = {
  name: 'polls',
  async measure() {
    const { url } = await startMosquitto();
    const latency = `${latency_ms}ms`;
    const log_file = join(await tempDir(), 'cloud.jsonl');
    const idle = await startBridge(url, {
      base: 'idle',
      ...instantSimulator(cars, { latency }),
      config: { polling: { enabled: false } },
    });
    const polling = await startBridge(url, {
      base: 'polling',
      ...instantSimulator(cars, { latency, log_file }),
      environment: { BENCH_POLL_EVERY_MS: String(every_ms) },
      nodeOptions: ['--import', new URL('../hasty-polls.mjs', import.meta.url).href],
    });
    const [ofIdle, ofPolling] = [
      await CommandClient.connect(url, idle),
      await CommandClient.connect(url, polling),
    ];
    await pause(settle_ms);
    const read =
      (name: string, client: CommandClient, { cars: names }: Bridge) =>
      async (round: number): Promise<Sample> => {
        const car = names[round % names.length] ?? '';
        return { [name]: (await client.measure(car, 'cached')).succeeded_ms };
      };
    let round = 0;
    const [onIdle, onPolling] = [read('idle', ofIdle, idle), read('polling', ofPolling, polling)];
    const samples = await interleave(rounds, 30, [
      () => onIdle((round += 1)),
      () => onPolling(round),
    ]);
    const polled = await pollsIn(log_file);
    if (polled < rounds) throw new Error(`only ${polled} polls were made meanwhile`);
    return [
      {
        figure: "a person's cached read while a poll of every car runs, p50",
        value: median(samples.get('polling') ?? []),
        unit: 'ms',
        control: { expression: 'idle bridge', value: median(samples.get('idle') ?? []) },
        target: { of: 'ratio', atMost: 1.2 },
        note: `${cars} cars, a read takes the cloud ${latency_ms} ms; ${polled} polls went meanwhile, one after another`,
      },
    ];
  },
};

/** Reads that nobody sent a command for. */
async function pollsIn(file: string): Promise<number> {
  const lines = (await readFile(file, 'utf8')).trim().split('\n');
  const effects = lines.map((line) => JSON.parse(line) as SimulatorEffect);
  return effects.filter(
    ({ operation, phase, command_id }) =>
      operation === 'cached' && phase === 'done' && command_id === null,
  ).length;
}
