import { describe, expect, test } from 'vitest';
import { leavesOf } from '../../src/vehicle/leaves.js';
import { hasTestPython } from '../support/python.js';
import { aCar, announcedBy, simulatedCars, withGuarded } from './cars.js';
import type { Json, Published } from './discovered.js';
import { bridgeDocuments, full, resultDocuments, stateDocuments } from './documents.js';
import { templateFaultsIn, type Documents } from './templates.js';

const prefix = 'homeassistant';

/** A message with an entity for each of these. */
function published(configs: readonly Json[]): Published[] {
  const components = configs.map((config, place) => [
    `one${String(place)}`,
    { ...{ platform: 'sensor', state_topic: 'car/state' }, ...config },
  ]);
  const payload = JSON.stringify({ components: Object.fromEntries(components) as unknown });
  return [{ topic: `${prefix}/device/car/config`, payload, retain: true, qos: 1 }];
}

/** The rules that each of these breaks. */
async function brokenBy(configs: readonly Json[]): Promise<string[][]> {
  const faults = await templateFaultsIn(published(configs), (topic) =>
    topic === 'car/state' ? stateDocuments : undefined,
  );
  return configs.map((_, place) => {
    const own = faults.filter(({ where }) => where.includes(` one${String(place)} `));
    return [...new Set(own.map(({ rule }) => rule))];
  });
}

/** Of each rule: what breaks it. */
const broken: readonly (readonly [rule: string, what: string, config: Json])[] = [
  ['R17', 'a value that does not exist', { value_template: '{{ value_json.speed }}' }],
  [
    'R17',
    'one that is only read of some documents',
    { value_template: "{{ value_json.speed if value_json.drivetrain == 'none' else None }}" },
  ],
  [
    'R17',
    'one that is read by another name',
    { value_template: '{% set at = value_json.location %}{{ at.height if false else None }}' },
  ],
  ['R17', "a method of Python's", { value_template: '{{ value_json.values }}' }],
  ['R17', 'a template that is none', { value_template: '{{ value_json.odometer_km }' }],
  ['R17', 'a variable that is not there', { value_template: '{{ values_json.odometer_km }}' }],
  ['R17', 'an error', { value_template: '{{ value_json.odometer_km + 1 }}' }],
  [
    'R17',
    'a topic that nobody publishes',
    { state_topic: 'elsewhere', value_template: '{{ value_json.odometer_km }}' },
  ],
  ['R18', 'a null that becomes 0', { value_template: '{{ value_json.odometer_km or 0 }}' }],
  ['R18', 'a null that becomes nothing', { value_template: "{{ value_json.odometer_km or '' }}" }],
  [
    'R21',
    'a time without an offset',
    {
      device_class: 'timestamp',
      value_template:
        '{{ value_json.reported_at[:19] if value_json.reported_at is not none else None }}',
    },
  ],
  ['R22', 'a text that is too long', { value_template: "{{ value_json.id ~ 'x' * 255 }}" }],
  [
    'state',
    'a word that is no option',
    { options: ['ev', 'ice'], value_template: '{{ value_json.drivetrain }}' },
  ],
  [
    'state',
    'a number that is none',
    { unit_of_measurement: 'km', value_template: '{{ value_json.drivetrain }}' },
  ],
  [
    'state',
    'a number out of range',
    { platform: 'number', min: 50, max: 100, value_template: '{{ value_json.ev.limit_ac }}' },
  ],
  [
    'state',
    'a choice that is none',
    {
      platform: 'select',
      options: ['100'],
      value_template: '{{ value_json.ev.charge_current }}',
    },
  ],
  [
    'state',
    'a word that is neither on nor off',
    {
      ...{ platform: 'binary_sensor', payload_on: 'true', payload_off: 'false' },
      value_template: '{{ value_json.ev.plugged }}',
    },
  ],
  [
    'state',
    'attributes that are no object',
    { json_attributes_topic: 'car/state', json_attributes_template: '{{ value_json.ev.soc }}' },
  ],
  [
    'state',
    'an event of a type that is not listed',
    {
      ...{ platform: 'event', event_types: ['failed'] },
      value_template: "{{ {'event_type': value_json.command.state} | to_json }}",
    },
  ],
  [
    'R12',
    'a position that is not known',
    {
      ...{ platform: 'device_tracker', json_attributes_topic: 'car/state' },
      json_attributes_template: '{{ value_json.location | to_json }}',
    },
  ],
];
test('the full document has a value in every place', () => {
  expect(leavesOf(full).filter(([, value]) => value === null)).toEqual([]);
});

describe.skipIf(!hasTestPython)('with Jinja2', () => {
  test('what is sound has no fault', async () => {
    expect(await brokenBy([{ value_template: '{{ value_json.odometer_km }}' }])).toEqual([[]]);
  });

  test('each rule finds what breaks it', async () => {
    const found = await brokenBy(broken.map(([, , config]) => config));
    const expected = broken.map(([rule, what]) => `${what}: ${rule}`);
    const missed = expected.filter((_, place) => !found[place]?.includes(broken[place]?.[0] ?? ''));
    expect(missed).toEqual([]);
  });

  const documentsOn = (accounts: readonly string[]) => {
    const bridge = bridgeDocuments(accounts);
    return (topic: string): Documents | undefined => {
      if (topic.endsWith('/result')) return resultDocuments;
      if (!topic.endsWith('/state')) return undefined;
      return topic.endsWith('/bridge/state') ? bridge : stateDocuments;
    };
  };

  test.each(['device', 'component'] as const)(
    'every template of every simulated car renders for every document (%s)',
    async (form) => {
      const allows = [[undefined], [withGuarded]];
      for (const allow of allows) {
        const cars = simulatedCars.map(([, options], place) =>
          aCar({ ...options, allow, alias: `car${String(place)}`, told: everyPath }),
        );
        const all = announcedBy(cars, { form, hasTimes: true });
        expect(await templateFaultsIn(all, documentsOn(['home']), prefix)).toEqual([]);
      }
    },
    60_000,
  );

  test.each<[accounts: string[]]>([[['home']], [['home', 'my-work', 'a_b']], [[]]])(
    'every template of the bridge renders with the accounts %j',
    async (accounts) => {
      const all = announcedBy([], { accounts, baseTopic: 'a/b' });
      expect(await templateFaultsIn(all, documentsOn(accounts), prefix)).toEqual([]);
    },
  );
});

const everyPath = leavesOf(full).map(([path]) => path);
