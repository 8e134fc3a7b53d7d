import type { CarIdentity } from './simulated-state.js';

type Build = Pick<
  CarIdentity,
  | 'drivetrain'
  | 'battery_kwh'
  | 'consumption_kwh_100km'
  | 'tank_l'
  | 'consumption_l_100km'
  | 'service_interval_km'
>;

const ev: Build = {
  drivetrain: 'ev',
  battery_kwh: 77.4,
  consumption_kwh_100km: 17.5,
  tank_l: 0,
  consumption_l_100km: 0,
  service_interval_km: 30_000,
};
const phev: Build = {
  drivetrain: 'phev',
  battery_kwh: 13.8,
  consumption_kwh_100km: 21,
  tank_l: 42,
  consumption_l_100km: 6.4,
  service_interval_km: 15_000,
};
const hev: Build = { ...phev, drivetrain: 'hev', battery_kwh: 0, consumption_kwh_100km: 0 };
const ice: Build = { ...hev, drivetrain: 'ice', tank_l: 50, consumption_l_100km: 7.1 };

/** The makers' line-ups: the first two cars of an account are an EV and a plug-in hybrid. */
const lineUps: Record<string, { wmi: string; cars: readonly (readonly [string, Build])[] }> = {
  hyundai: {
    wmi: 'KMH',
    cars: [
      ['Ioniq 5', ev],
      ['Tucson Plug-in', phev],
      ['Kona Hybrid', hev],
      ['i20', ice],
    ],
  },
  kia: {
    wmi: 'KNA',
    cars: [
      ['EV6', ev],
      ['Sportage PHEV', phev],
      ['Niro Hybrid', hev],
      ['Ceed', ice],
    ],
  },
  genesis: {
    wmi: 'KMT',
    cars: [
      ['GV60', ev],
      ['GV70', ice],
    ],
  },
};

export interface IdentityOptions {
  /** Which car of the account, from 0. */
  readonly index: number;
  readonly seed: number;
  /** `hyundai`, `kia` or `genesis`; any other brand gets Hyundai's line-up. */
  readonly brand?: string;
  /** A region that begins with `usa` shows Fahrenheit. */
  readonly region?: string;
}

/** The same options make the same car on every machine; the indexes of a seed make different ones. */
export function createIdentity(options: IdentityOptions): CarIdentity {
  const { index, seed, brand = 'hyundai', region = 'europe' } = options;
  const lineUp = lineUps[brand] ?? lineUps['hyundai'];
  const car = lineUp?.cars[index % lineUp.cars.length];
  if (lineUp === undefined || car === undefined) {
    throw new RangeError(`index of a simulated car: expected 0 or more, got ${index}`);
  }
  const [model, build] = car;
  const round = Math.floor(index / lineUp.cars.length);
  const random = createRandom(seed ^ saltOf(brand), index);
  const year = 2021 + Math.floor(random() * 5);
  return {
    id: vendorId(random),
    vin: createVin(lineUp.wmi, year, seed, index),
    name: round === 0 ? model : `${model} (${round + 1})`,
    brand,
    model,
    year,
    unit: region.startsWith('usa') ? 'F' : 'C',
    ...build,
  };
}

/** A repeatable source of numbers from 0 to below 1 (mulberry32). */
export function createRandom(seed: number, index: number): () => number {
  let state = (Math.imul(seed, 0x9e3779b1) ^ Math.imul(index + 1, 0x85ebca6b)) >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** Accounts of two brands must not share vendor ids because they share a seed. */
function saltOf(brand: string): number {
  return Buffer.from(brand).reduce((salt, byte) => Math.imul(salt, 31) + byte, 0);
}

function vendorId(random: () => number): string {
  const hex = Array.from({ length: 32 }, () => Math.floor(random() * 16).toString(16)).join('');
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}

// ISO 3779 has neither I, O nor Q; the place of a letter gives its value for the check digit.
const vinValues = '0123456789.ABCDEFGH..JKLMN.P.R..STUVWXYZ';
const vinWeights = [8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2];

function createVin(wmi: string, year: number, seed: number, index: number): string {
  const yearLetter = 'MNPRST'[year - 2021] ?? 'T';
  const serial = (Math.floor(createRandom(seed, -1)() * 900_000) + index) % 1_000_000;
  const vin = `${wmi}KR81E0${yearLetter}U${String(serial).padStart(6, '0')}`;
  const sum = vinWeights.reduce((total, weight, place) => {
    return total + weight * (vinValues.indexOf(vin.charAt(place)) % 10);
  }, 0);
  const check = sum % 11 === 10 ? 'X' : String(sum % 11);
  return vin.slice(0, 8) + check + vin.slice(9);
}
