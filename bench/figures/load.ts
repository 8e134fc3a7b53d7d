import { setTimeout as pause } from 'node:timers/promises';
import { startMosquitto } from '../../test/support/mosquitto.js';
import { instantSimulator, startBridge, type Bridge } from '../bridge.js';
import { CommandClient } from '../command-client.js';
import { startEcho } from '../controls/echo.js';
import type { Figure, Row } from '../figure.js';
import { Probe } from '../probe.js';
import { interleave, median, percentile, type Sample } from '../statistics.js';

const bursts = 20;
const warmUpBursts = 10;

/** How late the main loop is while 100 commands come at once. */
export const eventLoop: Figure = {
  name: 'event-loop',
  async measure() {
    const { url } = await startMosquitto();
    const probe = await Probe.create();
    const bridge = await startBridge(url, { ...instantSimulator(10), ...probe.options });
    const client = await CommandClient.connect(url, bridge);
    const p99s: number[] = [];
    const worst: number[] = [];
    for (let burst = -warmUpBursts; burst < bursts; burst += 1) {
      await pause(100);
      await probe.read(bridge.daemon);
      await client.burst(hundredCommands(bridge));
      const { p99_ms, max_ms } = await probe.read(bridge.daemon);
      if (burst < 0) continue;
      p99s.push(p99_ms);
      worst.push(max_ms);
    }
    return [
      {
        figure: 'event-loop delay p99, 100 commands at once',
        value: median(p99s),
        unit: 'ms',
        target: { of: 'value', atMost: 20 },
        note: `of ${bursts} bursts over 10 cars, half of them wakes; the longest delay of all was ${percentile(worst, 1).toFixed(1)} ms`,
      },
    ];
  },
};

/** Of each car's ten commands every second one wakes it. */
function hundredCommands({ cars }: Bridge): [car: string, value: string][] {
  return Array.from({ length: 10 }, (_, round) =>
    cars.map((car): [string, string] => [car, round % 2 === 0 ? 'cached' : 'force']),
  ).flat();
}

/** As many as may wait for one car. */
const outstanding = 32;
/** From `outstanding` cars on no command finds another one's call to share. */
const fleets = [1, 10, outstanding, 100];

/** Commands a second with as many under way at any time, whatever the number of cars. */
export const throughput: Figure = {
  name: 'throughput',
  async measure() {
    const { url } = await startMosquitto();
    const echo = await startEcho(url);
    const runs: (() => Promise<Sample>)[] = [];
    for (const cars of fleets) {
      const bridge = await startBridge(url, { base: `cars${cars}`, ...instantSimulator(cars) });
      const client = await CommandClient.connect(url, bridge);
      runs.push(async () => ({
        [`${cars}`]: await client.perSecond(bridge.cars, outstanding, 1000),
      }));
    }
    const control = async (): Promise<Sample> => ({
      echo: await echo.perSecond(outstanding, 500),
    });
    const samples = await interleave(7, 3, [control, ...runs]);
    const of = (name: string): number => median(samples.get(name) ?? []);
    const rows = fleets.map((cars): Row => ({
      figure: `commands a second, ${cars} ${cars === 1 ? 'car' : 'cars'}`,
      value: of(`${cars}`),
      unit: '/s',
      control: { expression: 'echo', value: of('echo') },
      target: { of: 'value', atLeast: 500 },
    }));
    const flatness: Row = {
      figure: 'commands a second, 100 cars against 32',
      value: of('100'),
      unit: '/s',
      control: { expression: '32 cars', value: of(`${outstanding}`) },
      target: { of: 'ratio', atLeast: 0.8 },
    };
    return [...rows, flatness];
  },
};
