// Loaded into the daemon under test before anything else. At each SIGWINCH writes to $PROBE_FILE, as a line of JSON,
// what its main thread holds after a collection.
import { EventEmitter } from 'node:events';
import { appendFileSync } from 'node:fs';
import { queryObjects } from 'node:v8';
import { isMainThread } from 'node:worker_threads';
import mqtt from 'mqtt';
import { writeToStream } from 'mqtt-packet';

/**
 * The library keeps the encoded length of each packet that it has ever written, up to 16,384 of them, and each new one
 * can hold 8 KiB of Node's pool: a bound that would be reached in months. With all of them there, nothing is added.
 */
function knowAllLengths() {
  const nowhere = { write: () => true, cork: () => undefined, uncork: () => undefined };
  const payload = Buffer.alloc(2 ** 14);
  const packet = { cmd: 'publish', topic: 'a', qos: 0, retain: false, dup: false };
  const head = 3;
  for (let length = head; length < 2 ** 14; length += 1) {
    const rest = { ...packet, payload: payload.subarray(0, length - head) };
    writeToStream(rest, nowhere, { protocolVersion: 4 });
  }
}

if (isMainThread) {
  knowAllLengths();
  const { connect } = mqtt.MqttClient.prototype;
  let client;
  mqtt.MqttClient.prototype.connect = function (...words) {
    client = this;
    return connect.apply(this, words);
  };

  const listenersOf = (emitter) =>
    emitter.eventNames().reduce((sum, name) => sum + emitter.listenerCount(name), 0);
  // What keeps a process alive: sockets, servers, threads' ports. Node offers no other way to the objects themselves.
  const handles = () => process._getActiveHandles().filter((one) => one instanceof EventEmitter);
  const sumOf = (numbers) => numbers.reduce((sum, one) => sum + one, 0);
  const count = (type) => queryObjects(type, { format: 'count' });

  process.on('SIGWINCH', () => {
    globalThis.gc();
    const { heapUsed, external, arrayBuffers } = process.memoryUsage();
    const resources = {};
    for (const type of process.getActiveResourcesInfo()) {
      resources[type] = (resources[type] ?? 0) + 1;
    }
    const line = {
      heap_bytes: heapUsed,
      external_bytes: external,
      buffer_bytes: arrayBuffers,
      resources,
      listeners: {
        process: listenersOf(process),
        client: client === undefined ? 0 : listenersOf(client),
        stream: client === undefined ? 0 : listenersOf(client.stream),
        handles: sumOf(handles().map(listenersOf)),
      },
      objects: {
        clients: count(mqtt.MqttClient),
        emitters: count(EventEmitter),
        targets: count(globalThis.EventTarget),
        promises: count(Promise),
      },
    };
    appendFileSync(process.env.PROBE_FILE, `${JSON.stringify(line)}\n`);
  });
}
