import {
  configsIn,
  objectIn,
  textIn,
  type Config,
  type DiscoveredEntity,
  type Json,
  type Published,
} from './discovered.js';
import {
  classesOf,
  deviceKeys,
  harmlessOptions,
  laterPlatforms,
  optionsOf,
  originKeys,
  required,
  rootKeys,
  sensorClasses,
} from './home-assistant-2025-10.js';

export interface Fault {
  /** R1 to R24 of the rules for discovery. */
  readonly rule: string;
  /** The topic, and the entity where it is about one. */
  readonly where: string;
  readonly what: string;
}

export interface CheckOptions {
  readonly prefix?: string;
  /** Of a Home Assistant that is said to know what came after 2025.10: the platform `time`. */
  readonly isNewer?: boolean;
}

/**
 * What is wrong with the messages of discovery among these: every rule that needs no template to be rendered. The
 * others are in templates.ts.
 */
export function faultsIn(published: readonly Published[], options: CheckOptions = {}): Fault[] {
  const { prefix = 'homeassistant', isNewer = false } = options;
  const configs = configsIn(published, prefix);
  return [
    ...configs.flatMap((config) => faultsOfMessage(config, prefix)),
    ...configs.flatMap((config) =>
      config.entities.flatMap((entity) => faultsOfEntity(entity, config.topic, isNewer)),
    ),
    ...faultsOfDevices(configs),
    ...faultsOfIds(configs),
    ...faultsOfTopics(configs, published),
  ];
}

/** False, or what is broken. */
type Finding = readonly [rule: string, what: string | false];

function findings(where: string, all: readonly Finding[]): Fault[] {
  return all.flatMap(([rule, what]) => (what === false ? [] : [{ rule, where, what }]));
}

function when(rule: string, isBroken: boolean, what: string): Finding {
  return [rule, isBroken ? what : false];
}

function unknownKeys(object: Json, known: ReadonlySet<string>): string[] {
  return Object.keys(object).filter((key) => !known.has(key));
}

function names(rule: string, what: string, keys: readonly string[]): Finding {
  return when(rule, keys.length > 0, `${what}: ${keys.join(', ')}`);
}

const idPattern = /^[a-zA-Z0-9_-]+$/;
const largest_bytes = 100_000;

function faultsOfMessage(config: Config, prefix: string): Fault[] {
  const { topic, payload, root, qos, retain, isOfDevice } = config;
  const ids = topic
    .slice(prefix.length + 1)
    .split('/')
    .slice(1, -1);
  const areIds = ids.length > 0 && ids.every((id) => idPattern.test(id));
  return findings(topic, [
    when('R1', !areIds, 'no id for a topic'),
    ...(isOfDevice ? faultsOfRoot(root) : []),
    ...faultsOfDevice(objectIn(root['device'])),
    ...faultsOfOrigin(objectIn(root['origin'])),
    when('R19', Buffer.byteLength(payload) >= largest_bytes, 'too large'),
    when('R14', qos !== 1, `published with QoS ${String(qos)}`),
    when('R14', !retain, 'published without retain'),
  ]);
}

function faultsOfRoot(root: Json): Finding[] {
  const keys = Object.keys(objectIn(root['components']));
  const spaced = keys.filter((key) => /\s/.test(key));
  return [
    names('R2', 'unknown in the root', unknownKeys(root, rootKeys)),
    when('R3', keys.length === 0, 'no components'),
    names('R4', 'a space in the key', spaced),
    when('R7', '~' in root, '~ in the root'),
    when('R7', 'state_topic' in root || 'command_topic' in root, 'a topic in the root'),
  ];
}

function faultsOfDevice(device: Json): Finding[] {
  const { identifiers } = device;
  const isKnown = Array.isArray(identifiers) && identifiers.length > 0 && identifiers.every(isText);
  return [
    names('R2', 'unknown in the device', unknownKeys(device, deviceKeys)),
    when('R3', !isText(device['name']), 'a device without a name'),
    when('R3', !isKnown, 'a device without identifiers'),
  ];
}

function faultsOfOrigin(origin: Json): Finding[] {
  return [
    names('R2', 'unknown in the origin', unknownKeys(origin, originKeys)),
    when('R3', !isText(origin['name']), 'an origin without a name'),
  ];
}

function isText(value: unknown): boolean {
  return typeof value === 'string' && value.trim() !== '';
}

function faultsOfEntity(entity: DiscoveredEntity, topic: string, isNewer: boolean): Fault[] {
  const { key, platform, config } = entity;
  const known = optionsOf[platform] ?? (isNewer ? laterPlatforms[platform] : undefined);
  const where = `${topic} ${key}`;
  if (known === undefined) return [{ rule: 'R5', where, what: `platform ${platform}` }];
  return findings(where, [
    ...optionFindings(platform, config, known),
    ...identityFindings(entity),
    ['R11', categoryFault(config, platform)],
    ['R12', platform === 'device_tracker' && trackerFault(config)],
    when('R13', 'icon' in config && 'device_class' in config, 'an icon beside a class'),
    when('R20', lacksPrecision(platform, config), 'a number without a precision'),
    ...classFindings(platform, config),
    ...commandFindings(config),
  ]);
}

function optionFindings(platform: string, config: Json, known: ReadonlySet<string>): Finding[] {
  const allowed = new Set([...known, ...harmlessOptions, 'object_id']);
  const missing = (required[platform] ?? []).filter((option) => !(option in config));
  return [
    names('R5', `unknown to ${platform}`, unknownKeys(config, allowed)),
    names('R5', `missing of ${platform}`, missing),
    when('R7', 'object_id' in config, 'object_id'),
  ];
}

function identityFindings({ platform, config, device }: DiscoveredEntity): Finding[] {
  const name = textIn(config['name']);
  const isRepeated = isPrefix(textIn(device['name']).toLowerCase(), name.toLowerCase());
  return [
    when('R6', !isText(config['unique_id']), 'no unique_id'),
    ['R8', entityIdFault(config, platform)],
    when('R15', isRepeated, `named ${name}`),
    when('R15', !isText(name), 'no name'),
  ];
}

function isPrefix(deviceName: string, name: string): boolean {
  return deviceName !== '' && name.startsWith(deviceName);
}

const slug = /^(?!_)(?!.*__)[\da-z_]+(?<!_)$/;

function entityIdFault({ default_entity_id: id }: Json, platform: string): string | false {
  const [domain, ...rest] = textIn(id).split('.');
  if (domain !== platform) return `default_entity_id of ${String(domain)}`;
  return !(rest.length === 1 && slug.test(rest[0] ?? '')) && `default_entity_id ${textIn(id)}`;
}

function categoryFault({ entity_category: category }: Json, platform: string): string | false {
  if (category === undefined) return false;
  if (category !== 'config' && category !== 'diagnostic') return `category ${textIn(category)}`;
  if (platform === 'event') return 'a category on an event';
  const isReadOnly = platform === 'sensor' || platform === 'binary_sensor';
  return isReadOnly && category === 'config' && 'config on what cannot be set';
}

function trackerFault(config: Json): string | false {
  if ('state_topic' in config) return 'a state_topic';
  return !('json_attributes_topic' in config) && 'no json_attributes_topic';
}

function lacksPrecision(platform: string, config: Json): boolean {
  const isNumeric = 'unit_of_measurement' in config || 'state_class' in config;
  return platform === 'sensor' && isNumeric && !('suggested_display_precision' in config);
}

function classFindings(platform: string, config: Json): Finding[] {
  const named = config['device_class'];
  const of = named === undefined ? undefined : textIn(named);
  if (platform === 'sensor' || platform === 'number') {
    return [
      ...(of === undefined ? [] : measureFindings(of, config)),
      ['R10', platform === 'sensor' && optionsFault(of, config)],
    ];
  }
  const isKnown = of === undefined || classesOf[platform]?.includes(of) === true;
  const choices = choicesOf(platform, config);
  return [
    when('R24', !isKnown, `class ${textIn(of)}`),
    when('R10', choices !== undefined && !isListOfTexts(choices), 'nothing to choose from'),
  ];
}

/** Undefined of a platform that has none. */
function choicesOf(platform: string, { options = null, event_types: types = null }: Json): unknown {
  if (platform === 'select') return options;
  return platform === 'event' ? types : undefined;
}

function measureFindings(name: string, config: Json): Finding[] {
  const { unit_of_measurement: unit, state_class: state } = config;
  const measure = sensorClasses[name];
  if (measure === undefined) return [['R24', `class ${name}`]];
  const hasUnit = unit === undefined ? measure.units.length === 0 : isIn(measure.units, unit);
  const fits = state === undefined || isIn(measure.stateClasses, state);
  return [
    when('R9', !hasUnit, `unit ${textIn(unit)} of class ${name}`),
    when('R9', !fits, `state class ${textIn(state)} of class ${name}`),
  ];
}

function isIn(all: readonly string[], one: unknown): boolean {
  return all.some((each) => each === one);
}

function optionsFault(of: unknown, config: Json): string | false {
  const { options } = config;
  if (of === 'enum') {
    if ('unit_of_measurement' in config || 'state_class' in config) return 'an enum that measures';
    return !isListOfTexts(options) && 'class enum without options';
  }
  return options !== undefined && 'options without class enum';
}

function isListOfTexts(value: unknown): value is readonly string[] {
  return (
    Array.isArray(value) &&
    value.length > 0 &&
    value.every((one) => typeof one === 'string' && one !== '') &&
    new Set(value).size === value.length
  );
}

/** The options that name a topic which Home Assistant writes to. */
export function commandTopicsOf(config: Json): string[] {
  return Object.entries(config).flatMap(([key, value]) =>
    key.endsWith('command_topic') ? [textIn(value)] : [],
  );
}

function commandFindings(config: Json): Finding[] {
  const writes = commandTopicsOf(config).length > 0;
  const expires = 'message_expiry_interval' in config;
  return [
    when('R14', config['qos'] !== 1, 'not QoS 1'),
    when('R14', writes && config['retain'] === true, 'commands would be retained'),
    when('R14', writes && !expires, 'commands would never expire'),
    when('R14', config['optimistic'] === true, 'optimistic'),
  ];
}

/** A device may have its entities in several messages. */
function faultsOfDevices(configs: readonly Config[]): Fault[] {
  const batteries = new Map<string, string[]>();
  for (const { key, platform, config, device } of configs.flatMap(({ entities }) => entities)) {
    if (platform !== 'sensor' || config['device_class'] !== 'battery') continue;
    const id = JSON.stringify(device['identifiers']);
    batteries.set(id, [...(batteries.get(id) ?? []), key]);
  }
  return [...batteries].flatMap(([id, keys]) =>
    findings(id, [when('R16', keys.length > 1, `batteries: ${keys.join(', ')}`)]),
  );
}

/** Both kinds of ids are Home Assistant's for ever, whichever device has them. */
function faultsOfIds(configs: readonly Config[]): Fault[] {
  const entities = configs.flatMap(({ entities: all }) => all);
  const twice = (ids: readonly string[]) => [
    ...new Set(ids.filter((id, place) => ids.indexOf(id) !== place)),
  ];
  const uniqueIds = entities.map(
    ({ platform, config }) => `${platform} ${textIn(config['unique_id'])}`,
  );
  const entityIds = entities.map(({ config }) => textIn(config['default_entity_id']));
  return findings('all devices', [
    names('R6', 'twice', twice(uniqueIds)),
    names('R8', 'twice', twice(entityIds)),
  ]);
}

/** What is published on the topics that the entities name, as far as it is among these messages. */
function faultsOfTopics(configs: readonly Config[], published: readonly Published[]): Fault[] {
  const entities = configs.flatMap(({ entities: all }) => all);
  const availability = new Set(entities.flatMap(({ config }) => availabilityTopicsOf(config)));
  const commands = new Set(entities.flatMap(({ config }) => commandTopicsOf(config)));
  const isRetained = (topic: string) => published.some((one) => one.topic === topic && one.retain);
  return [
    ...[...availability].flatMap((topic) =>
      findings(topic, [when('R23', !isRetained(topic), 'not retained')]),
    ),
    ...published.flatMap(({ topic }) =>
      findings(topic, [when('R14', commands.has(topic), 'a command topic is written to')]),
    ),
  ];
}

export function availabilityTopicsOf(config: Json): string[] {
  const { availability, availability_topic: one } = config;
  const all: unknown[] = Array.isArray(availability) ? availability : [];
  return [
    ...all.map((each) => textIn(objectIn(each)['topic'])),
    ...(one === undefined ? [] : [textIn(one)]),
  ];
}
