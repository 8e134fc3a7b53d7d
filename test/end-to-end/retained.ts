import { waitUntil } from '../support/wait.js';
import type { Mosquitto } from '../support/mosquitto.js';
import { startRecorder } from '../support/recorder.js';

export type Retained = ReadonlyMap<string, string>;

/** What a broker has retained, by its topics. */
export async function retainedAt({ url }: Pick<Mosquitto, 'url'>): Promise<Retained> {
  const recorder = await startRecorder(url);
  const end = 'the/end/of/what/is/retained';
  // What is retained comes before whatever is published afterwards.
  await recorder.client.publishAsync(end, 'now', { qos: 1 });
  await recorder.waitForTopic(end);
  await recorder.client.endAsync(true);
  const retained = recorder.messages.filter(({ retain }) => retain);
  return new Map(retained.map(({ topic, payload }) => [topic, payload]));
}

/** The same as soon as it is as wanted. */
export async function retainedOnce(
  broker: Pick<Mosquitto, 'url'>,
  isWanted: (retained: Retained) => boolean,
): Promise<Retained> {
  let retained: Retained = new Map();
  await waitUntil(
    async () => isWanted((retained = await retainedAt(broker))),
    30_000,
    () =>
      `other topics than these ${String(retained.size)}: ${topicsWith(retained, discoveryPrefix).slice(0, 20).join(' ')}`,
  );
  return retained;
}

/** The topics in which one of these parts occurs. */
export function topicsWith(retained: Retained, ...parts: readonly string[]): string[] {
  return [...retained.keys()].filter((topic) => parts.some((one) => topic.includes(one))).sort();
}

export const discoveryPrefix = 'homeassistant/';

/** The device of a car in Home Assistant. */
export function deviceOf({ vin }: { readonly vin: string }): string {
  return `bluelink2mqtt_${vin.toLowerCase()}`;
}

/** Where a device is announced. */
export function configOf(device: string): string {
  return `${discoveryPrefix}device/${device}/config`;
}
