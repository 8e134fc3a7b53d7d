import { parseArgs } from 'node:util';
import { hasNats } from '../test/support/nats.js';
import { endAll } from '../test/support/teardown.js';
import type { Figure, Finding, Options } from './figure.js';
import { endurance } from './figures/endurance.js';
import { fleetIdle } from './figures/fleet-idle.js';
import { fleetLatency, fleetThroughput } from './figures/fleet-load.js';
import { hungCar, hungWakes } from './figures/hanging.js';
import { latency, pythonLatency } from './figures/latency.js';
import { eventLoop, throughput } from './figures/load.js';
import { memory } from './figures/memory.js';
import { polls } from './figures/polls.js';
import { start } from './figures/start.js';
import { asJson, table } from './report.js';

const ofOne: readonly Figure[] = [
  latency,
  pythonLatency,
  hungWakes,
  hungCar,
  polls,
  eventLoop,
  throughput,
  start,
  memory,
  endurance,
];

/** Of several instances on a NATS. */
const ofFleets: readonly Figure[] = [fleetLatency, fleetThroughput, fleetIdle];

const { values } = parseArgs({
  options: {
    fleet: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    long: { type: 'boolean', default: false },
    only: { type: 'string', multiple: true },
    commands: { type: 'string', default: '100000' },
    reconnects: { type: 'string', default: '1000' },
  },
});

const figures = values.fleet ? ofFleets : ofOne;
if (values.fleet && !hasNats) {
  console.error('--fleet: nats-server is missing (package nats-server)');
  process.exit(69);
}

const chosen = figures.filter(({ name, isLong = false }) =>
  values.only === undefined ? values.long || !isLong : values.only.includes(name),
);
if (chosen.length === 0) {
  const names = figures.map(({ name }) => name).join(', ');
  console.error(`--only: expected one of ${names}, got ${values.only?.join(', ') ?? ''}`);
  process.exit(64);
}

const options: Options = {
  long: values.long,
  commands: Number(values.commands),
  reconnects: Number(values.reconnects),
};

const findings: Finding[] = [];
for (const figure of chosen) {
  console.error(`${figure.name} ...`);
  try {
    findings.push(...(await figure.measure(options)));
  } catch (error) {
    // What was found before is not lost.
    console.error(error);
    process.exitCode = 1;
  }
  await endAll();
}
console.log(values.json ? asJson(findings) : table(findings));
