// Answers with the text of its argument, as it is.
import { onTask, sayHello } from './hello.mjs';

sayHello();
onTask(({ id }) => process.stdout.write(`${process.argv[2].replaceAll('<id>', String(id))}\n`));
