import type { MqttClient, OnMessageCallback } from 'mqtt';
import { answer_ms, publishFault } from './trial-client.js';

const rounds = 11;
/** Nagle's algorithm makes a message wait for an acknowledgement that comes 40 ms late. */
const stall_ms = 20;

export interface RoundTrips {
  /** Medians: a publish that the broker acknowledges, and one that it also sends back. */
  readonly acknowledged_ms: number;
  readonly echoed_ms: number;
}

/**
 * Measures both on one connection that has subscribed to `topic` with QoS 0. Only what comes back is a second small
 * packet behind the acknowledgement, and nothing of ours hurries it up: so only that one waits where the broker has
 * no TCP_NODELAY, and the network is in both.
 * @returns undefined where the echo stays away.
 */
export async function measureRoundTrips(
  client: MqttClient,
  topic: string,
): Promise<RoundTrips | undefined> {
  const acknowledged: number[] = [];
  const echoed: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    acknowledged.push(await timed(() => published(client, `${topic}/unheard`)));
    const heard = echoOf(client, topic);
    const echo_ms = await timed(async () => {
      await Promise.all([published(client, topic), heard]);
    }).catch(() => undefined);
    if (echo_ms === undefined) return undefined;
    echoed.push(echo_ms);
  }
  return { acknowledged_ms: median(acknowledged), echoed_ms: median(echoed) };
}

export function isStalling({ acknowledged_ms, echoed_ms }: RoundTrips): boolean {
  return echoed_ms - acknowledged_ms > stall_ms;
}

async function published(client: MqttClient, topic: string): Promise<void> {
  const fault = await publishFault(client, topic, 'doctor');
  if (fault !== undefined) throw fault;
}

/** Resolves with whether it is retained; rejects when it does not come. */
export function echoOf(client: MqttClient, topic: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const end = (): void => {
      clearTimeout(late);
      client.removeListener('message', hear);
    };
    const late = setTimeout(() => {
      end();
      reject(new Error(`nothing came on ${topic}`));
    }, answer_ms);
    const hear: OnMessageCallback = (heard, _, { retain }) => {
      if (heard !== topic) return;
      end();
      resolve(retain);
    };
    client.on('message', hear);
  });
}

async function timed(work: () => Promise<void>): Promise<number> {
  const since = performance.now();
  await work();
  return performance.now() - since;
}

function median(times: readonly number[]): number {
  return times.toSorted((one, other) => one - other)[Math.floor(times.length / 2)] ?? 0;
}
