import { startMosquitto } from '../../test/support/mosquitto.js';
import { instantSimulator, startBridge } from '../bridge.js';
import { CommandClient } from '../command-client.js';
import { startEcho } from '../controls/echo.js';
import { startPool } from '../controls/pool.js';
import { startStdio } from '../controls/stdio.js';
import { startWrites } from '../controls/write.js';
import type { Figure, Finding, Row } from '../figure.js';
import { python, pythonAccount } from '../python-account.js';
import { interleave, median, type Sample } from '../statistics.js';

const rounds = 300;
/** Until the daemon's code has been compiled for speed. */
const warmUp = 150;
const target = { of: 'ratio', atMost: 1.5 } as const;

/** How long one command takes on a bridge that has nothing else to do, against what it consists of. */
export const latency: Figure = {
  name: 'latency',
  async measure() {
    const { url } = await startMosquitto();
    const bridge = await startBridge(url, instantSimulator(1));
    const of = await measure(url, bridge, {});
    const accepted: Row = {
      figure: 'command → accepted, p50',
      value: of('accepted'),
      unit: 'ms',
      control: { expression: 'echo + write', value: of('echo') + of('write') },
      target,
    };
    const succeeded: Row = {
      figure: 'command → succeeded, simulator, p50',
      value: of('succeeded'),
      unit: 'ms',
      control: {
        expression: 'echo + 2 write + pool',
        value: of('echo') + 2 * of('write') + of('pool'),
      },
      target,
    };
    return [...['echo', 'write', 'pool'].map((name) => control(name, of)), accepted, succeeded];
  },
};

/** The same through a real Python process. */
export const pythonLatency: Figure = {
  name: 'python-latency',
  async measure(): Promise<Finding[]> {
    const figure = 'command → succeeded, Python, p50';
    if (python === undefined) return [{ figure, skipped: 'there is no python3' }];
    const { url } = await startMosquitto();
    const bridge = await startBridge(url, await pythonAccount(python));
    const stdio = startStdio(python);
    const of = await measure(url, bridge, { stdio });
    const controls = of('echo') + 2 * of('write') + of('pool') + of('stdio');
    return [
      control('stdio', of),
      {
        figure,
        value: of('succeeded'),
        unit: 'ms',
        control: { expression: 'echo + 2 write + pool + stdio', value: controls },
        target,
      },
    ];
  },
};

function control(name: string, of: (name: string) => number): Row {
  return { figure: `control: ${name}, p50`, value: of(name), unit: 'ms' };
}

/** Medians by name: the controls, `accepted` and `succeeded`. */
async function measure(
  url: string,
  bridge: Awaited<ReturnType<typeof startBridge>>,
  more: Readonly<Record<string, () => Promise<number>>>,
): Promise<(name: string) => number> {
  const echo = await startEcho(url);
  const controls = { echo: echo.roundTrip, write: await startWrites(), pool: startPool(), ...more };
  const client = await CommandClient.connect(url, bridge);
  const [car = ''] = bridge.cars;
  const command = async (): Promise<Sample> => {
    const { accepted_ms, succeeded_ms } = await client.measure(car, 'cached');
    return { accepted: accepted_ms, succeeded: succeeded_ms };
  };
  const steps = Object.entries(controls).map(([name, run]) => async (): Promise<Sample> => ({
    [name]: await run(),
  }));
  const samples = await interleave(rounds, warmUp, [...steps, command]);
  return (name) => median(samples.get(name) ?? []);
}
