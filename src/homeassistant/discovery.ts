import slugify from '@sindresorhus/slugify';
import type { Topics } from '../mqtt/topics.js';
import type { ExpiryKey } from '../vehicle/command.js';
import type { VehicleInfo } from '../vehicle/vehicle-info.js';
import {
  accountEntities,
  bridgeEntities,
  connectionKey,
  type BridgePart,
} from './bridge-entities.js';
import { rowsOfCar } from './car-entities.js';
import type { Component, DeviceMessage } from './device-message.js';
import type { Entity, Options, Platform } from './entity.js';
import { Car, type AnnouncedCar } from './subject.js';

export interface DiscoveryOptions {
  readonly topics: Topics;
  readonly baseTopic: string;
  /** Of the bridge itself. */
  readonly version: string;
  /** Absent where somebody else announces the bridge and its accounts. */
  readonly accounts?: readonly string[];
  readonly expiresIn_ms: Readonly<Record<ExpiryKey, number>>;
  /** What may be asked of the bridge itself; absent: everything. */
  readonly allow: readonly string[] | undefined;
  /** Whether this Home Assistant knows the platform `time` (from 2026.6 on). */
  readonly hasTimes: boolean;
}

/** A device and what its entities have in common. */
interface Context {
  readonly uniquePrefix: string;
  readonly slug: string;
  readonly stateTopic: string;
  readonly commandTopic: (name: string) => string;
  readonly patience_s: (name: string, words: readonly string[]) => number;
  /** Of each component; without, the device's. */
  readonly availability?: readonly { readonly topic: string }[];
}

const maker = 'bluelink2mqtt';
/** How long a command to the bridge may wait at the broker. */
const bridgePatience_s = 60;

/** A device by the id in its topics; what is told of it is made only when it is wanted. */
export interface DeviceSource {
  readonly id: string;
  readonly message: () => DeviceMessage;
}

/** Every device that Home Assistant is to know: the bridge first, as the others are reached through it. */
export function devicesOf(
  options: DiscoveryOptions,
  cars: readonly AnnouncedCar[],
): DeviceSource[] {
  // Who only asks for ids, as is done often, does not wait for what a fleet is called.
  let labels: readonly Label[] | undefined;
  const labelAt = (place: number): Label | undefined => (labels ??= labelsOf(cars))[place];
  return [
    ...bridgeDevices(options).map((message) => ({ id: message.id, message: () => message })),
    ...cars.map((car, place) => ({
      id: deviceIdOf(car),
      message: () => carDevice(options, car, labelAt(place) ?? labelOf(car)),
    })),
  ];
}

/** The id of the device of a car, in the topics of its messages and as its identifier. */
export function deviceIdOf({ identity }: Pick<AnnouncedCar, 'identity'>): string {
  return `${maker}_${levelOf(identity)}`;
}

function carDevice(
  options: DiscoveryOptions,
  announced: AnnouncedCar,
  { name, slug }: Label,
): DeviceMessage {
  const { topics, expiresIn_ms, version, hasTimes } = options;
  const { identity, told } = announced;
  const info = announced.info();
  const car = new Car(info, told, topics, expiresIn_ms);
  const context: Context = {
    uniquePrefix: levelOf(identity),
    slug,
    stateTopic: car.stateTopic,
    commandTopic: (command) => car.commandTopic(command),
    patience_s: (command, words) => car.patience_s(command, words),
  };
  const rows = rowsOfCar(car, { hasTimes });
  return {
    id: deviceIdOf(announced),
    device: {
      identifiers: [deviceIdOf(announced)],
      name,
      ...named('manufacturer', capitalised(info.brand)),
      ...named('model', modelOf(info)),
      ...named('serial_number', info.vin),
      via_device: bridgeId(options),
    },
    origin: originOf(version),
    availability: [
      { topic: topics.bridge.availability },
      { topic: topics.vehicle(info.id).availability },
    ],
    components: componentsOf(rows, car, context),
  };
}

function bridgeDevices(options: DiscoveryOptions): DeviceMessage[] {
  const { topics, baseTopic, version, accounts, allow } = options;
  if (accounts === undefined) return [];
  const id = bridgeId(options);
  const name = baseTopic === 'bluelink' ? maker : `${maker} ${baseTopic}`;
  const part: BridgePart = {
    availabilityTopic: topics.bridge.availability,
    resultTopic: topics.bridge.result,
    allow,
  };
  const context: Context = {
    uniquePrefix: id,
    slug: slugOf(name),
    stateTopic: topics.bridge.state,
    commandTopic: topics.bridge.command,
    patience_s: () => bridgePatience_s,
    availability: [{ topic: topics.bridge.availability }],
  };
  const device = { manufacturer: maker, sw_version: version };
  const ofAccount = (account: string, slug: string) =>
    componentsOf(accountEntities(account), part, {
      ...context,
      uniquePrefix: `${id}_${account}`,
      slug,
    });
  const own = componentsOf(bridgeEntities, part, context);
  const [only, ...others] = accounts;
  const isAlone = only !== undefined && others.length === 0;
  const bridge = {
    id,
    device: { ...device, identifiers: [id], name, model: 'Bridge' },
    origin: originOf(version),
    components: isAlone ? { ...own, ...ofAccount(only, context.slug) } : own,
  };
  if (isAlone) return [bridge];
  const accountDevices = accounts.map((account) => ({
    id: `${id}_${account}`,
    device: {
      ...device,
      identifiers: [`${id}_${account}`],
      name: `${name} ${account}`,
      model: 'Account',
      via_device: id,
    },
    origin: originOf(version),
    components: ofAccount(account, slugOf(`${name} ${account}`)),
  }));
  return [bridge, ...accountDevices];
}

function componentsOf<S>(rows: readonly Entity<S>[], subject: S, context: Context) {
  const shown = rows.filter((row) => row.when?.(subject) ?? true);
  return Object.fromEntries(shown.map((row) => [row.key, componentOf(row, subject, context)]));
}

function componentOf<S>(row: Entity<S>, subject: S, context: Context): Component {
  const { key, platform, name, path, command, options = {} } = row;
  const own: Options = typeof options === 'function' ? options(subject) : options;
  const isOfEvents = platform === 'event';
  const readsState = path !== undefined || ('value_template' in own && !isOfEvents);
  return {
    platform,
    unique_id: `${context.uniquePrefix}_${key}`,
    default_entity_id: `${platform}.${context.slug}_${key}`,
    name,
    qos: 1,
    ...named('device_class', row.device_class),
    ...named('state_class', row.state_class),
    ...named('unit_of_measurement', row.unit),
    ...named('suggested_display_precision', row.precision),
    ...named('entity_category', row.category),
    ...named('icon', row.icon),
    ...named('enabled_by_default', row.enabled),
    ...(context.availability !== undefined && key !== connectionKey
      ? { availability: context.availability, availability_mode: 'all' }
      : {}),
    ...(readsState ? { state_topic: context.stateTopic } : {}),
    ...(path === undefined ? {} : { value_template: `{{ value_json.${path} }}` }),
    ...booleans[platform],
    ...(command === undefined
      ? {}
      : {
          command_topic: context.commandTopic(command.name),
          message_expiry_interval: {
            seconds: context.patience_s(command.name, command.words ?? []),
          },
        }),
    ...own,
  };
}

/** JSON's true and false, as a template renders them; null is rendered as `None`, which is unknown. */
const booleans: Readonly<Partial<Record<Platform, Options>>> = {
  binary_sensor: { payload_on: 'True', payload_off: 'False' },
  switch: { state_on: 'True', state_off: 'False' },
};

/** What a car is called, and how its entity ids begin. */
interface Label {
  readonly name: string;
  readonly slug: string;
}

/** Two cars of one name get a part of their VIN, so that people and entity ids can tell them apart. */
function labelsOf(cars: readonly AnnouncedCar[]): Label[] {
  const labelled = cars.map((car) => ({ car, ...labelOf(car) }));
  return labelled.map(({ car, name, slug }) => {
    const alike = labelled.filter((other) => other.car !== car && other.slug === slug);
    if (alike.length === 0) return { name, slug };
    const end = car.identity.slice(-4);
    const isEnough = alike.every((other) => !other.car.identity.endsWith(end));
    const part = isEnough ? end : car.identity;
    return { name: `${name} ${part.toUpperCase()}`, slug: `${slug}_${slugOf(part)}` };
  });
}

function labelOf({ name: own, model, brand, identity }: AnnouncedCar): Label {
  const names = [own, model, capitalised(brand), identity.toUpperCase()];
  const said = names.flatMap((name) => name?.trim() ?? []).filter((name) => name !== '');
  const slugs = said.map(slugOf).filter((slug) => slug !== '');
  return { name: said[0] ?? maker, slug: slugs[0] ?? maker };
}

function modelOf({ model, year }: VehicleInfo): string | null {
  return model === null ? null : year === null ? model : `${model} (${String(year)})`;
}

function capitalised(brand: string | null): string | null {
  return brand === null ? null : brand.charAt(0).toUpperCase() + brand.slice(1);
}

function bridgeId({ baseTopic }: DiscoveryOptions): string {
  return `${maker}_${levelOf(baseTopic)}`;
}

/** What a topic's level and an id may have in Home Assistant. */
function levelOf(text: string): string {
  return text.replace(/[^a-zA-Z0-9_-]/g, '_');
}

/** As in an entity id. */
function slugOf(text: string): string {
  return slugify(text, { separator: '_', decamelize: false });
}

function originOf(version: string): Options {
  return { name: maker, sw_version: version };
}

function named(key: string, value: unknown): Options {
  return value === undefined || value === null ? {} : { [key]: value };
}
