// Gets a new session, says so, and is gone before it has an answer.
import { onTask, sayHello, write } from './hello.mjs';

sayHello();
onTask(({ id, account }) => {
  write({ type: 'request', id, count: 1 });
  write({ type: 'session', id: id - 1, session: { token: 'of an earlier task' } });
  write({ type: 'session', id, session: { token: 'rotated-in-mid-call' } });
  process.stderr.write(`rotated-in-mid-call ${account.password}\n`, () => process.exit(1));
});
