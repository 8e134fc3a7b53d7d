// Loaded into a daemon that is to leak: from SIGPWR on it loses a little of everything, five times a second.
import { EventEmitter } from 'node:events';
import { openSync } from 'node:fs';
import { Worker, isMainThread } from 'node:worker_threads';

const every_ms = 200;
const bytes = 100_000;

if (isMainThread) {
  const lost = [];
  const leak = () => {
    const emitter = new EventEmitter();
    process.on('leak', () => emitter);
    lost.push(
      Array.from({ length: bytes / 8 }, (_, place) => place + 0.5),
      Buffer.alloc(bytes),
      openSync('/dev/null'),
      setInterval(() => emitter, 1_000_000),
      new AbortController(),
      new Promise(() => emitter),
      new Promise(() => emitter),
      ...(lost.length % 5 === 0 ? [new Worker('setInterval(() => {}, 1e6)', { eval: true })] : []),
    );
  };
  process.on('SIGPWR', () => setInterval(leak, every_ms));
}
