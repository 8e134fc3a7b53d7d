import type { CarSchedule } from '../../../src/vehicle/simulated-state.js';
import { weekdays } from '../../../src/vehicle/state.js';
import { toHalfDay } from '../command-words.js';
import { flag } from '../status-words.js';

type Departure = CarSchedule['departures'][number];

const celsius = 0;
/** Stands alone where no day is meant. */
const noDay = 9;

/** What stands beside the charge limits of a car without CCS2; `airTemp` is the region's word for a temperature. */
export function legacySchedule(
  { charging, departures }: CarSchedule,
  airTemp: (target_c: number) => string,
): object {
  const detail = ({ enabled, days, time, climate }: Departure) => ({
    reservChargeInfoDetail: {
      reservChargeSet: enabled,
      reservInfo: {
        day: days.length === 0 ? [noDay] : days.map((day) => weekdays.indexOf(day)),
        time: toHalfDay(time),
      },
      reservFatcSet: {
        airCtrl: flag(climate.enabled),
        airTemp: { value: airTemp(climate.target_c), unit: celsius },
        defrost: climate.defrost,
      },
    },
  });
  const [first, second] = departures.map(detail);
  return {
    reservChargeInfo: first,
    // The real word is misspelt like this.
    reserveChargeInfo2: second,
    offpeakPowerInfo: {
      offPeakPowerTime1: {
        starttime: toHalfDay(charging.offpeak_start),
        endtime: toHalfDay(charging.offpeak_end),
      },
      offPeakPowerFlag: charging.offpeak_only ? 2 : 1,
    },
    reservFlag: flag(charging.enabled),
  };
}

/** The tree below `Green.Reservation` of a car with CCS2. */
export function ccs2Schedule({ charging, departures }: CarSchedule): object {
  const [start, end] = [clock(charging.offpeak_start), clock(charging.offpeak_end)];
  const wanted = charging.offpeak_only ? 3 : 2;
  const [first, second] = departures.map(ccs2Departure);
  return {
    OffPeakTime: {
      StartHour: start.Hour,
      StartMin: start.Min,
      EndHour: end.Hour,
      EndMin: end.Min,
      Mode: charging.enabled ? wanted : 0,
    },
    Departure: { Schedule1: first, Schedule2: second },
  };
}

function ccs2Departure({ enabled, days, time, climate }: Departure): object {
  const named = weekdays.map(
    (day) => [`${day.charAt(0).toUpperCase()}${day.slice(1)}`, flag(days.includes(day))] as const,
  );
  return {
    Enable: flag(enabled),
    ...clock(time),
    ...Object.fromEntries(named),
    Climate: {
      Activation: flag(climate.enabled),
      Temperature: climate.target_c,
      TemperatureUnit: celsius,
      Defrost: flag(climate.defrost),
    },
  };
}

function clock(time: string): { readonly Hour: number; readonly Min: number } {
  return { Hour: Number(time.slice(0, 2)), Min: Number(time.slice(3, 5)) };
}
