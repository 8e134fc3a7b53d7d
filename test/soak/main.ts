import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { endAll } from '../support/teardown.js';
import { Soak } from './run.js';
import { type FigureName, type Sample, findings, table } from './verdict.js';
import { startWorld } from './world.js';

const { values } = parseArgs({
  options: {
    hours: { type: 'string' },
    minutes: { type: 'string' },
    seed: { type: 'string' },
    file: { type: 'string' },
  },
});
/** Fewer samples than that have no slope. */
const shortest_h = 2 / 60;
const hours = Number(values.hours ?? 0) + Number(values.minutes ?? 0) / 60;
const seed = Number(values.seed ?? Date.now() % 100_000_000);
if (!(hours >= shortest_h) || !Number.isSafeInteger(seed) || seed < 0) {
  console.error(
    'expected --hours <n> or --minutes <n>, together at least 2 minutes, and --seed <whole number>',
  );
  process.exit(64);
}
const file = resolve(values.file ?? `.cache/soak/${String(seed)}.jsonl`);
mkdirSync(dirname(file), { recursive: true });
writeFileSync(file, '');

/** From here on nothing is filled any more that has a bound: packets, ids, events, refusals. */
const fill = 8_000;
/** Code is compiled, and the collector finds its sizes. */
const warmUpShare = 0.2;
const pace = { every_ms: Math.min(60_000, (hours * 3_600_000) / 40), rest_ms: 5_000 };

let until = performance.now() + hours * 3_600_000;
// Whoever has seen enough gets the verdict on what there is.
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    until = 0;
  });
}

const columns: readonly FigureName[] = [
  ...(['rss_MB', 'heap_MB', 'external_MB', 'buffer_MB', 'resources', 'fds', 'threads'] as const),
  ...(['children', 'defunct', 'listeners', 'clients', 'emitters', 'signals'] as const),
  ...(['store_MB'] as const),
];

try {
  console.log(`seed ${String(seed)}; every reading goes to ${values.file ?? '.cache/soak'}`);
  const world = await startWorld();
  const soak = new Soak(world, seed, pace);
  await soak.fill(fill);
  const samples: Sample[] = [];
  console.log(['  min', 'commands', 'troubles', 'requests', ...columns].join(' '));
  while (performance.now() < until) {
    const one = await soak.sample();
    samples.push(one);
    const counts = {
      sent: soak.traffic.sent,
      requests: soak.requests.count,
      troubles: Object.fromEntries(soak.troubles.counts),
      endings: Object.fromEntries(world.ledger.endings),
    };
    appendFileSync(file, `${JSON.stringify({ ...one, ...counts })}\n`);
    console.log(line(one, soak));
    if (soak.violations.length > 0) break;
  }
  const taken = world.ledger.accepted;
  await soak.end();
  const counted = samples.slice(Math.ceil(samples.length * warmUpShare));
  const found = findings(counted);
  const grown = found.filter(({ isFlat }) => !isFlat).map(({ figure }) => figure);
  console.log(
    `\n${tally('endings', world.ledger.endings)}\n${tally('troubles', soak.troubles.counts)}`,
  );
  console.log(`\n${table(found)}\n`);
  console.log(
    `${String(soak.traffic.sent)} messages, ${String(taken)} commands accepted, ${String(soak.requests.count)} requests, ${String(soak.troubles.total)} troubles; ${String(counted.length)} of ${String(samples.length)} samples counted`,
  );
  for (const one of soak.violations) console.log(`violation: ${one}`);
  if (grown.length > 0) console.log(`grows: ${grown.join(', ')}`);
  const isGood = grown.length === 0 && soak.violations.length === 0;
  console.log(isGood ? 'flat; every command ended once; nothing was left' : 'FAILED');
  process.exitCode = isGood ? 0 : 1;
} finally {
  await endAll();
}

function line({ at_h, commands, held }: Sample, { requests, troubles }: Soak): string {
  const word = (name: FigureName): string =>
    held[name].toFixed(name.endsWith('_MB') ? 1 : 0).padStart(name.length);
  return [
    (at_h * 60).toFixed(1).padStart(5),
    String(commands).padStart(8),
    String(troubles.total).padStart(8),
    String(requests.count).padStart(8),
    ...columns.map(word),
  ].join(' ');
}

function tally(heading: string, counts: ReadonlyMap<string, number>): string {
  const sorted = [...counts].sort(([, one], [, other]) => other - one);
  return `${heading}: ${sorted.map(([kind, count]) => `${kind} ${String(count)}`).join(', ')}`;
}
