import { Socket } from 'node:net';
import { connectAsync, type IClientPublishOptions, type MqttClient } from 'mqtt';
import { onTeardown } from './teardown.js';

/** An MQTT 5 client that sends at once and loses nothing while the broker is there. */
export async function startPublisher(url: string): Promise<MqttClient> {
  const client = await connectAsync(url, { protocolVersion: 5, reconnectPeriod: 50 });
  const withoutDelay = (): void => {
    if (client.stream instanceof Socket) client.stream.setNoDelay(true);
  };
  withoutDelay();
  client.on('connect', withoutDelay);
  onTeardown(() => client.endAsync(true));
  return client;
}

/** Resolves when the broker has taken it: only then may a test say that it was sent. */
export async function sendCommand(
  client: MqttClient,
  vehicle: string,
  payload: string,
  properties: IClientPublishOptions['properties'] = {},
): Promise<void> {
  await client.publishAsync(`bluelink/${vehicle}/commands/refresh`, payload, {
    qos: 1,
    properties,
  });
}
