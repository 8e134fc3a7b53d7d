import { z } from 'zod';
import { weekdays } from '../../src/vehicle/state.js';
import type { CarSchedule } from '../../src/vehicle/simulated-state.js';
import { fromHalfDay } from './command-words.js';

type Departures = CarSchedule['departures'];

const time = z
  .strictObject({
    time: z.string().regex(/^(0[1-9]|1[0-2])[0-5]\d$/),
    timeSection: z.literal([0, 1]),
  })
  .transform(fromHalfDay);

const noDay = 9;

/** Sunday is 0, and 9 alone says that no day is meant. */
const days = z
  .array(z.int().min(0).max(noDay))
  .min(1)
  .transform((numbers) => weekdays.filter((_, place) => numbers.includes(place)));

const reservInfo = z.strictObject({ day: days, time });

const airTemp = z
  .strictObject({
    value: z.string().regex(/^\d\d\.[05]$/),
    hvacTempType: z.literal(1),
    unit: z.literal(0),
  })
  .transform(({ value }) => Number(value));

const flag = z.literal([0, 1]).transform((value) => value === 1);

const climate = { airCtrl: flag, airTemp, defrost: z.boolean() };

function climateOf(set: { airCtrl: boolean; airTemp: number; defrost: boolean }) {
  return { enabled: set.airCtrl, target_c: set.airTemp, defrost: set.defrost };
}

const departure = z
  .strictObject({
    reservChargeSet: z.boolean(),
    reservInfo,
    reservFatcSet: z.strictObject({ ...climate, heating1: z.literal(0) }),
  })
  .transform(({ reservChargeSet, reservInfo: when, reservFatcSet }): Departures[number] => ({
    enabled: reservChargeSet,
    days: when.day,
    time: when.time,
    climate: climateOf(reservFatcSet),
  }));

/** What stands beside the departures where both halves come at once. */
const offPeak = {
  offPeakPowerInfo: z.strictObject({
    offPeakPowerTime1: z.strictObject({ starttime: time, endtime: time }),
    // 2 is only then, 1 is preferably then.
    offPeakPowerFlag: z.literal([1, 2]),
  }),
  reservFlag: flag,
};

const twoDepartures = { reservChargeInfo1: departure, reservChargeInfo2: departure };

type Together = z.output<ReturnType<typeof z.strictObject<typeof twoDepartures & typeof offPeak>>>;

function bothHalves(body: Together): CarSchedule {
  const { offPeakPowerTime1: times, offPeakPowerFlag } = body.offPeakPowerInfo;
  return {
    charging: {
      enabled: body.reservFlag,
      offpeak_start: times.starttime,
      offpeak_end: times.endtime,
      offpeak_only: offPeakPowerFlag === 2,
    },
    departures: [body.reservChargeInfo1, body.reservChargeInfo2],
  };
}

/** Both halves of a schedule at once, for cars that take them so. */
export const wholeSchedule = z.strictObject({ ...twoDepartures, ...offPeak }).transform(bothHalves);

/** The same on the new servers of Europe. */
export const gspaSchedule = z
  .strictObject({
    reservChargeInfo: z.strictObject(twoDepartures),
    ...offPeak,
    command: z.literal('set'),
  })
  .transform(({ reservChargeInfo, ...rest }) => bothHalves({ ...reservChargeInfo, ...rest }));

/** The half of an electric car with CCS2 that is about charging. */
export const chargeSchedule = z
  .strictObject({
    reservFlag: flag,
    // Turned round here: 1 is only then, 2 is preferably then.
    offpeakPowerFlag: z.literal([1, 2]),
    reservStartTime: time,
    reservEndTime: time,
  })
  .transform((body): CarSchedule['charging'] => ({
    enabled: body.reservFlag,
    offpeak_start: body.reservStartTime,
    offpeak_end: body.reservEndTime,
    offpeak_only: body.offpeakPowerFlag === 1,
  }));

const climateDeparture = z
  .strictObject({
    reservHVACflag: flag,
    reservInfo,
    reservHVACSet: z.strictObject(climate),
  })
  .transform(({ reservHVACflag, reservInfo: when, reservHVACSet }): Departures[number] => ({
    enabled: reservHVACflag,
    days: when.day,
    time: when.time,
    climate: climateOf(reservHVACSet),
  }));

/** The half that is about departures and the climate before them. */
export const climateSchedule = z
  .strictObject({ reservedHVACInfo1: climateDeparture, reservedHVACInfo2: climateDeparture })
  .transform((body): Departures => [body.reservedHVACInfo1, body.reservedHVACInfo2]);
