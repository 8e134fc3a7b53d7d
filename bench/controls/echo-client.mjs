// A bare client that answers each message with itself: `node echo-client.mjs <broker's URL> <from topic> <to topic>`.
import mqtt from 'mqtt';

const [url, from, to] = process.argv.slice(2);
const client = await mqtt.connectAsync(url, { protocolVersion: 5 });
client.stream.setNoDelay(true);
client.on('message', (_topic, payload) => {
  client.publish(to, payload, { qos: 1 });
});
await client.subscribeAsync(from, { qos: 1 });
await client.publishAsync(to, 'ready', { qos: 1 });
