import type { LifeCycleEvent } from '../vehicle/life-cycle.js';
import type { StateDocument } from '../vehicle/state.js';

/** What brought the values: a refresh of this kind. */
export type UpdateMethod = 'cached' | 'force' | 'smart';

type Value = readonly [path: string, value: unknown, unit?: string];

/**
 * The topics of the Python service with their payloads. What is unknown is empty, which at a broker clears the topic.
 * Each read has a time of its own: whoever waits for the next one sees it, be its values the same or not.
 */
export function legacyValues(
  document: StateDocument,
  method: UpdateMethod | undefined,
): [path: string, payload: string][] {
  const timestamp = document.polled_at;
  return valuesOf(document, method).map(([path, value, unit]) => [
    path,
    value === null
      ? ''
      : JSON.stringify({ value, ...(unit === undefined ? {} : { unit }), timestamp }),
  ]);
}

function valuesOf(document: StateDocument, method: UpdateMethod | undefined): Value[] {
  const { ev, reported_at, source } = document;
  return [
    ['battery/level', ev.soc, '%'],
    ['battery/charging_status', word(ev.charging, 'charging', 'not_charging')],
    ['battery/plug_status', word(ev.plugged, 'connected', 'disconnected')],
    ['battery/temperature', ev.temp_max_c ?? ev.temp_min_c, '°C'],
    ['ev/range', ev.range_km, 'km'],
    ['ev/charge_time_100', limitInUse(ev) === 100 ? ev.minutes_to_limit : null, 'min'],
    ['ev/charge_time_target', ev.minutes_to_limit, 'min'],
    ['ev/charge_limit', ev.limit_ac, '%'],
    ['ev/energy_consumption', ev.consumption_kwh_100km, 'kWh/100km'],
    ['status/last_updated', reported_at],
    ['status/data_source', source === 'force' ? 'fresh' : source],
    ['status/update_method', method ?? source],
  ];
}

function word(flag: boolean | null, yes: string, no: string): string | null {
  if (flag === null) return null;
  return flag ? yes : no;
}

/** The limit that the charging ends at. */
function limitInUse({ plug_type, limit_ac, limit_dc }: StateDocument['ev']): number | null {
  return plug_type === 'dc' ? limit_dc : limit_ac;
}

/** The payload of `status/error` after a command that ended so; null and `succeeded`: nothing is wrong. */
export function legacyError(event: LifeCycleEvent | null, timestamp: string): string {
  if (event === null || event.status === 'succeeded') {
    return JSON.stringify({ value: null, timestamp });
  }
  const { command, value, code, message, status } = event;
  const mode = command === 'refresh' && typeof value === 'string' ? value.split(':')[0] : undefined;
  const error = {
    error: message ?? status,
    error_type: code ?? status,
    command_type: mode ?? command,
    timestamp,
  };
  return JSON.stringify({ value: error, timestamp });
}
