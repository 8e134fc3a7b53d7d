import type { Asked, Evidence, Life, Violation } from '../chaos/evidence.js';
import { livesOf, violations as commandViolations } from '../chaos/violations.js';
import { lifeCycleEventSchema } from '../../src/vehicle/life-cycle.js';
import type { AuditEntry } from '../../src/vehicle/audit-entry.js';
import { reachesCar } from '../../src/vehicle/task.js';
import type { Recorded } from '../support/recorder.js';
import type { Claim } from './claims.js';
import type { FleetCar, FleetEffect } from './fleet.js';
import { Probes } from './probes.js';

/** All that was seen of a fleet from the outside. */
export interface FleetEvidence {
  readonly cars: readonly FleetCar[];
  readonly recorded: readonly Recorded[];
  readonly journal: readonly AuditEntry[];
  readonly asked: readonly Asked[];
  /** By time. */
  readonly effects: readonly FleetEffect[];
  /** By time. */
  readonly claims: readonly Claim[];
}

/** Both are told in whole milliseconds. */
const rounding_ms = 1;
const nobody = 'nobody';

/** The evidence, car by car and the bridge's own apart: nothing of one says anything of another. */
export function evidenceOfEach(evidence: FleetEvidence): Evidence[] {
  const { cars, effects } = evidence;
  const recorded = groupBy(
    evidence.recorded.filter(isNoProbe),
    ({ topic }) => topic.split('/')[1] ?? '',
  );
  const journal = groupBy(evidence.journal, ({ vehicle }) => vehicle ?? 'bridge');
  const asked = groupBy(evidence.asked, ({ vehicle }) => vehicle ?? 'bridge');
  const ofCars = groupBy(
    // An answer that comes to somebody who has lost the account meanwhile does nothing to a car.
    effects.filter(({ phase }) => phase !== 'done'),
    ({ account, vehicle }) => `${account} ${vehicle ?? ''}`,
  );
  const bridge: Pick<FleetCar, 'alias' | 'account' | 'vendorId'> = {
    ...{ alias: 'bridge', account: '', vendorId: '' },
  };
  return [...cars, bridge].map(({ alias, account, vendorId }) => ({
    recorded: recorded.get(alias) ?? [],
    journal: journal.get(alias) ?? [],
    asked: asked.get(alias) ?? [],
    executions: [],
    effects: ofCars.get(`${account} ${vendorId}`) ?? [],
    simulated: [alias],
  }));
}

export function livesOfAll(evidence: FleetEvidence): Life[] {
  return evidenceOfEach(evidence).flatMap((one) => livesOf(one));
}

/** Every breach of what a fleet promises, in words. */
export function fleetViolations(evidence: FleetEvidence): Violation[] {
  return [
    ...evidenceOfEach(evidence).flatMap((one) => commandViolations(one)),
    ...ownershipViolations(evidence),
  ];
}

/**
 * What reaches a car is sent while the account is the sender's own. A read that was handed to a thread in time may leave
 * a little later, as long as nobody else has the account.
 */
export function ownershipViolations({
  effects,
  claims,
}: Pick<FleetEvidence, 'effects' | 'claims'>): Violation[] {
  const byItem = groupBy(claims, ({ item }) => item);
  return effects
    .filter(({ phase }) => phase === 'started')
    .flatMap((effect) => {
      const own = byItem.get(`account.${effect.account}`) ?? [];
      const owners = ownersAt(own, Date.parse(effect.at));
      const isOthers = owners.some((owner) => owner !== nobody);
      if (owners.includes(effect.instance)) return [];
      if (!reachesCar(effect.operation) && !isOthers) return [];
      const told = `${effect.operation} by ${effect.instance} at ${effect.at}`;
      const says = `${effect.account}: ${told}, while it was owned by ${owners.join()}: ${history(own)}`;
      return [{ id: effect.command_id, says }];
    });
}

/** Who had it in that moment; two where it changed just then. */
function ownersAt(claims: readonly Claim[], at: number): string[] {
  const before = claims.filter((claim) => claim.at <= at + rounding_ms);
  const since = before.findLastIndex((claim) => claim.at < at - rounding_ms);
  return before.slice(Math.max(0, since)).map(({ instance }) => instance ?? nobody);
}

function history(claims: readonly Claim[]): string {
  return claims
    .map(({ instance, at }) => `${new Date(at).toISOString()} ${instance ?? nobody}`)
    .join(', ');
}

function isNoProbe({ payload }: Recorded): boolean {
  return !Probes.isProbe(lifeCycleEventSchema.parse(JSON.parse(payload)).id);
}

function groupBy<T>(all: readonly T[], keyOf: (one: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const one of all) {
    const key = keyOf(one);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [one]);
    else group.push(one);
  }
  return groups;
}
