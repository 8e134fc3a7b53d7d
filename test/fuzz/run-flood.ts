import { connect } from '../../bench/connect.js';
import { instantSimulator, startBridge } from '../../bench/bridge.js';
import { Probe } from '../../bench/probe.js';
import { resident_MB } from '../../bench/resident.js';
import { startMosquitto } from '../support/mosquitto.js';
import { waitUntil } from '../support/wait.js';
import { Flood, type Tally } from './flood.js';
import { fuzzedConfig, fuzzedSimulator } from './fuzzed-bridge.js';

export interface Memory {
  readonly heap_MB: number;
  readonly resident_MB: number;
}

export interface FloodResult {
  readonly tally: Tally;
  /** After the first part, when caches are filled and code is compiled. */
  readonly before: Memory;
  readonly after: Memory;
  readonly exit: { readonly code: number | null };
}

export interface FloodPlan {
  readonly seed: number;
  readonly messages: number;
  /** Told now and then how many were sent. */
  readonly onProgress?: (tally: Tally) => void;
}

const warmUpShare = 0.2;
const parts = 20;

/** Floods the built daemon with random messages through a real broker. Rejects where an honest command is not served. */
export async function runFlood({ seed, messages, onProgress }: FloodPlan): Promise<FloodResult> {
  // Nobody loses a message here: what is missing was not answered.
  const broker = await startMosquitto({ settings: ['max_queued_messages 0'] });
  const probe = await Probe.create();
  const { daemon, base, cars } = await startBridge(broker.url, {
    ...instantSimulator(3, fuzzedSimulator),
    ...probe.options,
    config: fuzzedConfig,
  });
  const [witness = '', ...others] = cars;
  const client = await connect(broker.url);
  const flood = await Flood.start({ client, base, cars: others, witness, seed });
  const memory = async (): Promise<Memory> => ({
    heap_MB: (await probe.read(daemon)).heap_bytes / 2 ** 20,
    resident_MB: resident_MB(daemon.pid),
  });
  const send = async (count: number): Promise<void> => {
    for (let left = count; left > 0; left -= Math.ceil(messages / parts)) {
      await flood.send(Math.min(left, Math.ceil(messages / parts)));
      onProgress?.(flood.tally);
    }
  };

  const warmUp = Math.ceil(messages * warmUpShare);
  await send(warmUp);
  const before = await memory();
  await send(messages - warmUp);
  const after = await memory();
  const { tally } = flood;
  await waitUntil(
    () => tally.answered >= tally.deserving,
    20_000,
    () => `${String(tally.deserving - tally.answered)} messages to be answered`,
  );
  return { tally, before, after, exit: await daemon.stop() };
}
