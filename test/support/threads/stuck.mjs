// A worker thread with a process, like that of a backend, which keeps no deadline: a task blocks it for ever.
import { spawn } from 'node:child_process';
import { BroadcastChannel, parentPort, threadId, workerData } from 'node:worker_threads';

const child = spawn('sleep', ['60'], { detached: true, stdio: 'ignore' });
const tell = (event) =>
  parentPort.postMessage({ kind: 'process', event, pid: child.pid, thread: threadId });
child.once('exit', () => tell('ended'));

// Before its process is told of: who knows of that may order its end.
const channel = new BroadcastChannel(workerData.orders);
channel.onmessage = () => child.kill();
channel.unref();
tell('started');

export default function run() {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
}
