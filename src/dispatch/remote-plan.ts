import { failure, type Failure } from '../vehicle/outcome.js';
import {
  scheduleActionSchema,
  type ClimateStart,
  type RemoteAction,
  type RemoteActionName,
  type ScheduleAction,
} from '../vehicle/remote-action.js';
import type { RemoteCommand } from '../vehicle/remote-command.js';
import type { VehicleReport } from '../vehicle/state.js';
import { normalDuration_min, type SetPoints } from '../vehicle/set-points.js';

/** What a command leaves open, from where it is filled in when it leaves. */
export interface PlanSources {
  /** What is believed of the car now. */
  readonly report: () => VehicleReport | undefined;
  readonly setPoints: () => SetPoints;
  /** The car's own unit of temperatures. */
  readonly unit: () => 'C' | 'F';
  /** The other charge limit, where a command that shares the call names it. */
  readonly otherLimit: () => number | undefined;
}

export interface RemotePlan {
  /** How long it waits for what may come with it. */
  readonly hold_ms: number;
  /** Whether the car's stored state has to be read first: not at all, if it can be, or by all means. */
  readonly reading: () => 'none' | 'helpful' | 'needed';
  /** What is sent, or why it cannot be told, or that there is no need any more. */
  readonly action: () => RemoteAction | Failure | 'needless';
}

/** Home Assistant sends mode and temperature, and the two charge limits, as messages of their own. */
const companionHold_ms = 1500;
/** A slider that is dragged sends many temperatures. */
const restartHold_ms = 3000;

const at = (action: RemoteAction): RemotePlan => ({
  hold_ms: 0,
  reading: () => 'none',
  action: () => action,
});

/** How a command becomes what the car is told. Undefined for one that only changes a set-point. */
export function planOf(command: RemoteCommand, sources: PlanSources): RemotePlan | undefined {
  switch (command.name) {
    case 'climate':
      return command.value === 'stop'
        ? at({ name: 'climate_stop' })
        : climatePlan(command, sources);
    case 'charge_limit_ac':
    case 'charge_limit_dc':
      return limitPlan(command, sources);
    case 'windows': {
      const { front_left, front_right, rear_left, rear_right } = {
        ...unnamedWindows,
        ...command.windows,
      };
      return at({ name: 'windows', front_left, front_right, rear_left, rear_right });
    }
    case 'schedule':
      return {
        hold_ms: 0,
        reading: () => 'needed',
        action: () => filledIn(command, sources.report()?.ev.schedule, sources.unit()),
      };
    case 'lock':
    case 'charge':
    case 'charge_limits':
    case 'charging_current':
    case 'charge_port':
    case 'lights':
    case 'horn':
    case 'valet_mode':
    case 'v2l_limit':
    case 'navigation':
      return at(command);
    default:
      return undefined;
  }
}

/** What it may have done to a car; undefined for one that only changes a set-point. */
export function actionNameOf(command: RemoteCommand): RemoteActionName | undefined {
  switch (command.name) {
    case 'climate':
      return command.value === 'stop' ? 'climate_stop' : 'climate_start';
    case 'climate_temperature':
      return 'climate_start';
    case 'charge_limit_ac':
    case 'charge_limit_dc':
      return 'charge_limits';
    case 'climate_duration':
    case 'climate_defrost':
    case 'climate_seat_front_left':
    case 'climate_seat_front_right':
    case 'climate_seat_rear_left':
    case 'climate_seat_rear_right':
      return undefined;
    default:
      return command.name;
  }
}

/** A start anew with the temperature that was just set, if the climate is still on by then. */
export function restartPlan(sources: PlanSources, isOn: () => boolean): RemotePlan {
  const command = { name: 'climate', value: 'start', awaits_temperature: false } as const;
  const { action, ...plan } = climatePlan(command, sources);
  return { ...plan, hold_ms: restartHold_ms, action: () => (isOn() ? action() : 'needless') };
}

type ClimateStartCommand = Extract<RemoteCommand, { name: 'climate'; value: 'start' }>;

const unnamedWindows = { front_left: null, front_right: null, rear_left: null, rear_right: null };

function climatePlan(command: ClimateStartCommand, sources: PlanSources): RemotePlan {
  const action = (): ClimateStart => {
    const { temperature, duration_min, defrost, seats } = sources.setPoints();
    return {
      name: 'climate_start',
      temperature: command.temperature ?? temperature ?? sources.report()?.climate.target ?? null,
      unit: sources.unit(),
      duration_min: command.duration ?? duration_min ?? normalDuration_min,
      defrost: command.defrost ?? defrost ?? false,
      heating: command.heating ?? 'off',
      steering_wheel: command.steering_wheel ?? null,
      seats: { ...seats, ...command.seats },
    };
  };
  const waits = command.awaits_temperature && command.temperature === undefined;
  return { hold_ms: waits ? companionHold_ms : 0, reading: () => 'none', action };
}

type LimitCommand = Extract<RemoteCommand, { name: 'charge_limit_ac' | 'charge_limit_dc' }>;

function limitPlan({ name, percent }: LimitCommand, sources: PlanSources): RemotePlan {
  const other = (): number | null => {
    const { limit_ac = null, limit_dc = null } = sources.report()?.ev ?? {};
    return sources.otherLimit() ?? (name === 'charge_limit_ac' ? limit_dc : limit_ac);
  };
  return {
    hold_ms: companionHold_ms,
    reading: () => (other() === null ? 'helpful' : 'none'),
    action: () => {
      const kept = other();
      if (kept === null) {
        const missing = name === 'charge_limit_ac' ? 'DC' : 'AC';
        const message = `the car does not report its ${missing} limit, and both are sent together: use charge_limits`;
        return failure('unavailable', message, { sent: false });
      }
      return name === 'charge_limit_ac'
        ? { name: 'charge_limits', ac: percent, dc: kept }
        : { name: 'charge_limits', ac: kept, dc: percent };
    },
  };
}

type ScheduleCommand = Extract<RemoteCommand, { name: 'schedule' }>;

/** What is left out keeps the car's present value; what the car does not report has to be named. */
function filledIn(
  command: ScheduleCommand,
  present: VehicleReport['ev']['schedule'] | undefined,
  unit: 'C' | 'F',
): ScheduleAction | Failure {
  const missing: string[] = [];
  const known = <T>(field: string, ...values: readonly (T | null | undefined)[]): T | undefined => {
    const found = values.find((value) => value !== null && value !== undefined) ?? undefined;
    if (found === undefined) missing.push(field);
    return found;
  };
  const departure = (index: number) => {
    const named = command.departures?.[index];
    const kept = present?.departures?.[index];
    const field = `departures.${String(index)}`;
    return {
      enabled: known(`${field}.enabled`, named?.enabled, kept?.enabled),
      days: known(`${field}.days`, named?.days, kept?.days),
      time: known(`${field}.time`, named?.time, kept?.time),
    };
  };
  const { climate } = command;
  const full = {
    name: 'schedule',
    part: 'all',
    enabled: known('enabled', command.enabled, present?.enabled),
    offpeak_start: known('offpeak_start', command.offpeak_start, present?.offpeak_start),
    offpeak_end: known('offpeak_end', command.offpeak_end, present?.offpeak_end),
    offpeak_only: known('offpeak_only', command.offpeak_only, present?.offpeak_only),
    departures: [departure(0), departure(1)],
    climate: {
      enabled: known('climate.enabled', climate?.enabled, present?.climate?.enabled),
      temperature: known(
        'climate.temperature',
        climate?.temperature,
        present?.climate?.temperature,
      ),
      unit: present?.climate?.unit ?? unit,
      defrost: known('climate.defrost', climate?.defrost, present?.climate?.defrost),
    },
  };
  if (missing.length === 0) return scheduleActionSchema.parse(full);
  const message = `${missing.join(', ')}: expected a value, because the car does not report its present one, got nothing`;
  return failure('invalid_payload', message, { sent: false });
}
