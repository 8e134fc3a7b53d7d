import { setTimeout as pause } from 'node:timers/promises';
import { startMosquitto } from '../../test/support/mosquitto.js';
import { within } from '../../test/support/wait.js';
import { instantSimulator, startBridge, type Bridge } from '../bridge.js';
import { CommandClient } from '../command-client.js';
import { connect } from '../connect.js';
import { Cuttable } from '../../test/support/cuttable.js';
import type { Figure, Row } from '../figure.js';
import { Probe } from '../probe.js';
import { resident_MB } from '../resident.js';

const cars = 10;
const rest_ms = 20_000;
const outstanding = 32;
/** A share of the whole goes before the first reading: caches fill, code is compiled. */
const warmUpShare = 0.2;
/** Three connections lost within 5 s count as another client with our id, and the bridge keeps away for a minute. */
const quickInARow = 2;
const quick_ms = 5500;

/** What many commands and many connections leave behind. */
export const endurance: Figure = {
  name: 'endurance',
  isLong: true,
  async measure({ commands, reconnects }) {
    const broker = await startMosquitto();
    const way = await Cuttable.before(broker.port);
    const probe = await Probe.create();
    const bridge = await startBridge(broker.url, {
      ...instantSimulator(cars),
      ...probe.options,
      config: {
        mqtt: { url: way.url, base_topic: 'bluelink', client_id: 'bluelink' },
        retry: { initial: '10ms', max: '100ms' },
      },
    });
    const client = await CommandClient.connect(broker.url, bridge);
    const afterCommands = await growth(bridge, probe, commands, (count) =>
      client.total(bridge.cars, outstanding, count),
    );
    const reconnect = await startReconnects(broker.url, bridge, way);
    const afterReconnects = await growth(bridge, probe, reconnects, reconnect);
    return [
      ...rows(`after ${commands} commands`, afterCommands),
      ...rows(`after ${reconnects} reconnects`, afterReconnects),
    ];
  },
};

interface Memory {
  readonly heap: number;
  readonly resident: number;
}

async function growth(
  { daemon }: Bridge,
  probe: Probe,
  count: number,
  run: (count: number) => Promise<unknown>,
): Promise<{ readonly before: Memory; readonly after: Memory }> {
  const read = async (): Promise<Memory> => {
    const { heap_bytes } = await probe.read(daemon);
    // The collection is over, but what it freed goes back to the system bit by bit.
    await pause(rest_ms);
    return { heap: heap_bytes / 2 ** 20, resident: resident_MB(daemon.pid) };
  };
  const warmUp = Math.ceil(count * warmUpShare);
  await run(warmUp);
  const before = await read();
  await run(count - warmUp);
  return { before, after: await read() };
}

function rows(when: string, { before, after }: { before: Memory; after: Memory }): Row[] {
  const share = `after the first ${warmUpShare * 100} %`;
  return [
    {
      figure: `heap ${when}`,
      value: after.heap,
      unit: 'MB',
      control: { expression: share, value: before.heap },
      target: { of: 'ratio', atMost: 1.1 },
    },
    {
      figure: `memory ${when}`,
      value: after.resident,
      unit: 'MB',
      control: { expression: share, value: before.resident },
      target: { of: 'ratio', atMost: 1.1 },
    },
  ];
}

/** Cuts the connection and waits until the bridge has everything published again, so many times. */
async function startReconnects(
  url: string,
  { base }: Bridge,
  way: Cuttable,
): Promise<(count: number) => Promise<void>> {
  const client = await connect(url);
  let heard: () => void = () => undefined;
  client.on('message', (_topic, payload) => {
    if (payload.toString() === 'online') heard();
  });
  await client.subscribeAsync(`${base}/bridge/availability`, { qos: 1 });
  let quick = 0;
  return async (count) => {
    for (let done = 0; done < count; done += 1) {
      quick = quick === quickInARow ? 0 : quick + 1;
      if (quick === 0) await pause(quick_ms);
      const online = new Promise<void>((resolve) => (heard = resolve));
      way.cut();
      await within(online, 30_000, () => `reconnect ${done + 1} of ${count}`);
      await pause(100);
    }
  };
}
