// Loaded into the daemon under test before anything else. At each SIGWINCH writes to $PROBE_FILE, as a line of JSON,
// what its main thread holds after a collection.
import { EventEmitter } from 'node:events';
import { appendFileSync } from 'node:fs';
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
  const listenersOf = (emitter) =>
    emitter.eventNames().reduce((sum, name) => sum + emitter.listenerCount(name), 0);
  // Node counts objects of a kind too (v8.queryObjects), but stops the whole daemon for seconds to do so.
  const clients = new Set();
  const emitters = new Set();
  const signals = new Set();
  const { init } = EventEmitter;
  EventEmitter.init = function (...words) {
    emitters.add(new WeakRef(this));
    return init.apply(this, words);
  };
  globalThis.AbortController = class extends globalThis.AbortController {
    constructor() {
      super();
      signals.add(new WeakRef(this.signal));
    }
  };
  const living = (references) => {
    const found = [];
    for (const reference of references) {
      const object = reference.deref();
      if (object === undefined) references.delete(reference);
      else found.push(object);
    }
    return found;
  };

  const { connect } = mqtt.MqttClient.prototype;
  let client;
  mqtt.MqttClient.prototype.connect = function (...words) {
    client = this;
    clients.add(new WeakRef(this));
    return connect.apply(this, words);
  };

  // What keeps a process alive: sockets, servers, threads' ports. Node offers no other way to the objects themselves.
  const handles = () => process._getActiveHandles().filter((one) => one instanceof EventEmitter);
  const sumOf = (numbers) => numbers.reduce((sum, one) => sum + one, 0);

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
        clients: living(clients).length,
        emitters: living(emitters).length,
        signals: living(signals).length,
      },
    };
    appendFileSync(process.env.PROBE_FILE, `${JSON.stringify(line)}\n`);
  });
}
