import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { startMosquitto } from '../../test/support/mosquitto.js';
import { tempDir } from '../../test/support/temp-dir.js';
import { instantSimulator, startBridge, type Bridge } from '../bridge.js';
import { CommandClient } from '../command-client.js';
import type { Figure } from '../figure.js';
import { interleave, median, type Sample } from '../statistics.js';

const cars = 10;
/** Long enough that nothing that hangs is ended while it is measured. */
const deadline = '30m';

/** A cached read on a bridge whose wake lanes all hang, against one that has nothing else to do. */
export const hungWakes: Figure = {
  name: 'hung-wakes',
  async measure() {
    const { url } = await startMosquitto();
    const idle = await startBridge(url, { base: 'idle', ...instantSimulator(cars) });
    const hung = await startHanging(url, { '*': { force: { hang: true } } });
    const [ofIdle, ofHung] = [
      await CommandClient.connect(url, idle),
      await CommandClient.connect(url, hung),
    ];
    for (const car of hung.cars) ofHung.send(car, 'force');
    const read =
      (name: string, client: CommandClient, { cars: [car = ''] }: Bridge) =>
      async (): Promise<Sample> => ({ [name]: (await client.measure(car, 'cached')).succeeded_ms });
    const samples = await interleave(200, 150, [
      read('idle', ofIdle, idle),
      read('hung', ofHung, hung),
    ]);
    return [
      {
        figure: 'cached read while all wake lanes hang, p50',
        value: median(samples.get('hung') ?? []),
        unit: 'ms',
        control: { expression: 'idle bridge', value: median(samples.get('idle') ?? []) },
        target: { of: 'ratio', atMost: 1.2 },
      },
    ];
  },
};

/** What the other cars of an account get done while one car never answers anything. */
export const hungCar: Figure = {
  name: 'hung-car',
  async measure() {
    const { url } = await startMosquitto();
    const idle = await startBridge(url, { base: 'idle', ...instantSimulator(cars) });
    const control = await startControl();
    const hung = await startBridge(url, {
      base: 'hung',
      ...instantSimulator(cars, { control_file: control.file }),
      config: { workers: { deadline: { cached: deadline, force: deadline } } },
    });
    const [ofIdle, ofHung] = [
      await CommandClient.connect(url, idle),
      await CommandClient.connect(url, hung),
    ];
    const [victim = '', ...others] = hung.cars;
    await control.write({ [victim]: { cached: { hang: true }, force: { hang: true } } });
    ofHung.send(victim, 'cached');
    ofHung.send(victim, 'force');
    // The first further read thread comes when the only one has been busy for so long.
    await pause(3000);
    const run =
      (name: string, client: CommandClient, of: readonly string[]) =>
      async (): Promise<Sample> => ({
        [name]: await client.perSecond(of, 32, 1000),
      });
    const samples = await interleave(5, 2, [
      run('idle', ofIdle, idle.cars.slice(1)),
      run('hung', ofHung, others),
    ]);
    return [
      {
        figure: 'commands of the other cars while one hangs',
        value: median(samples.get('hung') ?? []),
        unit: '/s',
        control: { expression: 'none hangs', value: median(samples.get('idle') ?? []) },
        target: { of: 'ratio', atLeast: 0.8 },
      },
    ];
  },
};

async function startHanging(url: string, vehicles: unknown): Promise<Bridge> {
  const control = await startControl();
  await control.write(vehicles);
  return startBridge(url, {
    base: 'hung',
    ...instantSimulator(cars, { control_file: control.file }),
    config: { workers: { deadline: { cached: deadline, force: deadline } } },
  });
}

/** The file by which the simulator is told its faults. */
async function startControl(): Promise<{
  readonly file: string;
  readonly write: (vehicles: unknown) => Promise<void>;
}> {
  const file = join(await tempDir(), 'control.json');
  const write = (vehicles: unknown): Promise<void> => writeFile(file, JSON.stringify({ vehicles }));
  await write({});
  return { file, write };
}
