import { withoutPlug, type VehicleReport } from '../../vehicle/state.js';
import {
  at,
  distance,
  flag,
  isoTime,
  minutes,
  number,
  percent,
  positivePercent,
  rounded,
} from './values.js';

type Ev = VehicleReport['ev'];

/** The battery from `evStatus`; `reported` is when the car said it, in epoch milliseconds. */
export function chargingOf(status: unknown, reported: number | null): Ev {
  const plugged = flag(at(status, 'batteryPlugin'));
  const charging = plugged === false ? false : flag(at(status, 'batteryCharge'));
  const power = powerOf(status, charging);
  const plug_type = plugTypeOf(plugged, power);
  const soc = percent(at(status, 'batteryStatus'));
  const limits = { limit_ac: limitOf(status, 1), limit_dc: limitOf(status, 0) };
  const limit = plug_type === 'dc' ? limits.limit_dc : limits.limit_ac;
  const left = (name: string) => minutes(at(status, 'remainTime2', name, 'value'));
  // Not charging, the number is an old one or a guess.
  const minutes_to_limit = charging === true ? left('atc') : null;
  return {
    ...withoutPlug,
    soc,
    range_km: distance(at(status, 'drvDistance', 0, 'rangeByFuel', 'evModeRange')),
    charging,
    plugged,
    plug_type,
    charge_state: chargeStateOf(plugged, charging, soc !== null && limit !== null && soc >= limit),
    status: charging === true ? 'C' : plugged === null ? null : plugged ? 'B' : 'A',
    charge_power_kw: power === null ? null : rounded(power, 2),
    minutes_to_limit,
    finish_at: finishAt(reported, minutes_to_limit),
    minutes_fast: left('etc1'),
    minutes_portable: left('etc2'),
    minutes_station: left('etc3'),
    ...limits,
  };
}

function powerOf(status: unknown, charging: boolean | null): number | null {
  if (charging === false) return 0;
  const rates = ['batteryFstChrgPower', 'batteryStndChrgPower']
    .map((name) => number(at(status, name)))
    .filter((rate) => rate !== null);
  const power =
    number(at(status, 'realTimePower')) ?? (rates.length > 0 ? Math.max(...rates) : null);
  return power !== null && power >= 0 ? power : null;
}

/** Above this an on-board charger cannot be at work. */
const fastestAc_kw = 22;

/** The vendor's numbers for plugs contradict each other; only the power proves something. */
function plugTypeOf(plugged: boolean | null, power_kw: number | null): Ev['plug_type'] {
  if (plugged === false) return 'none';
  return plugged === true && power_kw !== null && power_kw > fastestAc_kw ? 'dc' : null;
}

function limitOf(status: unknown, plugType: number): number | null {
  const list = at(status, 'reservChargeInfos', 'targetSOClist');
  if (!Array.isArray(list)) return null;
  const entry: unknown = list.find((one: unknown) => at(one, 'plugType') === plugType);
  return positivePercent(at(entry, 'targetSOClevel'));
}

function chargeStateOf(
  plugged: boolean | null,
  charging: boolean | null,
  full: boolean,
): Ev['charge_state'] {
  if (plugged === null) return null;
  if (!plugged) return 'disconnected';
  if (charging === true) return 'charging';
  return full ? 'complete' : 'connected';
}

const minute_ms = 60_000;

function finishAt(reported: number | null, left_min: number | null): string | null {
  if (reported === null || left_min === null) return null;
  return isoTime(Math.round(reported / minute_ms + left_min) * minute_ms);
}
