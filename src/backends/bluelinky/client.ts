import { failure } from '../../vehicle/outcome.js';
import { at, number, text } from './values.js';
import { OddAnswer, Refused, refusesRefresh } from './failures.js';
import type { Reply } from './http-watch.js';
import type { Library, LibraryClient, LibraryVehicle } from './library.js';
import type { CarFacts } from './report.js';
import { putSession, sessionOf, type KeptSession } from './session.js';
import type { BluelinkySettings } from './settings.js';

/** Runs one call of the library; gives the vendor's last answer too, because the library keeps only parts of it. */
export type RunCall = <T>(
  work: () => Promise<T>,
) => Promise<{ value: T; reply: Reply | undefined }>;

export interface Reading {
  readonly car: CarFacts;
  /** `vehicleStatus` as the vendor sends it. */
  readonly status: unknown;
}

/** One client of the library, with the cars that it has listed. Sessions come and go with the tasks. */
export class BluelinkyClient {
  readonly #client: LibraryClient;
  #cars: ReadonlyMap<string, { readonly vehicle: LibraryVehicle; readonly facts: CarFacts }> =
    new Map();

  constructor({ BlueLinky }: Library, { username, password, pin }: BluelinkySettings) {
    this.#client = new BlueLinky({
      username,
      password,
      // Without one the library would send a PIN of its own, and wrong PINs lock accounts.
      pin: pin ?? '',
      region: 'US',
      brand: 'hyundai',
      autoLogin: false,
    });
    // What failed is known from the network; nobody else needs to hear of it.
    this.#client.on('error', () => undefined);
  }

  get session(): KeptSession | undefined {
    return sessionOf(this.#client);
  }

  use(session: KeptSession): void {
    putSession(this.#client, session);
  }

  /** Renews the session, also one that looks valid: the vendor may have dropped it. Signs in where that is refused. */
  async signIn(kept: KeptSession | undefined, run: RunCall): Promise<CarFacts[]> {
    if (kept !== undefined && (await this.#renewed(kept, run))) return this.list(run);
    const { reply } = await run(() => this.#client.login());
    if (this.session === undefined) throw new OddAnswer('no tokens came');
    return this.#take(this.#client.cachedVehicles, reply);
  }

  async list(run: RunCall): Promise<CarFacts[]> {
    const { value, reply } = await run(() => this.#client.getVehicles());
    return this.#take(value, reply);
  }

  async status(id: string, refresh: boolean, run: RunCall): Promise<Reading> {
    const { vehicle, facts } = await this.#car(id, run);
    const { value } = await run(() => vehicle.status({ refresh, parsed: false }));
    if (typeof value !== 'object' || value === null) throw new OddAnswer('no state came');
    return { car: facts, status: value };
  }

  /** In miles. */
  async odometer(id: string, run: RunCall): Promise<unknown> {
    const { vehicle } = await this.#car(id, run);
    const { value } = await run(() => vehicle.odometer());
    return at(value, 'value');
  }

  /** The car's facts and how to call the library for it. */
  async car(id: string, run: RunCall): Promise<{ vehicle: LibraryVehicle; facts: CarFacts }> {
    return this.#car(id, run);
  }

  /** Kept with the session, for the threads that come after. */
  refusePin(mark: string): void {
    Object.assign(this.#client.getSession(), { refusedPin: mark });
  }

  async #renewed(kept: KeptSession, run: RunCall): Promise<boolean> {
    // Only what has run out is renewed.
    this.use({ ...kept, tokenExpiresAt: 0 });
    try {
      await run(() => this.#client.refreshAccessToken());
    } catch (error) {
      this.use(kept);
      if (refusesRefresh(error)) return false;
      throw error;
    }
    if (this.session !== undefined) return true;
    this.use(kept);
    throw new OddAnswer('no tokens came');
  }

  /** A car that is not known yet is looked for in a new list. */
  async #car(id: string, run: RunCall) {
    if (!this.#cars.has(id)) await this.list(run);
    const car = this.#cars.get(id);
    if (car !== undefined) return car;
    throw new Refused(failure('unknown_vehicle', "the account's list does not hold this car"));
  }

  #take(vehicles: readonly LibraryVehicle[], reply: Reply | undefined): CarFacts[] {
    const entries = at(reply?.body, 'enrolledVehicleDetails');
    // The library makes an empty list of any answer.
    if (!Array.isArray(entries)) throw new OddAnswer('no list came');
    const cars = vehicles.map((vehicle) => {
      const id = vehicle.vehicleConfig.regId;
      const entry: unknown = entries.find((one) => at(one, 'vehicleDetails', 'regid') === id);
      return { vehicle, facts: factsOf(vehicle, at(entry, 'vehicleDetails')) };
    });
    this.#cars = new Map(cars.map((car) => [car.facts.id, car]));
    return cars.map(({ facts }) => facts);
  }
}

const drivetrains = { E: 'ev', P: 'phev', N: 'ice' } as const;

/** The library drops model, year and drive of a car. */
function factsOf(vehicle: LibraryVehicle, details: unknown): CarFacts {
  const drive = at(details, 'evStatus');
  const year = number(at(details, 'modelYear'));
  return {
    id: vehicle.vehicleConfig.regId,
    vin: text(vehicle.vin())?.toUpperCase() ?? null,
    name: text(vehicle.nickname()),
    model: text(at(details, 'modelCode')),
    year: year !== null && Number.isInteger(year) && year >= 1990 && year <= 2100 ? year : null,
    drivetrain: drive === 'E' || drive === 'P' || drive === 'N' ? drivetrains[drive] : null,
  };
}
