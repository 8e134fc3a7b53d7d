import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import type { RemoteAction, RemoteActionName } from './remote-action.js';
import { vehicleReportSchema, type VehicleReport } from './state.js';

/** A value of the report, by its place with dots (`lock.state`). */
const effectSchema = z.object({
  path: z.string(),
  value: z.unknown(),
  /** It ends by itself: then nobody knows any more. */
  for_ms: z.number().optional(),
});

export type Effect = z.infer<typeof effectSchema>;

/** What is believed of a car because of a command, until the car itself reports anew. */
export const beliefSchema = effectSchema.extend({
  /** Epoch milliseconds: reports from before say nothing of it. */
  since: z.number(),
});

export type Belief = z.infer<typeof beliefSchema>;

const seen = (path: string, value: unknown): Effect => ({ path, value });

/** What the report shows once the car has done it: what proves it. Empty where nothing of it can be read back. */
export function effectsOf(action: RemoteAction): Effect[] {
  switch (action.name) {
    case 'lock':
      return [seen('lock.state', action.value === 'lock' ? 'locked' : 'unlocked')];
    case 'climate_start':
      return [seen('climate.mode', 'auto')];
    case 'climate_stop':
      return [seen('climate.mode', 'off')];
    case 'charge':
      return [seen('ev.charging', action.value === 'start')];
    case 'charge_limits':
      return [seen('ev.limit_ac', action.ac), seen('ev.limit_dc', action.dc)];
    case 'charging_current':
      return [seen('ev.charge_current', action.percent)];
    case 'charge_port':
      return [seen('ev.port_open', action.value === 'open')];
    case 'windows':
      return windowEffects(action);
    case 'v2l_limit':
      return [seen('ev.v2l_limit', action.percent)];
    case 'schedule':
      return scheduleEffects(action);
    case 'lights':
    case 'horn':
    case 'valet_mode':
    case 'navigation':
      return [];
  }
}

/** What is believed of a car that has done it: what proves it, and what goes with that. */
export function believedAfter(action: RemoteAction): Effect[] {
  const proof = effectsOf(action);
  if (action.name === 'climate_start') {
    return proof.map((effect) => ({ ...effect, for_ms: action.duration_min * 60_000 }));
  }
  if (action.name === 'windows') return [...proof, seen('windows.all', allWindows(action))];
  if (action.name !== 'charge') return proof;
  // Why a car that was stopped does not charge is for the car to say.
  return [...proof, seen('ev.charge_state', action.value === 'start' ? 'charging' : null)];
}

/** What nobody knows of a car that may or may not have done it. */
export function unknownAfter(action: RemoteAction): Effect[] {
  return believedAfter(action).map(({ path }) => seen(path, null));
}

/** What nobody knows of a car that may or may not have done something of this name. */
export function unknownAfterAny(name: RemoteActionName): Effect[] {
  return affectedBy[name].map((path) => seen(path, null));
}

const affectedBy: Readonly<Record<RemoteActionName, readonly string[]>> = {
  lock: ['lock.state'],
  climate_start: ['climate.mode'],
  climate_stop: ['climate.mode'],
  charge: ['ev.charging', 'ev.charge_state'],
  charge_limits: ['ev.limit_ac', 'ev.limit_dc'],
  charging_current: ['ev.charge_current'],
  charge_port: ['ev.port_open'],
  windows: [
    'windows.front_left',
    'windows.front_right',
    'windows.rear_left',
    'windows.rear_right',
    'windows.all',
  ],
  lights: [],
  horn: [],
  valet_mode: [],
  v2l_limit: ['ev.v2l_limit'],
  schedule: [
    'ev.schedule.enabled',
    'ev.schedule.offpeak_start',
    'ev.schedule.offpeak_end',
    'ev.schedule.offpeak_only',
    'ev.schedule.departures',
    'ev.schedule.climate',
  ],
  navigation: [],
};

/** Whether the report shows all of it. */
export function shows(report: VehicleReport, effects: readonly Effect[]): boolean {
  return effects.every(({ path, value }) => isDeepStrictEqual(valueAt(report, path), value));
}

/** The report with these values in their places. */
export function withEffects(report: VehicleReport, effects: readonly Effect[]): VehicleReport {
  const changed: unknown = structuredClone(report);
  for (const { path, value } of effects) put(changed, path.split('.'), value);
  // What an older release stored may name places that are no more.
  return vehicleReportSchema.safeParse(changed).data ?? report;
}

type WindowsAction = Extract<RemoteAction, { name: 'windows' }>;

function windowEffects({ name: _, ...windows }: WindowsAction): Effect[] {
  return Object.entries(windows).flatMap(([window, position]) =>
    position === null ? [] : [seen(`windows.${window}`, position !== 'close')],
  );
}

/** What the four are together, as far as the one command tells. */
function allWindows({ name: _, ...windows }: WindowsAction): 'open' | 'closed' | null {
  const positions = Object.values(windows);
  if (positions.some((position) => position === 'open' || position === 'vent')) return 'open';
  return positions.every((position) => position === 'close') ? 'closed' : null;
}

function scheduleEffects(action: Extract<RemoteAction, { name: 'schedule' }>): Effect[] {
  const { part, enabled, offpeak_start, offpeak_end, offpeak_only, departures, climate } = action;
  const charge = [
    seen('ev.schedule.enabled', enabled),
    seen('ev.schedule.offpeak_start', offpeak_start),
    seen('ev.schedule.offpeak_end', offpeak_end),
    seen('ev.schedule.offpeak_only', offpeak_only),
  ];
  const leaving = [
    seen('ev.schedule.departures', departures),
    seen('ev.schedule.climate', climate),
  ];
  return [...(part === 'climate' ? [] : charge), ...(part === 'charge' ? [] : leaving)];
}

function valueAt(holder: unknown, path: string): unknown {
  return path.split('.').reduce<unknown>((at, key) => (isHolder(at) ? at[key] : undefined), holder);
}

function put(holder: unknown, [key = '', ...rest]: readonly string[], value: unknown): void {
  if (!isHolder(holder) || !Object.hasOwn(holder, key)) return;
  if (rest.length === 0) holder[key] = value;
  else put(holder[key], rest, value);
}

function isHolder(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
