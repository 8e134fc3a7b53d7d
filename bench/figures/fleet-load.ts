import { startMosquitto } from '../../test/support/mosquitto.js';
import { startNats } from '../../test/support/nats.js';
import { CommandClient } from '../command-client.js';
import { startEcho } from '../controls/echo.js';
import { startStoring } from '../controls/jetstream.js';
import { cpu_s } from '../cpu.js';
import type { Figure, Row } from '../figure.js';
import { type Fleet, startFleet } from '../fleet.js';
import { interleave, median, percentile, type Sample } from '../statistics.js';

/** As many as in `throughput`: each command finds a car of its own. */
const outstanding = 32;
const accounts = 6;
const carsOfEach = 8;
const run_ms = 1500;
const rounds = 7;
const warmUpRounds = 3;
const sizes = [1, 2, 3];

/** Commands a second of one to three instances, and of one process alone with the same accounts. */
export const fleetThroughput: Figure = {
  name: 'fleet-throughput',
  async measure() {
    const { url } = await startMosquitto();
    const nats = await startNats();
    const alone = await startFleet(url, { base: 'alone', accounts, carsOfEach });
    const runs = [await loadOf(url, alone)];
    for (const instances of sizes) {
      const options = { base: `fleet${instances}`, accounts, carsOfEach };
      const fleet = await startFleet(url, { ...options, nats: { url: nats.url, instances } });
      runs.push(await loadOf(url, fleet));
    }
    const samples = await interleave(rounds, warmUpRounds, runs);
    const of = (name: string): number => median(samples.get(name) ?? []);
    const of1 = { expression: 'one process alone', value: of('alone') };
    const cpu1 = { expression: 'one process alone', value: of('alone cpu') };
    return [
      { figure: 'commands a second, one process alone', value: of('alone'), unit: '/s' },
      ...sizes.map((size): Row => ({
        figure: `commands a second, fleet of ${size}`,
        value: of(`fleet${size}`),
        unit: '/s',
        control: of1,
      })),
      { figure: 'processor time a command, alone', value: of('alone cpu'), unit: 'ms' },
      ...sizes.map((size): Row => ({
        figure: `processor time a command, fleet of ${size}`,
        value: of(`fleet${size} cpu`),
        unit: 'ms',
        control: cpu1,
        ...(size === 1 && { note: 'of the instances, without NATS, the broker and the client' }),
      })),
    ];
  },
};

/** One run of it: commands a second, and what one of them costs its processes. */
async function loadOf(url: string, { base, cars, daemons }: Fleet): Promise<() => Promise<Sample>> {
  const client = await CommandClient.connect(url, { base });
  const used_s = (): number => daemons.reduce((sum, { pid }) => sum + cpu_s(pid), 0);
  return async () => {
    const [before_s, since] = [used_s(), performance.now()];
    const perSecond = await client.perSecond(cars, outstanding, run_ms);
    const commands = (perSecond * (performance.now() - since)) / 1000;
    return { [base]: perSecond, [`${base} cpu`]: ((used_s() - before_s) / commands) * 1000 };
  };
}

const latencyRounds = 300;
const latencyWarmUp = 150;

/** How long a cached read takes when there is nothing else to do, with either store. */
export const fleetLatency: Figure = {
  name: 'fleet-latency',
  async measure() {
    const { url } = await startMosquitto();
    const nats = await startNats();
    const echo = await startEcho(url);
    const store = await startStoring(nats);
    const steps = [
      async (): Promise<Sample> => ({ echo: await echo.roundTrip() }),
      async (): Promise<Sample> => ({ store: await store() }),
    ];
    for (const [base, instances] of [['alone'], ['fleet1', 1], ['fleet3', 3]] as const) {
      const options = { base, accounts: 3, carsOfEach: 1 };
      const fleet = await startFleet(url, {
        ...options,
        ...(instances !== undefined && { nats: { url: nats.url, instances } }),
      });
      steps.push(await readOf(url, fleet));
    }
    const samples = await interleave(latencyRounds, latencyWarmUp, steps);
    const at = (name: string, share: number): number => percentile(samples.get(name) ?? [], share);
    return [50, 99].flatMap((percent): Row[] => {
      const row = (figure: string, name: string, control?: string): Row => ({
        figure: `${figure}, p${percent}`,
        value: at(name, percent / 100),
        unit: 'ms',
        ...(control !== undefined && {
          control: { expression: control, value: at(control, percent / 100) },
        }),
      });
      return [
        row('control: echo', 'echo'),
        row('control: JetStream has stored', 'store'),
        row('command → accepted, one process alone', 'alone accepted', 'echo'),
        row('command → accepted, fleet of 1', 'fleet1 accepted', 'echo'),
        row('command → succeeded, one process alone', 'alone', 'echo'),
        row('command → succeeded, fleet of 1', 'fleet1', 'echo'),
        row('command → succeeded, fleet of 3', 'fleet3', 'echo'),
      ];
    });
  },
};

async function readOf(url: string, { base, cars }: Fleet): Promise<() => Promise<Sample>> {
  const client = await CommandClient.connect(url, { base });
  let turn = 0;
  return async () => {
    const car = cars[(turn += 1) % cars.length] ?? '';
    const { accepted_ms, succeeded_ms } = await client.measure(car, 'cached');
    return { [`${base} accepted`]: accepted_ms, [base]: succeeded_ms };
  };
}
