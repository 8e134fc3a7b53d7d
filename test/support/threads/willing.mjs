// A worker thread with a process, like that of a backend. A task of the vehicle `held` waits until the gate opens.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { BroadcastChannel, parentPort, threadId, workerData } from 'node:worker_threads';

const child = spawn('sleep', ['60'], { detached: true, stdio: 'ignore' });
const tell = (event) =>
  parentPort.postMessage({ kind: 'process', event, pid: child.pid, thread: threadId });
void once(child, 'exit').then(() => tell('ended'));
const end = () => child.kill();

// Before its process is told of: who knows of that may order its end.
const orders = new BroadcastChannel(workerData.orders);
orders.onmessage = end;
orders.unref();
tell('started');

let idle = setTimeout(end, workerData.idle_ms);

export default async function run({ vehicle }) {
  clearTimeout(idle);
  if (vehicle === 'held') {
    const gate = new BroadcastChannel(workerData.backend.gate);
    await new Promise((resolve) => (gate.onmessage = resolve));
    gate.close();
  }
  idle = setTimeout(end, workerData.idle_ms);
  return {
    ok: false,
    failure: { code: 'unavailable', message: 'x', retryable: true },
    requests: 0,
  };
}
