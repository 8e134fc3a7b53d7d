import type { Drivetrain } from '../vehicle/state.js';

/** Requests to the vendor that one operation makes, counted with the library against copies of the makers' clouds. */
export interface RequestCosts {
  /** Reads what the cloud knows. */
  readonly cached: number;
  /** Wakes the car, and reads it. */
  readonly force: number;
  /** To open a session, and to list the cars. */
  readonly sign_in: number;
  /** To renew a session that has ended, and to list the cars. */
  readonly renewal: number;
  /** How long a session lasts, in hours. */
  readonly session_h: number;
}

const day_h = 24;

/**
 * Of an electric car, by the first read of a process: it ends between two polls. Where cars of one region differ, of
 * those that take more.
 */
const electric: Readonly<Record<string, RequestCosts>> = {
  europe: { cached: 4, force: 5, sign_in: 9, renewal: 3, session_h: day_h },
  'europe-cci': { cached: 5, force: 6, sign_in: 7, renewal: 3, session_h: day_h },
  usa: { cached: 4, force: 4, sign_in: 2, renewal: 2, session_h: 0.5 },
  canada: { cached: 6, force: 6, sign_in: 2, renewal: 2, session_h: day_h },
  australia: { cached: 4, force: 8, sign_in: 5, renewal: 2, session_h: day_h },
  'new-zealand': { cached: 4, force: 8, sign_in: 5, renewal: 2, session_h: day_h },
  india: { cached: 4, force: 9, sign_in: 5, renewal: 2, session_h: day_h },
  china: { cached: 3, force: 7, sign_in: 6, renewal: 7, session_h: 6 },
  brazil: { cached: 1, force: 3, sign_in: 5, renewal: 2, session_h: day_h },
};

const unknownRegion: RequestCosts = {
  ...{ cached: 4, force: 5 },
  ...{ sign_in: 9, renewal: 3, session_h: day_h },
};

/** Brands that differ from the others of their region. */
const ofBrand: Readonly<Record<string, Partial<RequestCosts>>> = {
  'europe-cci kia': { cached: 1, force: 2 },
  'usa kia': { cached: 2, force: 3, session_h: 23 },
};

/** How many fewer requests a read of a car without a plug takes. */
const lessWithoutPlug: Readonly<Record<string, number>> = {
  europe: 2,
  'europe-cci': 2,
  usa: 1,
  canada: 2,
  australia: 2,
  'new-zealand': 2,
  india: 1,
  china: 2,
};

/** What reading and waking a car costs in this region and of this brand (names of the configuration). */
export function requestCosts(region: string, brand: string, drivetrain: Drivetrain): RequestCosts {
  const costs = { ...(electric[region] ?? unknownRegion), ...ofBrand[`${region} ${brand}`] };
  if (hasTrips(region, brand, drivetrain)) return costs;
  const less = lessWithoutPlug[region] ?? 0;
  const [cached, force] = [costs.cached - less, costs.force - less];
  return { ...costs, cached: Math.max(1, cached), force: Math.max(2, force) };
}

/** The servers of Hyundai USA tell the trips of electric cars only; elsewhere a plug is enough. */
function hasTrips(region: string, brand: string, drivetrain: Drivetrain): boolean {
  if (region === 'usa' && brand !== 'kia') return drivetrain === 'ev';
  return drivetrain === 'ev' || drivetrain === 'phev';
}
