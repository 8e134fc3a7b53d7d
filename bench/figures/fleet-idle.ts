import { setTimeout as pause } from 'node:timers/promises';
import { startMosquitto } from '../../test/support/mosquitto.js';
import { startNats } from '../../test/support/nats.js';
import { cpu_s } from '../cpu.js';
import type { Figure, Row } from '../figure.js';
import { type Fleet, startFleet } from '../fleet.js';
import { resident_MB } from '../resident.js';

const sizes = [1, 50, 500];
/** One process alone is nothing for more accounts, and takes minutes to start with them. */
const mostAlone = 50;
/** Longer than a thread without work stays, and the start's garbage. */
const rest_ms = 15_000;
const watched_ms = 20_000;
const stopPatience_ms = 120_000;
/** Nothing reads by itself, and threads that have nothing to do end soon. */
const config = { polling: { enabled: false }, workers: { idle: '5s' } };

interface Idle {
  readonly accounts: number;
  readonly fleet: Fleet;
  readonly start_s: number;
  /** Messages that NATS has received so far. */
  readonly messages: () => Promise<number>;
}

/** What an instance costs that has nothing to do but to own its accounts. */
export const fleetIdle: Figure = {
  name: 'fleet-idle',
  async measure() {
    const { url } = await startMosquitto();
    const all: { one: Idle; alone: Fleet | undefined }[] = [];
    for (const accounts of sizes) {
      const one = await startIdle(url, accounts);
      const options = { base: `alone${accounts}`, accounts, carsOfEach: 1, config };
      const alone = accounts > mostAlone ? undefined : await startFleet(url, options);
      all.push({ one, alone });
    }
    await pause(rest_ms);
    const rows = await Promise.all(all.map(({ one, alone }) => watched(one, alone)));
    const daemons = all.flatMap(({ one, alone }) => [
      ...one.fleet.daemons,
      ...(alone?.daemons ?? []),
    ]);
    await Promise.all(daemons.map((each) => each.stop(stopPatience_ms)));
    return rows.flat();
  },
};

async function startIdle(url: string, accounts: number): Promise<Idle> {
  const nats = await startNats({ monitored: true });
  const since = performance.now();
  const fleet = await startFleet(url, {
    ...{ base: `idle${accounts}`, accounts, carsOfEach: 1, config },
    nats: { url: nats.url, instances: 1 },
  });
  const start_s = (performance.now() - since) / 1000;
  return { accounts, fleet, start_s, messages: () => nats.received() };
}

async function watched(
  { accounts, fleet, start_s, messages }: Idle,
  alone?: Fleet,
): Promise<Row[]> {
  const used = (of: Fleet): number => of.daemons.reduce((sum, { pid }) => sum + cpu_s(pid), 0);
  const before = { cpu_s: used(fleet), alone_s: alone && used(alone), sent: await messages() };
  await pause(watched_ms);
  const minutes = watched_ms / 60_000;
  const sent = ((await messages()) - before.sent) / minutes / 60;
  const of = `${accounts} idle ${accounts === 1 ? 'account' : 'accounts'}`;
  const beside = (value: (one: Fleet) => number): Pick<Row, 'control'> =>
    alone === undefined
      ? {}
      : { control: { expression: 'one process alone', value: value(alone) } };
  return [
    {
      figure: `${of}: processor time`,
      value: (used(fleet) - before.cpu_s) / minutes,
      unit: 's/min',
      ...beside((one) => (used(one) - (before.alone_s ?? 0)) / minutes),
    },
    { figure: `${of}: messages to NATS`, value: sent, unit: '/s' },
    {
      figure: `${of}: memory`,
      value: memory(fleet),
      unit: 'MB',
      ...beside(memory),
    },
    { figure: `${of}: from the start to the last car online`, value: start_s, unit: 's' },
  ];
}

function memory({ daemons }: Fleet): number {
  return daemons.reduce((sum, { pid }) => sum + resident_MB(pid), 0);
}
