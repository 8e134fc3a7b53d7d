import type { CarCommand } from '../../../src/vehicle/simulated-command.js';
import type { CommandCar } from './homes.js';
import type { Order } from './order.js';

const whole = {
  enabled: true,
  offpeak_start: '22:15',
  offpeak_end: '05:45',
  offpeak_only: true,
  departures: [
    { enabled: true, days: ['mon', 'fri'], time: '07:15' },
    { enabled: false, days: ['sun', 'sat'], time: '12:05' },
  ],
  climate: { enabled: true, temperature: 22.5, defrost: true },
} as const;

/** The whole one, and then a part: the rest has to stay as it is. What the car does not tell has to be named again. */
export function scheduleOrders(car: CommandCar): Order[] {
  const climate = { ...whole.climate, temperature: 20 };
  const changed = { ...whole, offpeak_end: '06:30', climate };
  const { untold = [] } = car;
  const isTold = (field: string) => !untold.includes(`ev.schedule.${field}`);
  const again = Object.entries(whole).filter(([field]) => !isTold(field));
  const part = { ...Object.fromEntries(again), offpeak_end: '06:30' };
  const ofClimate = isTold('climate') ? { temperature: 20 } : climate;
  return [order(car, whole, whole), order(car, { ...part, climate: ofClimate }, changed)];
}

type Schedule = Omit<typeof whole, 'offpeak_end' | 'climate'> & {
  readonly offpeak_end: string;
  readonly climate: { readonly enabled: boolean; readonly temperature: number; defrost: boolean };
};

function order({ takesHalves = false }: CommandCar, payload: object, wanted: Schedule): Order {
  const { enabled, offpeak_start, offpeak_end, offpeak_only } = wanted;
  const { temperature: target_c, ...rest } = wanted.climate;
  const charging = { enabled, offpeak_start, offpeak_end, offpeak_only };
  const departures = wanted.departures.map((departure) => ({
    ...departure,
    days: [...departure.days],
    climate: { ...rest, target_c },
  }));
  const halves: CarCommand[] = [
    { name: 'schedule', schedule: { charging } },
    { name: 'schedule', schedule: { departures } },
  ];
  const both: CarCommand[] = [{ name: 'schedule', schedule: { charging, departures } }];
  return {
    messages: [{ command: 'schedule', payload: { ...payload } }],
    does: takesHalves ? halves : both,
    truth: { schedule: { charging, departures } },
    shows: {
      'ev.schedule.enabled': enabled,
      'ev.schedule.offpeak_start': offpeak_start,
      'ev.schedule.offpeak_end': offpeak_end,
      'ev.schedule.offpeak_only': offpeak_only,
      'ev.schedule.departures': wanted.departures,
      'ev.schedule.climate': { ...wanted.climate, unit: 'C' },
    },
  };
}
