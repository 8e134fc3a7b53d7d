import type { Clock } from '../daemon/clock.js';
import { retryUntilDone, type RetryPolicy } from '../daemon/retry.js';
import {
  applySettings,
  isCalled,
  mergeVehicles,
  type KnownVehicle,
  type VehicleSettings,
} from '../vehicle/known-vehicle.js';
import { isEnding, type LifeCycleEvent } from '../vehicle/life-cycle.js';
import { idle, newerReading, stateDocument, type LastReading } from '../vehicle/state-document.js';
import type { NewestCommand, StateDocument } from '../vehicle/state.js';
import type { ListedVehicle, Result } from '../vehicle/task.js';
import { vehicleInfo, type VehicleInfo } from '../vehicle/vehicle-info.js';

/** A car's settings together with what it may be asked. */
export type OwnSettings = VehicleSettings & { readonly allow?: readonly string[] };

export interface VehiclesOptions {
  readonly clock: Clock;
  /** From the store; undefined until the account has listed its cars for the first time. */
  readonly known: readonly KnownVehicle[] | undefined;
  readonly readings: ReadonlyMap<string, LastReading>;
  readonly settings: Readonly<Record<string, OwnSettings>>;
  readonly staleAfter_ms: number;
  readonly account: () => Pick<VehicleInfo, 'region' | 'account' | 'backend' | 'library'>;
  readonly isAllowed: (vehicle: string, name: string) => boolean;
  /** False while a person has to act for the account. */
  readonly usable: () => boolean;
  readonly putVehicles: (known: readonly KnownVehicle[]) => Promise<void>;
  readonly putReading: (vehicle: string, reading: LastReading) => Promise<void>;
  readonly output: {
    state(document: StateDocument): void;
    info(info: VehicleInfo): void;
    availability(vehicle: string, online: boolean): void;
  };
  readonly retry: RetryPolicy;
  readonly onStoreTrouble: (error: unknown) => void;
}

const staleCheck_ms = 60_000;
/** A command that ends so soon shows in one document, not in one for each step. */
const gather_ms = 20;

/** The cars of one account: which there are, what was last read of them, and what is published of that. */
export class Vehicles {
  readonly #options: VehiclesOptions;
  /** The newest reading of each car. */
  readonly #readings: Map<string, LastReading>;
  /** The newest that is on the disk: what is published. */
  readonly #stored: Map<string, LastReading>;
  readonly #commands = new Map<string, NewestCommand>();
  readonly #staleTimer: NodeJS.Timeout;
  readonly #stopping = new AbortController();
  /** Vendor ids of the cars whose command has made a step since their document was published. */
  readonly #stepped = new Set<string>();
  #stepTimer: NodeJS.Timeout | undefined;
  #known: readonly KnownVehicle[] | undefined;

  constructor(options: VehiclesOptions) {
    this.#options = options;
    this.#readings = new Map(options.readings);
    this.#stored = new Map(options.readings);
    this.#known = options.known && applySettings(options.known, options.settings);
    this.#staleTimer = setInterval(() => {
      this.#publishStates();
    }, staleCheck_ms).unref();
  }

  get hasListed(): boolean {
    return this.#known !== undefined;
  }

  /** The cars that can be used: enabled and still with the account. */
  get cars(): readonly KnownVehicle[] {
    return this.#enabled().filter((car) => car.present);
  }

  /** The car that is called so; one that is gone is still known. */
  find(id: string): KnownVehicle | undefined {
    return this.#enabled().find((car) => isCalled(car, id));
  }

  byVendorId(vehicle: string): KnownVehicle | undefined {
    return this.#enabled().find((car) => car.listed.id === vehicle);
  }

  settingsOf(vehicle: string): OwnSettings | undefined {
    const car = this.byVendorId(vehicle);
    const entry = Object.entries(this.#options.settings).find(
      ([id]) => car !== undefined && isCalled(car, id),
    );
    return entry?.[1];
  }

  /** The car's own time of its newest report, in epoch milliseconds. */
  reportedAt(vehicle: string): number | undefined {
    const reported_at = this.#readings.get(vehicle)?.report.reported_at ?? null;
    return reported_at === null ? undefined : Date.parse(reported_at);
  }

  /** The account has listed its cars. */
  listed(cars: readonly ListedVehicle[]): void {
    this.#setKnown(mergeVehicles(this.#known ?? [], cars, this.#options.settings));
  }

  /** A car was read: stored first, then published. */
  read(vehicle: string, result: Result): void {
    const car = this.byVendorId(vehicle);
    if (car === undefined || !('report' in result)) return;
    const source = result.operation === 'force' && result.advanced ? 'force' : 'cached';
    const reading = { report: result.report, polled_at: result.polled_at, source } as const;
    this.#readings.set(vehicle, newerReading(this.#readings.get(vehicle), reading));
    const { vin } = result.report;
    if (vin !== null && car.listed.vin === null) this.#learnVin(car, vin);
    void this.#storeReading(vehicle);
  }

  /** The newest command of a car, as the journal has it. */
  restoreCommand(event: LifeCycleEvent): void {
    const car = this.#enabled().find((one) => one.topic_id === event.vehicle);
    if (car !== undefined) this.#commands.set(car.listed.id, newestCommand(event));
  }

  /** A step of a command of this car, by its topic id: the newest one is part of the state document. */
  commandStep(topicId: string, event: LifeCycleEvent): void {
    const car = this.#enabled().find((one) => one.topic_id === topicId);
    if (car === undefined) return;
    const vehicle = car.listed.id;
    const isNew = event.status === 'accepted' || event.seq === 0;
    if (!isNew && this.#commands.get(vehicle)?.id !== event.id) return;
    this.#commands.set(vehicle, newestCommand(event));
    if (isEnding(event)) this.#publishState(car);
    else this.#publishSoon(vehicle);
  }

  publishAll(): void {
    this.publishInfo();
    this.#publishStates();
    this.publishAvailability();
  }

  publishInfo(): void {
    for (const car of this.#enabled()) this.#options.output.info(this.#infoOf(car));
  }

  /** What is published of each car, as it is now; the state is null before the first reading. */
  get documents() {
    return this.#enabled().map((car) => ({
      vehicle: car.topic_id,
      info: this.#infoOf(car),
      state: this.#documentOf(car) ?? null,
    }));
  }

  publishAvailability(): void {
    for (const car of this.#enabled()) this.#publishAvailability(car);
  }

  stop(): void {
    this.#stopping.abort();
    clearInterval(this.#staleTimer);
    this.#publishStepped();
  }

  /** Stores what is newest by then, however long the store takes to work again, and publishes it. */
  async #storeReading(vehicle: string): Promise<void> {
    const { retry, putReading, onStoreTrouble } = this.#options;
    const stored = await retryUntilDone(
      retry,
      async () => {
        const reading = this.#readings.get(vehicle);
        if (reading !== undefined) await putReading(vehicle, reading);
        return reading;
      },
      onStoreTrouble,
      this.#stopping.signal,
    );
    if (stored === undefined) return;
    this.#stored.set(vehicle, stored);
    this.#publish(vehicle);
  }

  #enabled(): readonly KnownVehicle[] {
    return (this.#known ?? []).filter((car) => car.enabled);
  }

  #publish(vehicle: string): void {
    const car = this.byVendorId(vehicle);
    if (car === undefined) return;
    this.#publishState(car);
    this.#publishAvailability(car);
  }

  #publishSoon(vehicle: string): void {
    this.#stepped.add(vehicle);
    this.#stepTimer ??= setTimeout(() => {
      this.#publishStepped();
    }, gather_ms);
  }

  #publishStepped(): void {
    clearTimeout(this.#stepTimer);
    this.#stepTimer = undefined;
    for (const car of this.#enabled())
      if (this.#stepped.has(car.listed.id)) this.#publishState(car);
    this.#stepped.clear();
  }

  #publishStates(): void {
    for (const car of this.#enabled()) this.#publishState(car);
  }

  #infoOf(car: KnownVehicle): VehicleInfo {
    const isAllowed = (name: string) => this.#options.isAllowed(car.listed.id, name);
    return vehicleInfo(car, this.#options.account(), isAllowed);
  }

  #publishState(car: KnownVehicle): void {
    this.#stepped.delete(car.listed.id);
    const document = this.#documentOf(car);
    if (document !== undefined) this.#options.output.state(document);
  }

  #documentOf(car: KnownVehicle): StateDocument | undefined {
    const reading = this.#stored.get(car.listed.id);
    if (reading === undefined) return undefined;
    const age_ms = this.#options.clock.now() - Date.parse(reading.polled_at);
    const command = this.#commands.get(car.listed.id) ?? idle;
    const stale = age_ms > this.#options.staleAfter_ms;
    return stateDocument(car, reading, command, stale);
  }

  #publishAvailability(car: KnownVehicle): void {
    const online = this.#options.usable() && car.present && this.#stored.has(car.listed.id);
    this.#options.output.availability(car.topic_id, online);
  }

  /** USA Kia tells the VIN with the first read only. The topic id stays what it was. */
  #learnVin(car: KnownVehicle, vin: string): void {
    const known = (this.#known ?? []).map((one) =>
      one.listed.id === car.listed.id ? { ...one, listed: { ...one.listed, vin } } : one,
    );
    this.#setKnown(applySettings(known, this.#options.settings));
  }

  #setKnown(known: readonly KnownVehicle[]): void {
    this.#known = known;
    this.#options
      .putVehicles(known)
      .catch(this.#options.onStoreTrouble)
      .finally(() => {
        this.publishAll();
      });
  }
}

function newestCommand({ status, id, command, code, at }: LifeCycleEvent): NewestCommand {
  return { state: status, id, command, code: code ?? null, at };
}
