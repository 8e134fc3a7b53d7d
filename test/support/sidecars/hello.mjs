import { createInterface } from 'node:readline';

/** What every fixture of this folder shares: writes one message, and says hello as the real program does. */
export function write(message) {
  process.stdout.write(`${JSON.stringify(message)}\n`);
}

export function sayHello(more = {}) {
  write({
    type: 'hello',
    protocol: 1,
    python: '3.13.0',
    library: '4.41.4',
    supported: true,
    features: {},
    ...more,
  });
}

/** Calls `answer` with each task; the program ends with its stdin. */
export function onTask(answer) {
  createInterface({ input: process.stdin }).on('line', (line) => answer(JSON.parse(line)));
}
