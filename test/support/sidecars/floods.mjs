// Answers a task with text without end: `line` one line, `messages` small messages, `stderr` lines of stderr.
import { onTask, sayHello } from './hello.mjs';

const endless = {
  line: [process.stdout, 'x'.repeat(65_536)],
  messages: [
    process.stdout,
    '{"type":"log","id":null,"level":"info","message":"again"}\n'.repeat(500),
  ],
  stderr: [process.stderr, 'warning: again\n'.repeat(500)],
};
const [stream, text] = endless[process.argv[2]];
sayHello();
onTask(() => {
  const more = () => {
    while (stream.write(text));
    stream.once('drain', more);
  };
  more();
});
