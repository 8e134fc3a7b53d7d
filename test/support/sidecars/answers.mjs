// Answers each sign-in at once. Where the account's name is "rotates", the session is a new one.
import { onTask, sayHello, write } from './hello.mjs';

sayHello(JSON.parse(process.argv[2] ?? '{}'));
onTask(({ id, task, account }) => {
  write({ type: 'log', id, level: 'info', message: `signing in with ${account.password}` });
  write({ type: 'request', id, count: 1 });
  write({ type: 'request', id, count: 1 });
  const result = { operation: task.operation, vehicles: [] };
  const session = { token: 'new', pid: process.pid };
  write({ type: 'outcome', id: id - 1, outcome: { ok: false, late: true } });
  write({ type: 'outcome', id, outcome: { ok: true, result, requests: 2, session } });
});
