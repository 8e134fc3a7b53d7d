import { setTimeout as pause } from 'node:timers/promises';
import { startMosquitto } from '../../test/support/mosquitto.js';
import { startNats } from '../../test/support/nats.js';
import { cpu_s } from '../cpu.js';
import type { Figure, Row } from '../figure.js';
import { type Fleet, startFleet } from '../fleet.js';
import { resident_MB } from '../resident.js';

const sizes = [1, 50, 500];
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
    const all: { one: Idle; alone: Fleet }[] = [];
    for (const accounts of sizes) {
      const one = await startIdle(url, accounts);
      const base = `alone${accounts}`;
      const alone = await startFleet(url, { base, accounts, carsOfEach: 1, config });
      all.push({ one, alone });
    }
    await pause(rest_ms);
    const rows = await Promise.all(all.map(({ one, alone }) => watched(one, alone)));
    const daemons = all.flatMap(({ one, alone }) => [...one.fleet.daemons, ...alone.daemons]);
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

async function watched({ accounts, fleet, start_s, messages }: Idle, alone: Fleet): Promise<Row[]> {
  const [one, other] = [fleet, alone].map(({ daemons }) => daemons[0]?.pid ?? 0);
  const read = async () => ({
    at_s: performance.now() / 1000,
    cpu_s: [cpu_s(one ?? 0), cpu_s(other ?? 0)] as const,
    messages: await messages(),
  });
  const before = await read();
  await pause(watched_ms);
  const after = await read();
  const minutes = (after.at_s - before.at_s) / 60;
  const perMinute = (place: 0 | 1): number => (after.cpu_s[place] - before.cpu_s[place]) / minutes;
  const of = `${accounts} idle ${accounts === 1 ? 'account' : 'accounts'}`;
  const expression = 'one process alone';
  return [
    {
      figure: `${of}: processor time`,
      value: perMinute(0),
      unit: 's/min',
      control: { expression, value: perMinute(1) },
    },
    {
      figure: `${of}: messages to NATS`,
      value: (after.messages - before.messages) / minutes / 60,
      unit: '/s',
    },
    {
      figure: `${of}: memory`,
      value: resident_MB(one ?? 0),
      unit: 'MB',
      control: { expression, value: resident_MB(other ?? 0) },
    },
    { figure: `${of}: from the start to the last car online`, value: start_s, unit: 's' },
  ];
}
