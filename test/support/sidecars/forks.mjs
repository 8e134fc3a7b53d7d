// Starts a child that outlives it and holds its stdout open; tells the child's number in a log line.
import { spawn } from 'node:child_process';
import { onTask, sayHello, write } from './hello.mjs';

sayHello();
write({ type: 'log', id: null, level: 'info', message: 'ready' });
onTask(({ id }) => {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => undefined, 1000)'], {
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  write({ type: 'log', id, level: 'info', message: String(child.pid) });
});
