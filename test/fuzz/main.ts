import { parseArgs } from 'node:util';
import { endAll } from '../support/teardown.js';
import { runFlood } from './run-flood.js';

const { values } = parseArgs({
  options: {
    messages: { type: 'string', default: '1000000' },
    seed: { type: 'string', default: '1' },
  },
});
const messages = Number(values.messages);
const seed = Number(values.seed);
if (!Number.isInteger(messages) || messages < 1 || !Number.isInteger(seed)) {
  console.error('--messages, --seed: expected whole numbers');
  process.exit(64);
}

/** Heap after a collection, and what the system gave: the second keeps some of what was freed. */
const mostHeapGrowth = 1.1;
const mostResidentGrowth = 1.2;

try {
  const { tally, before, after, exit } = await runFlood({
    seed,
    messages,
    onProgress: ({ sent, answered }) => {
      console.error(`${String(sent)} sent, ${String(answered)} answered`);
    },
  });
  for (const [code, count] of [...tally.byCode].sort(([, one], [, other]) => other - one)) {
    console.log(`${String(count).padStart(9)}  ${code}`);
  }
  const heap = after.heap_MB / before.heap_MB;
  const resident = after.resident_MB / before.resident_MB;
  console.log(
    `${String(tally.answered)} of ${String(tally.deserving)} answered, seed ${String(seed)}`,
  );
  console.log(`heap ${before.heap_MB.toFixed(1)} MB, then ${after.heap_MB.toFixed(1)} MB`);
  console.log(
    `memory ${before.resident_MB.toFixed(0)} MB, then ${after.resident_MB.toFixed(0)} MB`,
  );
  const isFlat = heap <= mostHeapGrowth && resident <= mostResidentGrowth;
  const isServed = tally.answered === tally.deserving && exit.code === 0;
  console.log(isFlat && isServed ? 'served to the end, memory flat' : 'FAILED');
  process.exitCode = isFlat && isServed ? 0 : 1;
} finally {
  await endAll();
}
