import { createTopics } from '../../src/mqtt/topics.js';
import { defaultExpiry } from '../../src/config/expiry.js';
import { messagesOf, type Form } from '../../src/homeassistant/device-message.js';
import { devicesOf, type DiscoveryOptions } from '../../src/homeassistant/discovery.js';
import type { AnnouncedCar } from '../../src/homeassistant/subject.js';
import type { Capabilities } from '../../src/vehicle/capability.js';
import type { ExpiryKey } from '../../src/vehicle/command.js';
import { learnt, type KnownVehicle } from '../../src/vehicle/known-vehicle.js';
import type { AllowLists } from '../../src/vehicle/permission.js';
import { capabilitiesOf } from '../../src/vehicle/simulated-capabilities.js';
import { SimulatedCar } from '../../src/vehicle/simulated-car.js';
import { createIdentity } from '../../src/vehicle/simulated-identity.js';
import { idle, stateDocument } from '../../src/vehicle/state-document.js';
import type { Drivetrain, StateDocument, VehicleReport } from '../../src/vehicle/state.js';
import { vehicleInfo } from '../../src/vehicle/vehicle-info.js';
import type { Published } from './discovered.js';

const start = Date.UTC(2026, 10, 22, 10, 0, 0);
const at = new Date(start).toISOString();

/** What an `allow` list has to name so that nothing is held back. */
export const everything: AllowLists = [undefined];
export const withGuarded: readonly string[] = [
  ...Object.keys(defaultExpiry).filter((name) => name !== 'unlock'),
  ...['refresh', 'lock:unlock', 'windows:open', 'valet_mode:stop', 'climate:start'],
];

export interface CarOptions {
  readonly brand?: string;
  readonly index?: number;
  readonly region?: string;
  readonly alias?: string;
  /** What it is called; null: nothing. */
  readonly name?: string | null;
  /** Null: the maker has not told it. */
  readonly vin?: string | null;
  readonly vendorId?: string;
  /** Null: it is not known. */
  readonly drivetrain?: Drivetrain | null;
  readonly capabilities?: Capabilities;
  readonly allow?: AllowLists;
  readonly readOnly?: boolean;
  /** The paths of values that it has told; all that its report has, where nothing is said. */
  readonly told?: readonly string[];
}

export interface TestCar {
  readonly announced: AnnouncedCar;
  readonly report: VehicleReport;
  readonly document: StateDocument;
  readonly capabilities: Capabilities;
  readonly allow: AllowLists;
  readonly readOnly: boolean;
  readonly drivetrain: Drivetrain | null;
}

/** A simulated car as the bridge would announce it. */
export function aCar({
  brand = 'hyundai',
  index = 0,
  region = 'europe',
  ...more
}: CarOptions = {}) {
  const model = { brand, index, region, seed: 7 };
  const identity = createIdentity(model);
  const simulated = SimulatedCar.create(model, { now: () => start });
  simulated.wake();
  return announcedAs(simulated.report(), {
    ...{ brand, region, name: identity.name, vin: identity.vin, vendorId: identity.id },
    ...{ drivetrain: identity.drivetrain, capabilities: capabilitiesOf(identity) },
    ...{ allow: everything, readOnly: false, told: undefined, alias: undefined },
    ...more,
  });
}

type Described = Required<Omit<CarOptions, 'index' | 'alias' | 'told'>> & {
  readonly alias: string | undefined;
  readonly told: readonly string[] | undefined;
};

function announcedAs(simulated: VehicleReport, options: Described): TestCar {
  const { brand, region, vin, vendorId, name, drivetrain, capabilities, allow, readOnly } = options;
  const report = { ...simulated, vin, drivetrain };
  const { model, year } = report;
  const known: KnownVehicle = {
    topic_id: options.alias ?? (vin ?? vendorId).toLowerCase(),
    listed: { id: vendorId, vin, name, model, year, brand, drivetrain },
    ...{ name, enabled: true, gone_at: null, identity: null, told: [] },
  };
  const car = learnt(known, report, capabilities);
  const account = { region, account: 'home', backend: 'simulator', library: null };
  const info = vehicleInfo(car, account, { capabilities, allow, readOnly, drivetrain });
  const reading = { report, polled_at: at, source: 'cached' } as const;
  return {
    announced: {
      ...{ name: info.name, brand: info.brand, model: info.model, info: () => info },
      ...{ identity: car.identity ?? '', told: options.told ?? car.told },
    },
    document: stateDocument(car, reading, idle, false),
    ...{ report, capabilities, allow, readOnly, drivetrain },
  };
}

export interface AnnounceOptions {
  readonly form?: Form;
  readonly baseTopic?: string;
  readonly accounts?: readonly string[];
  readonly hasTimes?: boolean;
  /** Of the bridge's own commands. */
  readonly allow?: readonly string[];
}

const expiresIn_ms = Object.fromEntries(
  Object.entries(defaultExpiry).map(([key, time]) => [key, Number.parseInt(time, 10) * 1000]),
) as Readonly<Record<ExpiryKey, number>>;

export function discoveryOptions(options: AnnounceOptions = {}): DiscoveryOptions {
  const { baseTopic = 'bluelink', accounts = ['home'], hasTimes = false, allow } = options;
  return {
    topics: createTopics(baseTopic),
    ...{ baseTopic, version: '1.2.3', accounts, expiresIn_ms, hasTimes, allow },
  };
}

/** All that a bridge with these cars has on the broker that Home Assistant relies on, but the states. */
export function announcedBy(
  cars: readonly TestCar[],
  options: AnnounceOptions = {},
): readonly Published[] {
  const { form = 'device' } = options;
  const discovery = discoveryOptions(options);
  const { topics } = discovery;
  const devices = devicesOf(
    discovery,
    cars.map(({ announced }) => announced),
  );
  const configs = devices.flatMap(({ message }) => [
    ...messagesOf({ form, prefix: 'homeassistant' }, message()),
  ]);
  const retained = (topic: string, payload: string) => ({ topic, payload, retain: true, qos: 1 });
  return [
    ...configs.map(([topic, payload]) => retained(topic, payload)),
    retained(topics.bridge.availability, 'online'),
    ...cars.map(({ announced }) =>
      retained(topics.vehicle(announced.info().id).availability, 'online'),
    ),
  ];
}

/** One of each kind, of each maker, for both units. */
export const simulatedCars: readonly (readonly [name: string, options: CarOptions])[] = [
  'hyundai',
  'kia',
  'genesis',
].flatMap((brand) =>
  ['europe', 'usa'].flatMap((region) =>
    Array.from({ length: brand === 'genesis' ? 2 : 4 }, (_, index) => {
      const { model } = createIdentity({ brand, index, region, seed: 7 });
      return [`${model} (${region})`, { brand, index, region }] as const;
    }),
  ),
);
