import { SimulatedCar } from '../../src/vehicle/simulated-car.js';
import type { CarState } from '../../src/vehicle/simulated-state.js';

const minute_ms = 60_000;
const hour_ms = 60 * minute_ms;
export const day_ms = 24 * hour_ms;

/** A Monday, midnight UTC. */
export const monday = Date.UTC(2026, 2, 2);

/** Something that happens to a car: at a time of a day (`HH:MM`, UTC), on weekdays counted from Monday. */
interface Happening {
  readonly days: readonly number[];
  readonly at: string;
  readonly change: (car: CarState) => Partial<Omit<CarState, 'at'>>;
}

const workdays = [0, 1, 2, 3, 4];
const chargingDays = [0, 2, 4];
const dayBehind = (days: readonly number[]): readonly number[] => days.map((day) => day + 1);

const drives = (heading: number) => (): Partial<CarState> => ({
  drive: { speed_kmh: 50, heading },
  locked: false,
});
const stands = (): Partial<CarState> => ({ drive: null, locked: true });
const isPlugged = (car: CarState): Partial<CarState> => ({
  plug: 'ac',
  port_open: true,
  charging: car.soc < car.limit_ac,
});
const isUnplugged = (): Partial<CarState> => ({ plug: 'none', port_open: false, charging: false });

/** To work and back, 33 km each way; on the charger three evenings; parked from Friday evening on. */
const happenings: readonly Happening[] = [
  { days: workdays, at: '07:30', change: drives(90) },
  { days: workdays, at: '08:10', change: stands },
  { days: workdays, at: '17:00', change: drives(270) },
  { days: workdays, at: '17:40', change: stands },
  { days: chargingDays, at: '18:00', change: isPlugged },
  { days: dayBehind(chargingDays), at: '07:00', change: isUnplugged },
];

interface Due {
  readonly at: number;
  readonly change: Happening['change'];
}

/**
 * A car that somebody uses, from Monday on. It tells its cloud by itself when it is driven, parked, plugged in or
 * charged, as real ones do; nothing else does it tell without being woken.
 */
export class UsedCar {
  /** For an account of the cloud: it holds what there is of the car now. */
  readonly cars: [SimulatedCar];
  /** When a charging has come to its own end, epoch milliseconds. */
  readonly chargedAt: number[] = [];
  readonly #now: () => number;
  readonly #due: Due[];
  #isCharging = false;

  constructor(car: SimulatedCar, now: () => number) {
    this.cars = [car];
    this.#now = now;
    const hasPlug = car.identity.battery_kwh > 0;
    const days = happenings.filter(({ change }) => hasPlug || !pluggings.includes(change));
    this.#due = days.flatMap(dueOf).sort((one, other) => one.at - other.at);
    car.change({ ...isUnplugged(), ...(hasPlug && { soc: 70 }), fuel: 80, aux_level: 85 });
    this.#tell();
  }

  get car(): SimulatedCar {
    return this.cars[0];
  }

  /** What has happened up to now. */
  live(): void {
    this.#endCharging();
    while (this.#due[0] !== undefined && this.#due[0].at <= this.#now()) {
      const { change } = this.#due.shift() ?? { change: stands };
      this.change(change(this.car.live()));
    }
  }

  /** Somebody does something with it of which it tells by itself. */
  change(part: Partial<Omit<CarState, 'at'>>): void {
    this.car.change(part);
    this.#tell();
  }

  #endCharging(): void {
    if (!this.#isCharging || this.car.live().charging) return;
    this.chargedAt.push(this.#now());
    this.#tell();
  }

  #tell(): void {
    const now = this.#now();
    const live = this.car.live();
    this.#isCharging = live.charging;
    const snapshot = { ...this.car.snapshot(), live, reported: live, reported_at: now };
    this.cars[0] = SimulatedCar.fromSnapshot(snapshot, { now: this.#now, report_step_ms: 1000 });
  }
}

const pluggings: readonly Happening['change'][] = [isPlugged, isUnplugged];

function dueOf({ days, at, change }: Happening): readonly Due[] {
  return days.map((day) => ({ at: momentOf(day, at), change }));
}

/** Epoch milliseconds of a time of a day, counted from Monday. */
export function momentOf(day: number, time: string): number {
  const [hours = 0, minutes = 0] = time.split(':').map(Number);
  return monday + day * day_ms + hours * hour_ms + minutes * minute_ms;
}
