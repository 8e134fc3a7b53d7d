import { parseArgs } from 'node:util';
import { endAll } from '../support/teardown.js';
import { Tally, explained } from './report.js';
import { runChaos } from './run.js';

const { values } = parseArgs({
  options: { minutes: { type: 'string' }, seed: { type: 'string' } },
});
const minutes = Number(values.minutes ?? Infinity);
const first = values.seed === undefined ? Date.now() % 100_000_000 : Number(values.seed);
if (!(minutes > 0) || !Number.isSafeInteger(first) || first < 0) {
  console.error('expected --minutes <more than 0> and --seed <whole number>');
  process.exit(64);
}

/** About a minute each: a world of its own, whose seed is all that is needed to see it again. */
const quota = { commands: 600, faults: 60 };
const until = performance.now() + minutes * 60_000;
const tally = new Tally();
let found = 0;
for (let seed = first; found === 0 && performance.now() < until; seed += 1) {
  console.log(`seed ${String(seed)} ...`);
  try {
    const outcome = await runChaos(seed, quota);
    tally.add(outcome);
    found += outcome.violations.length;
    for (const one of explained(outcome)) console.log(one);
  } finally {
    await endAll();
  }
  console.log(`\n${tally.table()}\n`);
}
console.log(found === 0 ? 'no violation' : `${String(found)} violations`);
process.exitCode = found === 0 ? 0 : 1;
