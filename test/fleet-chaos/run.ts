import { setTimeout as pause } from 'node:timers/promises';
import { Commands } from '../chaos/commands.js';
import type { Life, Violation } from '../chaos/evidence.js';
import { Chance } from '../support/crash-random.js';
import { waitUntil } from '../support/wait.js';
import { FleetDisturbances, type Severity } from './disturbances.js';
import { base } from './fleet.js';
import { type FleetEvidence, fleetViolations, livesOfAll } from './violations.js';
import { FleetWorld, type FleetWorldSize } from './world.js';

export interface FleetChaos extends FleetWorldSize {
  readonly seed: number;
  /** How many faults there are to be at least. */
  readonly faults: number;
  readonly perSecond: number;
  readonly severity: Severity;
  /** In this time every account has to be owned again, else it is a violation; undefined: only told. */
  readonly within_ms?: number;
  /** Hears how it goes. */
  readonly say?: (line: string) => void;
}

export interface FleetOutcome {
  readonly seed: number;
  readonly lives: readonly Life[];
  /** Faults by kind. */
  readonly faults: ReadonlyMap<string, number>;
  /** Executions that were counted. */
  readonly executions: { readonly cloud: number; readonly simulated: number };
  /** How long it took after each fault until every account was owned again, ms; in the order of the faults. */
  readonly gaps_ms: readonly number[];
  readonly violations: readonly Violation[];
  readonly evidence: FleetEvidence;
  /** What each process has logged. */
  readonly logs: ReadonlyMap<string, readonly string[]>;
}

/** The first sign-in of every account, on a machine that does much else. */
const start_ms = 600_000;
/** Nothing is owned again after this, if it was not before. */
const longest_ms = 120_000;
const endings_ms = 180_000;
const settled_ms = 3_000;
/** Between what was made good and the next fault. */
const peace_ms = 4_000;

/** Random commands throughout, and random faults, each after the last was made good; then peace, the end, and what came to light. */
export async function runFleetChaos(chaos: FleetChaos): Promise<FleetOutcome> {
  const { seed, say = () => undefined } = chaos;
  const chance = (place: number): Chance => new Chance(seed * 10 + place);
  const world = await FleetWorld.start(chaos);
  const commands = new Commands({
    ...{ base, chance: chance(1), cars: world.cars, run: String(seed) },
    // Here a command may wait at the broker for its next owner.
    mayExpireAtBroker: false,
  });
  const disturbances = new FleetDisturbances(world, chance(2), chaos.severity);
  const started = await ownedAgain(world, performance.now(), start_ms);
  say(`every account is owned after ${seconds(started.after_ms)}`);
  if (started.missing.length > 0) throw new Error(`never owned: ${started.missing.join(', ')}`);
  const sending = new AbortController();
  const sent = sendCommands(world, commands, chance(3), chaos.perSecond, sending.signal);
  const peace = chance(4);
  const found: Violation[] = [];
  const gaps_ms: number[] = [];
  let isLost = false;
  while (!isLost && (disturbances.total < chaos.faults || !disturbances.isComplete)) {
    const { kinds, since } = await disturbances.happen();
    const { after_ms, missing } = await ownedAgain(world, since, longest_ms);
    gaps_ms.push(after_ms);
    say(`${String(disturbances.total)} ${kinds.join(' + ')}: owned after ${seconds(after_ms)}`);
    found.push(...tooLate(chaos, kinds, after_ms, missing));
    // What comes behind that would only cover the traces.
    isLost = missing.length > 0;
    await pause(peace.between(0, peace_ms));
  }
  await disturbances.cease();
  found.push(...tooLate(chaos, ['the end'], ...(await lastOwned(world))));
  sending.abort();
  await sent;
  found.push(...disturbances.violations, ...(await ended(world)));
  found.push(...(await settled(world)));
  const journal = await world.journal(found);
  found.push(...(await stopped(world)));
  const evidence: FleetEvidence = {
    cars: world.fleet.cars,
    recorded: world.traffic.recorder.messages,
    journal,
    asked: commands.asked,
    effects: await world.fleet.effects(),
    claims: await world.claims.all(),
  };
  return {
    seed,
    lives: livesOfAll(evidence),
    faults: disturbances.counts,
    executions: {
      cloud: 0,
      simulated: evidence.effects.filter(({ phase }) => phase === 'executed').length,
    },
    gaps_ms,
    violations: [...found, ...fleetViolations(evidence)],
    evidence,
    logs: logsOf(world),
  };
}

function ownedAgain(world: FleetWorld, since: number, longest: number) {
  return world.probes.allAnswer(since, performance.now() + longest);
}

async function lastOwned(world: FleetWorld): Promise<[number, readonly string[]]> {
  const { after_ms, missing } = await ownedAgain(world, performance.now(), longest_ms);
  return [after_ms, missing];
}

function tooLate(
  { within_ms }: FleetChaos,
  kinds: readonly string[],
  after_ms: number,
  missing: readonly string[],
): Violation[] {
  const what = `after ${kinds.join(' + ')}`;
  if (missing.length > 0) {
    return [{ id: null, says: `${what}: never owned again: ${missing.join(', ')}` }];
  }
  if (within_ms === undefined || after_ms <= within_ms) return [];
  return [{ id: null, says: `${what}: all are owned again only after ${seconds(after_ms)}` }];
}

async function sendCommands(
  world: FleetWorld,
  commands: Commands,
  chance: Chance,
  perSecond: number,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    world.traffic.send(commands.next());
    await pause(chance.between(0, 2000 / perSecond));
  }
}

/** Waits until nothing is under way; whatever has no ending by then is told by the evidence. */
async function ended({ traffic }: FleetWorld): Promise<Violation[]> {
  try {
    await waitUntil(
      () => traffic.unsent === 0,
      endings_ms,
      () => 'the broker to take every command',
    );
    await waitUntil(
      async () => {
        const before = traffic.open.length;
        await pause(1000);
        return before + traffic.open.length === 0;
      },
      endings_ms,
      () => `the endings of ${traffic.open.join(', ')}`,
    );
    return [];
  } catch (error) {
    return [{ id: null, says: String(error) }];
  }
}

/** What is just moved is in nobody's journal: waits until every account has stayed where it is for a while. */
async function settled({ claims, fleet }: FleetWorld): Promise<Violation[]> {
  const ownersNow = async (): Promise<string> => {
    const owners = fleet.accounts.map((account) => claims.ownerOf(`account.${account}`));
    return (await Promise.all(owners)).map((owner) => owner ?? '').join();
  };
  const hasSettled = async (): Promise<boolean> => {
    const before = await ownersNow();
    await pause(settled_ms);
    return before === (await ownersNow()) && !`,${before},`.includes(',,');
  };
  try {
    await waitUntil(hasSettled, endings_ms, () => 'accounts that move no more');
    return [];
  } catch (error) {
    return [{ id: null, says: String(error) }];
  }
}

/** All end by themselves, and of none is anything left. */
async function stopped({ fleet }: FleetWorld): Promise<Violation[]> {
  const found: Violation[] = [];
  for (const instance of fleet.instances) {
    try {
      const { code, signal } = await fleet.daemon(instance).stop(60_000);
      if (code !== 0) {
        const said = fleet.daemon(instance).lines.slice(-20).join('\n');
        found.push({
          id: null,
          says: `${instance} ended with ${String(signal ?? code)}:\n${said}`,
        });
      }
      for (const daemon of fleet.daemons.get(instance) ?? []) await daemon.expectNothingLeft();
    } catch (error) {
      found.push({ id: null, says: `${instance}: ${String(error)}` });
    }
  }
  return found;
}

function logsOf({ fleet }: FleetWorld): Map<string, readonly string[]> {
  return new Map(
    [...fleet.daemons].flatMap(([instance, daemons]) =>
      daemons.map(({ lines }, place) => [`${instance}-${String(place)}`, lines] as const),
    ),
  );
}

export function seconds(time_ms: number): string {
  return `${(time_ms / 1000).toFixed(1)} s`;
}
