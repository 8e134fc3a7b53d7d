// Says hello, tells of one request and never answers.
import { onTask, sayHello, write } from './hello.mjs';

sayHello();
write({ type: 'log', id: null, level: 'info', message: 'ready' });
onTask(({ id }) => write({ type: 'request', id, count: 1 }));
