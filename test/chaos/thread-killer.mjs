// Loaded into the daemon under test before anything else: at each SIGUSR2 one of its threads is terminated, each in
// turn, whatever it is doing. From outside of a process a thread cannot be killed.
import { isMainThread } from 'node:worker_threads';

if (isMainThread) {
  const threads = new Set();
  let turn = 0;
  process.on('worker', (thread) => {
    threads.add(thread);
    thread.once('exit', () => threads.delete(thread));
  });
  process.on('SIGUSR2', () => {
    turn += 1;
    [...threads][turn % threads.size]?.terminate();
  });
}
