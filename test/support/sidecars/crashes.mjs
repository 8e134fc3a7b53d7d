// Dies with each task, after its first request; with `start` before it has said anything.
import { onTask, sayHello, write } from './hello.mjs';

if (process.argv[2] === 'start') {
  process.stderr.write('Traceback: no module named hyundai_kia_connect_api\n');
  process.exit(3);
}
sayHello();
onTask(({ id }) => {
  write({ type: 'request', id, count: 1 });
  process.stdout.write('', () => process.exit(3));
});
