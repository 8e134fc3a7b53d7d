import { BroadcastChannel, parentPort, workerData } from 'node:worker_threads';
import { createBackend } from '../backends/create-backend.js';
import { threadOrderSchema } from '../vehicle/thread-note.js';
import type { Outcome } from '../vehicle/task.js';
import { CommandThread } from './command-thread.js';
import type { WorkerData } from './worker-data.js';

const { backend, idle_ms, orders } = workerData as WorkerData;

// Not `parentPort`: the pool keeps that for itself in this direction, and a foreign message there ends the thread. It is
// there before the thread tells of a process: who knows of that may order its end.
const channel = new BroadcastChannel(orders);

const thread = CommandThread.start({
  createBackend: (notes) => createBackend(backend, notes),
  post: (note) => parentPort?.postMessage(note),
  idle_ms,
});

channel.onmessage = (event: unknown) => {
  const order = threadOrderSchema.safeParse((event as MessageEvent).data);
  if (order.success) void thread.obey(order.data);
};
channel.unref();

/** The entry of a worker thread: a task in, its outcome as data out. */
export default function runCommand(task: unknown): Promise<Outcome> {
  return thread.run(task);
}
