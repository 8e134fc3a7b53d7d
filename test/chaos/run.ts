import { setTimeout as pause } from 'node:timers/promises';
import { Chance } from '../support/crash-random.js';
import { waitUntil } from '../support/wait.js';
import { Commands } from './commands.js';
import { Disturbances } from './disturbances.js';
import type { Evidence, Life, Violation } from './evidence.js';
import { allowance_ms, livesOf, violations } from './violations.js';
import { ChaosWorld, base } from './world.js';

/** How much has to happen at least. */
export interface Quota {
  readonly commands: number;
  readonly faults: number;
}

export interface Outcome {
  readonly seed: number;
  readonly lives: readonly Life[];
  /** Faults by kind. */
  readonly faults: ReadonlyMap<string, number>;
  /** Executions that were counted, by the cars of the fake cloud and by the simulated ones. */
  readonly executions: { readonly cloud: number; readonly simulated: number };
  readonly violations: readonly Violation[];
  readonly evidence: Evidence;
}

/** A quota that is not reached in this time never will be. */
const longest_ms = 300_000;
/** What waits longest for its ending: a try that is repeated after 10 s, behind a full queue. */
const endings_ms = 120_000;

/** Random commands and random faults until there were enough of both; then peace, the end, and what came to light. */
export async function runChaos(seed: number, quota: Quota): Promise<Outcome> {
  // Each is drawn from a source of its own, so that one more car that refuses changes no other command.
  const chance = (place: number): Chance => new Chance(seed * 10 + place);
  const [ofCommands, ofFaults, ofCars] = [chance(1), chance(2), chance(3)];
  const world = await ChaosWorld.start(ofCars);
  const commands = new Commands({ base, chance: ofCommands, cars: world.cars, run: String(seed) });
  const disturbances = new Disturbances(world, ofFaults);
  const until = performance.now() + longest_ms;
  const isEnough = (): boolean =>
    world.traffic.accepted >= quota.commands &&
    disturbances.total >= quota.faults &&
    disturbances.isComplete;
  while (!isEnough()) {
    if (performance.now() > until) throw new Error('chaos: the quota was not reached');
    for (let count = ofCommands.whole(1, 9); count > 0; count -= 1)
      world.traffic.send(commands.next());
    await pause(ofFaults.between(0, 150));
    if (ofFaults.in(0.65)) await disturbances.happen();
    await pause(ofFaults.between(0, 150));
  }
  await disturbances.cease();
  const found = [...disturbances.violations, ...(await ended(world)), ...(await stopped(world))];
  // What the cloud has taken it may still carry out.
  await pause(allowance_ms.answer + allowance_ms.car);
  const evidence = {
    recorded: world.recorder.messages,
    journal: await world.journal(),
    asked: commands.asked,
    executions: world.executions,
    effects: world.simulated.effects(),
    simulated: world.simulated.cars.map(({ alias }) => alias),
  };
  return {
    seed,
    lives: livesOf(evidence),
    faults: disturbances.counts,
    executions: {
      cloud: evidence.executions.length,
      simulated: evidence.effects.filter(({ phase }) => phase === 'executed').length,
    },
    violations: [...found, ...mixUps(world), ...violations(evidence)],
    evidence,
  };
}

/** Waits until nothing is under way; whatever has no ending by then is told by the evidence. */
async function ended(world: ChaosWorld): Promise<Violation[]> {
  try {
    await waitUntil(
      () => world.traffic.unsent === 0,
      endings_ms,
      () => 'the broker to take every command',
    );
    await waitUntil(
      async () => {
        const before = world.traffic.open.length;
        await pause(500);
        return before + world.traffic.open.length === 0;
      },
      endings_ms,
      () => `the endings of ${world.traffic.open.join(', ')}`,
    );
    return [];
  } catch (error) {
    return [{ id: null, says: String(error) }];
  }
}

/** The last daemon ends by itself, and of none is anything left. */
async function stopped(world: ChaosWorld): Promise<Violation[]> {
  const found: Violation[] = [];
  try {
    const { code, signal } = await world.stop();
    if (code !== 0)
      found.push({ id: null, says: `the daemon ended with ${String(signal ?? code)}` });
    for (const daemon of world.daemons) await daemon.expectNothingLeft();
  } catch (error) {
    found.push({ id: null, says: String(error) });
  }
  return found;
}

function mixUps({ canada, cloud }: ChaosWorld): Violation[] {
  return [
    ...canada.mixUps.map((one) => `wrong car: ${JSON.stringify(one)}`),
    ...cloud.requests.unknown.map(({ host, path }) => `unknown request: ${host}${path}`),
  ].map((says) => ({ id: null, says }));
}
