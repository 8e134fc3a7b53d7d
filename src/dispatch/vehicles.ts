import { isDeepStrictEqual } from 'node:util';
import { Alarm } from '../daemon/alarm.js';
import type { Clock } from '../daemon/clock.js';
import { retryUntilDone, type RetryPolicy } from '../daemon/retry.js';
import {
  applySettings,
  isCalled,
  isGivenUp,
  learnt,
  mergeVehicles,
  type KnownVehicle,
  type VehicleSettings,
} from '../vehicle/known-vehicle.js';
import {
  vendorCommandNames,
  type Capabilities,
  type VendorCommandName,
} from '../vehicle/capability.js';
import { believedAfter, unknownAfter, unknownAfterAny, type Effect } from '../vehicle/effect.js';
import { isEnding, type LifeCycleEvent } from '../vehicle/life-cycle.js';
import type { RemoteAction, RemoteActionName } from '../vehicle/remote-action.js';
import { noSetPoints, withSetPoints, type SetPoints } from '../vehicle/set-points.js';
import {
  afterCommand,
  believed,
  idle,
  isReportedSince,
  newerReading,
  readingAt,
  stateDocument,
  type LastReading,
} from '../vehicle/state-document.js';
import type { Drivetrain, NewestCommand, StateDocument, VehicleReport } from '../vehicle/state.js';
import type { ListedVehicle, Result } from '../vehicle/task.js';
import { vehicleInfo, type VehicleInfo } from '../vehicle/vehicle-info.js';
import type { CarLimits } from './admission.js';
import type { Sent } from './confirmation.js';
import type { Aftermath } from './remote.js';

/** A car's settings together with what it may be asked. */
export type OwnSettings = VehicleSettings & { readonly allow?: readonly string[] };

export interface VehiclesOptions {
  readonly clock: Clock;
  /** From the store; undefined until the account has listed its cars for the first time. */
  readonly known: readonly KnownVehicle[] | undefined;
  readonly readings: ReadonlyMap<string, LastReading>;
  readonly setPoints: ReadonlyMap<string, SetPoints>;
  readonly settings: Readonly<Record<string, OwnSettings>>;
  readonly staleAfter_ms: number;
  readonly account: () => Pick<VehicleInfo, 'region' | 'account' | 'backend' | 'library'>;
  readonly permissionsOf: (vehicle: string) => InfoPermissions;
  /** False while a person has to act for the account. */
  readonly usable: () => boolean;
  readonly putVehicles: (known: readonly KnownVehicle[]) => Promise<void>;
  readonly putReading: (vehicle: string, reading: LastReading) => Promise<void>;
  readonly putSetPoints: (vehicle: string, points: SetPoints) => Promise<void>;
  readonly output: {
    state(document: StateDocument): void;
    info(info: VehicleInfo): void;
    availability(vehicle: string, online: boolean): void;
    /** There are other cars than before, or they are called or known otherwise. */
    carsChanged(): void;
  };
  readonly retry: RetryPolicy;
  readonly onStoreTrouble: (error: unknown) => void;
}

const staleCheck_ms = 60_000;
/** A command that ends so soon shows in one document, not in one for each step. */
const gather_ms = 20;
/** What cars tell of themselves for the first time comes in a row at the first start. */
const gatherLearnt_ms = 1000;

/** What a car may be asked, as its info tells it. */
export type InfoPermissions = Pick<CarLimits, 'allow' | 'readOnly'>;

/** All that a car can be called by. */
export interface CarNames {
  readonly topic_id: string;
  /** The maker's. */
  readonly id: string;
  readonly vin: string | null;
  /** Whether the account lists it no more. It may be back. */
  readonly is_gone: boolean;
}

/** The cars of one account: which there are, what was last read of them, and what is published of that. */
export class Vehicles {
  readonly #options: VehiclesOptions;
  /** The newest reading of each car. */
  readonly #readings: Map<string, LastReading>;
  /** The newest that is on the disk: what is published. */
  readonly #stored: Map<string, LastReading>;
  readonly #commands = new Map<string, NewestCommand>();
  readonly #setPoints: Map<string, SetPoints>;
  /** Actions that are with the vendor. */
  readonly #taken = new Map<string, RemoteAction>();
  /** The newest `lock` that was accepted and has not ended. */
  readonly #asked = new Map<string, Asked>();
  /** What the vendor has said it does not offer, until the next start. */
  readonly #notOffered = new Map<string, Set<VendorCommandName>>();
  readonly #staleTimer: NodeJS.Timeout;
  readonly #stopping = new AbortController();
  /** Vendor ids of the cars whose command has made a step since their document was published. */
  readonly #stepped = new Set<string>();
  #stepTimer: NodeJS.Timeout | undefined;
  /** What a reading has told of a car goes to the disk with what others tell soon afterwards. */
  readonly #learnt = new Alarm(() => {
    void this.#putKnown();
  });
  /** How many cars have been away too long. */
  #givenUp: number;
  #known: readonly KnownVehicle[] | undefined;

  constructor(options: VehiclesOptions) {
    this.#options = options;
    this.#readings = new Map(options.readings);
    this.#stored = new Map(options.readings);
    this.#setPoints = new Map(options.setPoints);
    this.#known = options.known && this.#asLastSeen(options.known);
    this.#givenUp = this.#countGivenUp();
    this.#staleTimer = setInterval(() => {
      this.#publishStates();
      this.#checkGivenUp();
    }, staleCheck_ms).unref();
  }

  get hasListed(): boolean {
    return this.#known !== undefined;
  }

  /** The cars that can be used: enabled and still with the account. */
  get cars(): readonly KnownVehicle[] {
    return this.#enabled().filter((car) => car.gone_at === null);
  }

  /** The car that is called so; one that is gone is still known. */
  find(id: string): KnownVehicle | undefined {
    return this.#enabled().find((car) => isCalled(car, id));
  }

  byVendorId(vehicle: string): KnownVehicle | undefined {
    const car = this.#known?.find(({ listed }) => listed.id === vehicle);
    return car !== undefined && isShown(car, this.#options.clock.now()) ? car : undefined;
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

  /** When the car was last read, in epoch milliseconds. */
  polledAt(vehicle: string): number | undefined {
    const polled_at = this.#readings.get(vehicle)?.polled_at;
    return polled_at === undefined ? undefined : Date.parse(polled_at);
  }

  /** What is believed of the car: what a command has made of it, too. */
  report(vehicle: string): VehicleReport | undefined {
    const reading = this.#readings.get(vehicle);
    return reading && believed(readingAt(reading, this.#options.clock.now()));
  }

  drivetrain(vehicle: string): Drivetrain | null {
    const listed = this.byVendorId(vehicle)?.listed.drivetrain ?? null;
    return this.#readings.get(vehicle)?.report.drivetrain ?? listed;
  }

  /** The car's own unit of temperatures. */
  unit(vehicle: string): 'C' | 'F' {
    const unit = this.capabilities(vehicle).climate?.fields?.['temperature']?.unit;
    if (unit !== undefined) return unit.endsWith('F') ? 'F' : 'C';
    return this.#readings.get(vehicle)?.report.climate.unit ?? 'C';
  }

  /** What the car can do besides being read. */
  capabilities(vehicle: string): Capabilities {
    const car = this.byVendorId(vehicle);
    return car === undefined ? {} : this.#offersOf(car);
  }

  #offersOf({ listed }: KnownVehicle): Capabilities {
    const offered = listed.commands ?? {};
    const refused = this.#notOffered.get(listed.id);
    if (refused === undefined) return offered;
    const left = vendorCommandNames.filter((name) => !refused.has(name));
    return Object.fromEntries(left.map((name) => [name, offered[name]]));
  }

  setPoints(vehicle: string): SetPoints {
    return this.#setPoints.get(vehicle) ?? noSetPoints;
  }

  /** Resolves when they are stored; rejects, and leaves them as they were, where they cannot be. */
  async putSetPoints(vehicle: string, points: SetPoints): Promise<void> {
    const before = this.setPoints(vehicle);
    this.#setPoints.set(vehicle, points);
    this.#publishSoon(vehicle);
    try {
      await this.#options.putSetPoints(vehicle, points);
    } catch (error) {
      // Who is told that it was not stored does not find it in force.
      if (this.setPoints(vehicle) === points) this.#setPoints.set(vehicle, before);
      this.#publishSoon(vehicle);
      throw error;
    }
  }

  /** An action is with the vendor: the car may be about to do it. */
  commandTaken(vehicle: string, action: RemoteAction): void {
    this.#taken.set(vehicle, action);
    this.#publishSoon(vehicle);
  }

  /** What becomes of the values that an action was to change, until the car reports anew. */
  commandOver({ vehicle, action, at }: Sent, aftermath: Aftermath): void {
    const effects = {
      wanted: () => believedAfter(action),
      unknown: () => unknownAfter(action),
      as_before: () => [],
    }[aftermath]();
    const over = (): void => {
      if (this.#taken.get(vehicle) === action) this.#taken.delete(vehicle);
    };
    // Until that is stored, and so published, the action goes on being under way: what was before is no answer.
    void this.#believe(vehicle, at, effects, over).then(() => {
      over();
      this.#publishSoon(vehicle);
    });
  }

  /** An action of this name may or may not have been carried out since. */
  unknownSince(vehicle: string, action: RemoteActionName, since: number): void {
    void this.#believe(vehicle, since, unknownAfterAny(action));
  }

  /** The vendor does not offer it for this car. */
  notOffered(vehicle: string, action: RemoteActionName): void {
    const refused = this.#notOffered.get(vehicle) ?? new Set();
    this.#notOffered.set(vehicle, refused.add(vendorCommandOf(action)));
    this.publishInfo();
  }

  /** The account has listed its cars. */
  listed(cars: readonly ListedVehicle[]): void {
    const { clock, settings } = this.#options;
    this.#known = mergeVehicles(this.#known ?? [], cars, settings, clock.now());
    void this.#putKnown().then(() => {
      this.publishAll();
    });
  }

  /** A car was read: stored first, then published. */
  read(vehicle: string, result: Result): void {
    const car = this.byVendorId(vehicle);
    if (car === undefined || !('report' in result)) return;
    const source = result.operation === 'force' && result.advanced ? 'force' : 'cached';
    const reading = { report: result.report, polled_at: result.polled_at, source } as const;
    this.#readings.set(vehicle, newerReading(this.#readings.get(vehicle), reading));
    this.#learn(car, result.report, result.commands);
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
    this.#noteAsked(vehicle, event);
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

  /** The cars that have been read, with what is said of them to who shows cars. */
  get announced() {
    return this.#enabled().flatMap((car) => {
      const { identity, told, name, listed } = car;
      const { brand, model } = listed;
      const info = (): VehicleInfo => this.#infoOf(car);
      return identity === null ? [] : [{ identity, told, name, brand, model, info }];
    });
  }

  /** What the topics of the account's cars begin with, and what the makers call these. */
  get names(): readonly CarNames[] {
    return this.#enabled().map(({ topic_id, listed: { id, vin }, gone_at }) => ({
      ...{ topic_id, id, vin },
      is_gone: gone_at !== null,
    }));
  }

  publishInfo(): void {
    for (const car of this.#enabled()) this.#options.output.info(this.#infoOf(car));
    this.#options.output.carsChanged();
  }

  /** What is published of each car, as it is now; the state is null before the first reading. */
  get documents() {
    return this.#enabled().map((car) => ({
      vehicle: car.topic_id,
      available: this.#isAvailable(car),
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
    if (this.#learnt.isSet) void this.#putKnown();
    this.#learnt.stop();
    this.#publishStepped();
  }

  /** Stores what is newest by then, however long the store takes to work again, and publishes it. */
  async #storeReading(vehicle: string, known?: () => void): Promise<void> {
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
    known?.();
    this.#publish(vehicle);
  }

  #enabled(): readonly KnownVehicle[] {
    const now = this.#options.clock.now();
    return (this.#known ?? []).filter((car) => isShown(car, now));
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
    const vehicle = car.listed.id;
    return vehicleInfo(car, this.#options.account(), {
      ...this.#options.permissionsOf(vehicle),
      capabilities: this.capabilities(vehicle),
      drivetrain: this.drivetrain(vehicle),
    });
  }

  #publishState(car: KnownVehicle): void {
    this.#stepped.delete(car.listed.id);
    const document = this.#documentOf(car);
    if (document !== undefined) this.#options.output.state(document);
  }

  #documentOf(car: KnownVehicle): StateDocument | undefined {
    const reading = this.#stored.get(car.listed.id);
    if (reading === undefined) return undefined;
    const now = this.#options.clock.now();
    const age_ms = now - Date.parse(reading.polled_at);
    const command = this.#commands.get(car.listed.id) ?? idle;
    const stale = age_ms > this.#options.staleAfter_ms;
    const document = stateDocument(car, readingAt(reading, now), command, stale);
    const vehicle = car.listed.id;
    const withPoints =
      this.#offersOf(car).climate === undefined
        ? document
        : withSetPoints(document, this.setPoints(vehicle));
    return underWay(withPoints, this.#taken.get(vehicle) ?? this.#asked.get(vehicle));
  }

  /** Who presses a button is to see at once that it does something. */
  #noteAsked(vehicle: string, event: LifeCycleEvent): void {
    const { id, command, value, status, seq } = event;
    if (command !== 'lock' || event.replayed === true || seq === 0) return;
    if (status === 'accepted') this.#asked.set(vehicle, { id, name: command, value });
    else if (isEnding(event) && this.#asked.get(vehicle)?.id === id) this.#asked.delete(vehicle);
  }

  #publishAvailability(car: KnownVehicle): void {
    this.#options.output.availability(car.topic_id, this.#isAvailable(car));
  }

  #isAvailable({ gone_at, listed }: KnownVehicle): boolean {
    return this.#options.usable() && gone_at === null && this.#stored.has(listed.id);
  }

  /** Resolves when it is stored; `known` is called then, before it is published. */
  async #believe(
    vehicle: string,
    since: number,
    effects: readonly Effect[],
    known?: () => void,
  ): Promise<void> {
    const held = this.#readings.get(vehicle);
    // A report that came meanwhile knows better.
    if (held === undefined || effects.length === 0 || isReportedSince(held.report, since)) return;
    this.#readings.set(vehicle, afterCommand(held, since, effects));
    await this.#storeReading(vehicle, known);
  }

  #learn(car: KnownVehicle, report: VehicleReport, commands: Capabilities | undefined): void {
    const wiser = learnt(car, report, commands);
    if (isDeepStrictEqual(wiser, car)) return;
    const known = (this.#known ?? []).map((one) => (one.listed.id === car.listed.id ? wiser : one));
    this.#known = applySettings(known, this.#options.settings);
    this.#learnt.atLatest(gatherLearnt_ms);
    const now = this.byVendorId(car.listed.id);
    if (now !== undefined) this.#options.output.info(this.#infoOf(now));
    this.#options.output.carsChanged();
  }

  /** With what the last reading told: an older version, or one that crashed, may not have kept that. */
  #asLastSeen(known: readonly KnownVehicle[]): readonly KnownVehicle[] {
    const wiser = known.map((car) => {
      const reading = this.#readings.get(car.listed.id);
      return reading === undefined ? car : learnt(car, reading.report, undefined);
    });
    return applySettings(wiser, this.#options.settings);
  }

  #countGivenUp(): number {
    const now = this.#options.clock.now();
    return (this.#known ?? []).filter((car) => isGivenUp(car, now)).length;
  }

  #checkGivenUp(): void {
    const before = this.#givenUp;
    this.#givenUp = this.#countGivenUp();
    if (this.#givenUp !== before) this.#options.output.carsChanged();
  }

  #putKnown(): Promise<void> {
    return this.#options.putVehicles(this.#known ?? []).catch(this.#options.onStoreTrouble);
  }
}

function isShown(car: KnownVehicle, now: number): boolean {
  return car.enabled && !isGivenUp(car, now);
}

interface Asked {
  readonly id: string;
  readonly name: string;
  readonly value: unknown;
}

/** A car that is being locked or unlocked is neither. */
function underWay(
  document: StateDocument,
  action: RemoteAction | Asked | undefined,
): StateDocument {
  if (action?.name !== 'lock' || !('value' in action)) return document;
  return { ...document, lock: { state: action.value === 'lock' ? 'locking' : 'unlocking' } };
}

function vendorCommandOf(action: RemoteActionName): VendorCommandName {
  return action === 'climate_start' || action === 'climate_stop' ? 'climate' : action;
}

function newestCommand({ status, id, command, code, at }: LifeCycleEvent): NewestCommand {
  return { state: status, id, command, code: code ?? null, at };
}
