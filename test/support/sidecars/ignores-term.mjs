// Deaf to the end of stdin and to SIGTERM, as a program stuck in a call would be.
import { onTask, sayHello, write } from './hello.mjs';

process.on('SIGTERM', () => undefined);
setInterval(() => undefined, 1000);
sayHello();
write({ type: 'log', id: null, level: 'info', message: 'ready' });
onTask(() => undefined);
