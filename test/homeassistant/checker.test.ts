import { expect, test } from 'vitest';
import { aCar, announcedBy } from './cars.js';
import { faultsIn, type Fault } from './checker.js';
import { objectIn, type Json, type Published } from './discovered.js';

/** A configuration without a fault, to be broken. */
function sound(): { published: Published[]; root: Record<string, unknown> } {
  const root = {
    device: { identifiers: ['car'], name: 'Ioniq 5' },
    origin: { name: 'bluelink2mqtt' },
    availability: [{ topic: 'base/car/availability' }],
    components: {
      soc: {
        ...{ platform: 'sensor', unique_id: 'car_soc', default_entity_id: 'sensor.ioniq_5_soc' },
        ...{ name: 'Battery', qos: 1, state_topic: 'base/car/state', device_class: 'battery' },
        ...{ unit_of_measurement: '%', suggested_display_precision: 0 },
      },
      wake: {
        ...{ platform: 'button', unique_id: 'car_wake', default_entity_id: 'button.ioniq_5_wake' },
        ...{ name: 'Wake', qos: 1, command_topic: 'base/car/commands/refresh' },
        ...{ message_expiry_interval: { seconds: 60 } },
      },
    },
  };
  return { published: [message('base/car/availability', 'online')], root };
}

function message(topic: string, payload: string, more: Partial<Published> = {}): Published {
  return { topic, payload, retain: true, qos: 1, ...more };
}

const topic = 'homeassistant/device/car/config';

function rulesOf(faults: readonly Fault[]): string[] {
  return [...new Set(faults.map(({ rule }) => rule))];
}

test('what is sound has no fault', () => {
  const { published, root } = sound();
  expect(faultsIn([...published, message(topic, JSON.stringify(root))])).toEqual([]);
});

test('a message that only removes an entity has no fault', () => {
  const { published, root } = sound();
  const components = { ...objectIn(root['components']), old: { platform: 'sensor' } };
  const payload = JSON.stringify({ ...root, components });
  expect(faultsIn([...published, message(topic, payload)])).toEqual([]);
});

type Change = (root: Record<string, unknown>) => void;

const set =
  (...path: readonly string[]) =>
  (value: unknown): Change =>
  (root) => {
    const last = path.at(-1) ?? '';
    const target = path
      .slice(0, -1)
      .reduce<Record<string, unknown>>(
        (at, key) => (at[key] ??= {}) as Record<string, unknown>,
        root,
      );
    if (value === undefined) Reflect.deleteProperty(target, last);
    else target[last] = value;
  };
const soc = (key: string, value: unknown) => set('components', 'soc', key)(value);
const wake = (key: string, value: unknown) => set('components', 'wake', key)(value);
const component = (key: string, config: Json) =>
  set(
    'components',
    key,
  )({
    ...{ unique_id: `car_${key}`, name: 'Another', qos: 1, state_topic: 'base/car/state' },
    ...{ default_entity_id: `${String(config['platform'])}.ioniq_5_another` },
    ...config,
  });

/** Of each rule: what breaks it. */
const broken: readonly (readonly [rule: string, what: string, change: Change])[] = [
  ['R2', 'a key of the root that is not known', set('message_expiry_interval')(60)],
  ['R2', 'a key of the device that is not known', set('device', 'vin')('KMH')],
  ['R2', 'a key of the origin that is not known', set('origin', 'url')('https://a.b')],
  ['R3', 'an origin without a name', set('origin')({})],
  ['R3', 'a device without a name', set('device', 'name')(undefined)],
  ['R3', 'a device without identifiers', set('device', 'identifiers')([])],
  ['R3', 'no components', set('components')({})],
  ['R4', 'a key with a space', component('a b', { platform: 'sensor', unique_id: 'a' })],
  ['R5', 'a platform that nobody knows', component('x', { platform: 'car' })],
  ['R5', 'a platform that came later', component('x', { platform: 'time' })],
  ['R5', 'an option that the platform does not know', soc('payload_on', 'on')],
  ['R5', 'an option misspelt', soc('device_clas', 'battery')],
  ['R5', 'a required option that is missing', soc('state_topic', undefined)],
  ['R6', 'no unique id', soc('unique_id', undefined)],
  ['R6', 'a unique id twice', component('x', { platform: 'sensor', unique_id: 'car_soc' })],
  ['R7', 'object_id', soc('object_id', 'soc')],
  ['R7', '~ in the root', set('~')('base')],
  ['R7', 'a state topic in the root', set('state_topic')('base/car/state')],
  ['R8', 'an entity id of another domain', soc('default_entity_id', 'number.ioniq_5_soc')],
  ['R8', 'an entity id without a domain', soc('default_entity_id', 'soc')],
  ['R8', 'an entity id that is none', soc('default_entity_id', 'sensor.Ioniq 5')],
  ['R8', 'an entity id with two lines in a row', soc('default_entity_id', 'sensor.a__b')],
  [
    'R8',
    'an entity id twice',
    component('x', { platform: 'sensor', default_entity_id: 'sensor.ioniq_5_soc' }),
  ],
  ['R9', 'a unit that does not fit the class', soc('unit_of_measurement', 'km')],
  ['R9', 'no unit', soc('unit_of_measurement', undefined)],
  ['R9', 'a state class that does not fit', soc('state_class', 'total')],
  [
    'R9',
    'a unit of a number that does not fit the class',
    component('x', {
      ...{ platform: 'number', device_class: 'duration', unit_of_measurement: '%' },
      ...{ command_topic: 'a', message_expiry_interval: { seconds: 1 } },
    }),
  ],
  ['R10', 'options without class enum', soc('options', ['a'])],
  [
    'R10',
    'class enum without options',
    component('x', { platform: 'sensor', device_class: 'enum' }),
  ],
  [
    'R10',
    'class enum with a unit',
    component('x', {
      ...{ platform: 'sensor', device_class: 'enum', options: ['a'], unit_of_measurement: 'km' },
      suggested_display_precision: 0,
    }),
  ],
  [
    'R10',
    'a select with nothing to choose',
    component('x', {
      ...{ platform: 'select', options: [], command_topic: 'a' },
      message_expiry_interval: { seconds: 1 },
    }),
  ],
  ['R10', 'an event of no type', component('x', { platform: 'event', event_types: [] })],
  ['R11', 'a sensor that is a setting', soc('entity_category', 'config')],
  ['R11', 'a category that nobody knows', soc('entity_category', 'system')],
  [
    'R11',
    'an event with a category',
    component('x', { platform: 'event', event_types: ['a'], entity_category: 'diagnostic' }),
  ],
  ['R12', 'a tracker with a state', component('x', { platform: 'device_tracker' })],
  [
    'R12',
    'a tracker without attributes',
    component('x', { platform: 'device_tracker', state_topic: undefined }),
  ],
  ['R13', 'an icon beside a class', soc('icon', 'mdi:battery')],
  ['R14', 'commands that are retained', wake('retain', true)],
  ['R14', 'QoS 0', wake('qos', 0)],
  [
    'R14',
    'QoS only in the root',
    (root) => {
      soc('qos', undefined)(root);
      set('qos')(1)(root);
    },
  ],
  ['R14', 'commands that never expire', wake('message_expiry_interval', undefined)],
  [
    'R14',
    'an entity that believes itself',
    component('x', {
      ...{ platform: 'switch', command_topic: 'a', optimistic: true },
      message_expiry_interval: { seconds: 1 },
    }),
  ],
  ['R15', 'a name that begins with the name of the device', soc('name', 'ioniq 5 battery')],
  ['R15', 'no name', soc('name', undefined)],
  [
    'R16',
    'two batteries',
    component('x', {
      ...{ platform: 'sensor', device_class: 'battery', unit_of_measurement: '%' },
      suggested_display_precision: 0,
    }),
  ],
  ['R19', 'a message that is too large', soc('json_attributes_template', 'x'.repeat(100_000))],
  ['R20', 'a number without a precision', soc('suggested_display_precision', undefined)],
  ['R23', 'an availability that nobody retains', set('availability')([{ topic: 'elsewhere' }])],
  ['R24', 'a class that came later', soc('device_class', 'uptime')],
  ['R24', 'a class of another platform', wake('device_class', 'door')],
];

test.each(broken)('%s finds %s', (rule, _, change) => {
  const { published, root } = sound();
  change(root);
  const faults = faultsIn([...published, message(topic, JSON.stringify(root))]);
  expect(rulesOf(faults)).toContain(rule);
});

test.each([
  ['R1', 'a topic with a dot', 'homeassistant/device/car.1/config', {}],
  ['R1', 'a topic without an id', 'homeassistant/device/config', {}],
  ['R14', 'a configuration that is not retained', topic, { retain: false }],
  ['R14', 'a configuration with QoS 0', topic, { qos: 0 }],
])('%s finds %s', (rule, _, on, more) => {
  const { published, root } = sound();
  const faults = faultsIn([...published, message(on, JSON.stringify(root), more)]);
  expect(rulesOf(faults)).toEqual([rule]);
});

test('R14 finds what is written to a command topic, R23 an availability that is not retained', () => {
  const { root } = sound();
  const config = message(topic, JSON.stringify(root));
  const command = message('base/car/commands/refresh', 'force');
  const availability = message('base/car/availability', 'online', { retain: false });
  expect(rulesOf(faultsIn([config, command, availability]))).toEqual(['R23', 'R14']);
});

test('messages of one entity each are held to the same rules', () => {
  const published = announcedBy([aCar()], { form: 'component' });
  expect(faultsIn(published)).toEqual([]);
  const again = published.map((one) =>
    one.topic.endsWith('/soc/config')
      ? { ...one, payload: JSON.stringify({ ...objectIn(JSON.parse(one.payload)), icon: 'mdi:x' }) }
      : one,
  );
  expect(rulesOf(faultsIn(again))).toEqual(['R13']);
});

test('a newer Home Assistant may be shown what came later', () => {
  const published = announcedBy([aCar()], { hasTimes: true });
  expect(rulesOf(faultsIn(published))).toEqual(['R5']);
  expect(faultsIn(published, { isNewer: true })).toEqual([]);
});
