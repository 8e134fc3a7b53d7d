import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Tally, explained } from '../chaos/report.js';
import { endAll } from '../support/teardown.js';
import { type FleetOutcome, runFleetChaos, seconds } from './run.js';

const { values } = parseArgs({
  options: {
    seed: { type: 'string' },
    accounts: { type: 'string', default: '500' },
    instances: { type: 'string', default: '3' },
    faults: { type: 'string', default: '50' },
    rate: { type: 'string', default: '5' },
    /** Seconds in which all has to be owned again. */
    within: { type: 'string', default: '15' },
    /** A folder for what the instances have logged. */
    logs: { type: 'string' },
  },
});
const seed = values.seed === undefined ? Date.now() % 100_000_000 : Number(values.seed);
const [accounts, instances, faults, perSecond, within_s] = (
  ['accounts', 'instances', 'faults', 'rate', 'within'] as const
).map((name) => Number(values[name]));
const counts = [accounts, instances, faults];
if (
  !(Number.isSafeInteger(seed) && seed >= 0 && counts.every(Number.isSafeInteger)) ||
  !(Number(accounts) > 0 && Number(instances) > 1 && Number(perSecond) > 0 && Number(within_s) > 0)
) {
  console.error(
    'expected --seed, --accounts, --instances (2 or more), --faults: whole numbers; --rate: commands a second; --within: seconds; --logs: a folder',
  );
  process.exit(64);
}

/** Of so many violations everything is told. */
const mostHistories = 5;

const began = performance.now();
const say = (line: string): void => {
  console.log(`${seconds(performance.now() - began).padStart(8)}  ${line}`);
};
try {
  say(`seed ${String(seed)}`);
  const outcome = await runFleetChaos({
    seed,
    ...{ accounts: Number(accounts), carsPerAccount: 2, instances: Number(instances) },
    ...{ faults: Number(faults), perSecond: Number(perSecond) },
    severity: { dead_ms: 15_000, natsAway_ms: 10_000 },
    within_ms: Number(within_s) * 1000,
    say,
  });
  if (values.logs !== undefined) await keepLogs(values.logs, outcome);
  tell(outcome);
  process.exitCode = outcome.violations.length === 0 ? 0 : 1;
} finally {
  await endAll();
}

function tell(outcome: FleetOutcome): void {
  const { violations, gaps_ms, evidence } = outcome;
  const histories = explained({ ...outcome, evidence: { ...evidence, executions: [] } });
  for (const history of histories.slice(0, mostHistories)) console.log(history);
  for (const { says } of violations.slice(mostHistories)) console.log(says);
  const tally = new Tally();
  tally.add(outcome);
  const sorted = [...gaps_ms].sort((one, other) => one - other);
  const median = sorted[Math.floor(sorted.length / 2)] ?? 0;
  console.log(`\n${tally.table()}`);
  console.log(`journalled: ${String(evidence.journal.length)}`);
  console.log(`changes of ownership: ${String(evidence.claims.length)}`);
  console.log(
    `until every account was owned again: median ${seconds(median)}, longest ${seconds(sorted.at(-1) ?? 0)}`,
  );
  console.log(violations.length === 0 ? 'no violation' : `${String(violations.length)} violations`);
}

async function keepLogs(folder: string, { logs, evidence }: FleetOutcome): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const [name, lines] of logs) await writeFile(join(folder, `${name}.log`), lines.join('\n'));
  for (const part of ['claims', 'effects', 'journal', 'recorded'] as const) {
    const lines = evidence[part].map((one) => JSON.stringify(one));
    await writeFile(join(folder, `${part}.jsonl`), lines.join('\n'));
  }
}
