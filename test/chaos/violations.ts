import { isDeepStrictEqual } from 'node:util';
import type { SimulatorEffect } from '../../src/backends/simulator.js';
import type { AuditEntry } from '../../src/vehicle/audit-entry.js';
import {
  type LifeCycleEvent,
  isEnding,
  lifeCycleEventSchema,
} from '../../src/vehicle/life-cycle.js';
import { type CommandStep, stepOf } from '../../src/vehicle/command-step.js';
import { breaches } from '../support/crash-ledger.js';
import type { Recorded } from '../support/recorder.js';
import { isDeed, partOf } from './deeds.js';
import type { Asked, Evidence, Execution, Life, Violation } from './evidence.js';
import { unmatched } from './matching.js';

/**
 * How long past its expiry an execution may be seen. A command has *started* in time when its request leaves in time;
 * behind that come the slowest answer that the run makes the cloud give, the time that its cars take, and the way of
 * the request through a proxy on a machine that is busy.
 */
export const allowance_ms = { answer: 400, car: 100, way: 1000 } as const;
const late_ms = allowance_ms.answer + allowance_ms.car + allowance_ms.way;
/** A simulated command has no way to go: from the last look at the clock to the line of the log. */
const handOver_ms = 500;

/** Every breach of what the bridge promises, in words. */
export function violations(evidence: Evidence): Violation[] {
  const lives = livesOf(evidence);
  return [
    ...lifeViolations(lives, evidence),
    ...journalViolations(lives, evidence),
    ...lives.filter(({ asked }) => asked?.isVoid).map((life) => says(life, 'was taken')),
    ...executionViolations(lives, evidence),
    ...lives.flatMap((life) => simulatorViolations(life, evidence)),
    ...strangeEffects(lives, evidence),
  ];
}

/** Every command that was accepted, with its own events: no refusal of its id, and no repetition of its last event. */
export function livesOf({ recorded, asked }: Pick<Evidence, 'recorded' | 'asked'>): Life[] {
  const byId = new Map<string, Map<number, LifeCycleEvent>>();
  for (const event of recorded.filter(isResult).map(eventOf)) {
    if (isRefusal(event) || event.replayed === true) continue;
    const events = byId.get(event.id) ?? new Map<number, LifeCycleEvent>();
    byId.set(event.id, events.set(event.seq, event));
  }
  const meant = new Map(asked.map((one) => [`${one.command} ${one.id}`, one]));
  return [...byId].flatMap(([id, bySeq]) => {
    const events = [...bySeq.values()].sort((one, other) => one.seq - other.seq);
    const accepted = events.find(({ status }) => status === 'accepted') ?? events[0];
    if (accepted === undefined) return [];
    const ending = events.find(isEnding);
    const own = meant.get(`${String(accepted.command)} ${id}`) ?? bareWord(accepted);
    return [{ id, events, accepted, ending, asked: own }];
  });
}

/** What was sent without an id says itself all that there is to know. */
function bareWord({ id, vehicle, command, value }: LifeCycleEvent): Asked | undefined {
  const expires_s = command === 'lock' && value === 'lock' ? 600 : 60;
  const about = { id, vehicle, expires_s, isVoid: false };
  if (command === 'lock') return { ...about, command, deed: `lock ${String(value)}` };
  if (command === 'horn') return { ...about, command, deed: 'horn' };
  return undefined;
}

/** One ending, one acceptance, nothing behind the ending, the same bytes for the same event; wakes of simulated cars. */
function lifeViolations(lives: readonly Life[], evidence: Evidence): Violation[] {
  const results = evidence.recorded.filter(isResult).filter((one) => !isRefusal(eventOf(one)));
  const sent = ({ id, accepted }: Life) => ({
    ...{ id, vehicle: accepted.vehicle ?? '', value: '' },
    payload: `${accepted.vehicle ?? 'bridge'} ${accepted.command ?? ''} ${id}`,
  });
  const isRead = ({ accepted: { command, vehicle } }: Life): boolean =>
    command === 'refresh' && evidence.simulated.includes(vehicle ?? '');
  const said = [
    ...breaches(lives.filter((one) => !isRead(one)).map(sent), results, []),
    ...breaches(lives.filter(isRead).map(sent), results, evidence.effects),
  ];
  return [...new Set(said)].map((words) => ({ id: idIn(words, lives), says: words }));
}

function idIn(words: string, lives: readonly Life[]): string | null {
  return lives.find(({ id }) => words.includes(` ${id}:`) || words.includes(`"${id}"`))?.id ?? null;
}

/** The journal knows the same commands, and the same ending of each. */
function journalViolations(lives: readonly Life[], { journal }: Evidence): Violation[] {
  const entries = new Map(journal.filter(wasTaken).map((entry) => [entry.id, entry]));
  const told = new Set(lives.map(({ id }) => id));
  return [
    ...[...entries.keys()]
      .filter((id) => !told.has(id))
      .map((id) => ({ id, says: `${id}: journalled, and nothing was said of it` })),
    ...lives.flatMap((life) => {
      const entry = entries.get(life.id);
      if (entry === undefined) return [says(life, 'accepted, and not in the journal')];
      const ended = entry.steps.filter(isEnding);
      const [step] = ended;
      if (ended.length === 1 && entry.status === step?.status && isSame(step, life.ending))
        return [];
      const journalled = JSON.stringify(ended);
      return [
        says(life, `ended as ${JSON.stringify(life.ending)}, in the journal as ${journalled}`),
      ];
    }),
  ];
}

/** An entry leaves out what is the same in all events of a command. */
function isSame(step: CommandStep, ending: LifeCycleEvent | undefined): boolean {
  return ending !== undefined && isDeepStrictEqual(step, stepOf(ending));
}

const wasTaken = ({ steps }: AuditEntry): boolean =>
  steps.some(({ status }) => status === 'accepted');

/** Each execution belongs to a command of its own: one that was not too late, and whose ending does not deny it. */
function executionViolations(lives: readonly Life[], evidence: Evidence): Violation[] {
  const { executions, simulated } = evidence;
  const remote = lives.filter(
    ({ asked, accepted: { vehicle } }) =>
      typeof asked?.deed === 'string' && !simulated.includes(vehicle ?? ''),
  );
  const homeless = unmatched(executions, remote, isOf).map((one) => {
    const { vehicle, deed, at } = one;
    const alike = remote.filter((life) => isMeant(one, life));
    const others = alike.map((life) => `${life.id} (${whyNot(one, life)})`);
    return {
      id: alike.findLast((life) => isInTime(one, life))?.id ?? null,
      says: `${vehicle} did "${deed}" at ${iso(at)}, once more than any command allows: ${others.join(', ')}`,
    };
  });
  const confirmed = remote.filter(isConfirmed);
  const hollow = unmatched(confirmed, executions, (life, one) => isOf(one, life));
  return [
    ...homeless,
    ...hollow.map((life) => says(life, 'confirmed, and the car has not done it')),
  ];
}

function isMeant({ vehicle, deed }: Execution, { accepted, asked }: Life): boolean {
  return (
    accepted.vehicle === vehicle && typeof asked?.deed === 'string' && isDeed(asked.deed, deed)
  );
}

function isOf(execution: Execution, life: Life): boolean {
  return isMeant(execution, life) && whyNot(execution, life) === '';
}

function isInTime({ at }: Execution, life: Life): boolean {
  return at >= Date.parse(life.accepted.at) && at <= deadlineOf(life) + late_ms;
}

function whyNot({ at }: Execution, life: Life): string {
  if (deniesAll(life)) return `ended as ${life.ending?.status ?? ''} ${life.ending?.code ?? ''}`;
  const taken = Date.parse(life.accepted.at);
  if (at < taken) return `taken at ${life.accepted.at}`;
  const until = deadlineOf(life) + late_ms;
  return at > until ? `late after ${iso(deadlineOf(life))}` : '';
}

/** An ending that says that nothing was done. */
function deniesAll({ ending }: Life): boolean {
  if (ending === undefined) return false;
  if (ending.status === 'succeeded') return ending.dry_run === true;
  return ending.status !== 'failed' || ending.outcome !== 'unknown';
}

/** One that stands for others too, or for which others stand, may share what it did with them. */
function isConfirmed({ ending, asked, accepted }: Life): boolean {
  const isShared = asked?.command === 'charge_limit_ac' || asked?.command === 'charge_limit_dc';
  return (
    ending?.confirmed_by === 'action_status' && !isShared && accepted.shared_with === undefined
  );
}

function deadlineOf({ accepted, asked }: Life): number {
  return Date.parse(accepted.at) + (asked?.expires_s ?? 0) * 1000;
}

/** What the log of the simulated cars tells of one command. */
function simulatorViolations(life: Life, { effects, simulated }: Evidence): Violation[] {
  if (!simulated.includes(life.accepted.vehicle ?? '') || life.asked?.deed == null) return [];
  const own = effects.filter((one) => one.command_id === life.id && one.operation === 'command');
  const of = (phase: SimulatorEffect['phase']) => own.filter((one) => one.phase === phase);
  const twice = (['taken', 'executed'] as const).flatMap((phase) => {
    const parts = of(phase).map(({ action }) => partOf(action));
    return new Set(parts).size === parts.length
      ? []
      : [says(life, `${phase} ${String(parts.length)}×`)];
  });
  // The second half of a schedule is sent when the first is done.
  const late = of('started').filter(
    ({ at, action }) =>
      partOf(action) !== 'climate' && Date.parse(at) > deadlineOf(life) + handOver_ms,
  );
  const denied = deniesAll(life) ? of('executed') : [];
  const hollow = isConfirmed(life) && of('executed').length === 0;
  return [
    ...twice,
    ...late.map(({ at }) => says(life, `sent at ${at}, late after ${iso(deadlineOf(life))}`)),
    ...denied.map(({ at }) =>
      says(life, `executed at ${at}, and ended as ${String(life.ending?.status)}`),
    ),
    ...(hollow ? [says(life, 'confirmed, and the car has not done it')] : []),
  ];
}

/** What the simulated cars were told by nobody. */
function strangeEffects(lives: readonly Life[], { effects }: Evidence): Violation[] {
  const known = new Set(lives.filter(({ asked }) => asked?.deed != null).map(({ id }) => id));
  return effects
    .filter(({ operation }) => operation === 'command')
    .filter(({ command_id }) => !known.has(command_id ?? ''))
    .map((one) => ({
      id: one.command_id,
      says: `no command, and the simulator was told: ${JSON.stringify(one)}`,
    }));
}

function says({ id }: Life, words: string): Violation {
  return { id, says: `${id}: ${words}` };
}

const iso = (epoch_ms: number): string => new Date(epoch_ms).toISOString();

/** What is refused at once, `expired` among it, is no part of an id's life. */
const isRefusal = ({ seq }: LifeCycleEvent): boolean => seq === 0;

const isResult = ({ topic }: Recorded): boolean => topic.endsWith('/result');

const read = new WeakMap<Recorded, LifeCycleEvent>();

/** Many are asked for again and again. */
function eventOf(message: Recorded): LifeCycleEvent {
  const event = read.get(message) ?? lifeCycleEventSchema.parse(JSON.parse(message.payload));
  read.set(message, event);
  return event;
}
