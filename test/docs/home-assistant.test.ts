import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { defaultExpiry } from '../../src/config/expiry.js';
import type { Component } from '../../src/homeassistant/device-message.js';
import { devicesOf } from '../../src/homeassistant/discovery.js';
import { createTopics } from '../../src/mqtt/topics.js';
import type { ExpiryKey } from '../../src/vehicle/command.js';
import type { KnownVehicle } from '../../src/vehicle/known-vehicle.js';
import { capabilitiesOf } from '../../src/vehicle/simulated-capabilities.js';
import { createIdentity } from '../../src/vehicle/simulated-identity.js';
import type { Drivetrain } from '../../src/vehicle/state.js';
import { vehicleInfo } from '../../src/vehicle/vehicle-info.js';
import { expectInPage, tableOf } from './generated-part.js';
import { page as pageOf, root } from './pages.js';
import { statePaths } from './state-paths.js';

const page = 'docs/home-assistant/README.md';
const kinds = ['ev', 'phev', 'hev', 'ice'] as const;
const name = 'Ioniq 5';
const slug = 'ioniq_5';

const guarded = ['lock:unlock', 'windows:open', 'valet_mode:stop', 'climate:start'];
const everything = [
  ...['refresh', 'lock', 'climate', 'charge', 'charge_limits', 'charge_limit_ac', 'charge_port'],
  ...['charge_limit_dc', 'charging_current', 'v2l_limit', 'schedule', 'windows', 'lights', 'horn'],
  ...['climate_temperature', 'climate_duration', 'climate_defrost', 'climate_seat_front_left'],
  ...['climate_seat_front_right', 'climate_seat_rear_left', 'climate_seat_rear_right'],
  ...guarded,
];

test('every entity that a page or an example names is one of the code', () => {
  const severalAccounts = devicesOf({ ...options, accounts: ['home', 'office'] }, []);
  const devices = [
    all,
    bridgeComponents(),
    ...severalAccounts.map((one) => one.message().components),
  ];
  const known = new Set(
    devices.flatMap(Object.values<Component>).map((one) => textOf(one['default_entity_id'])),
  );
  const folder = join(root, 'docs');
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  const text = files
    .filter((file) => /\.(?:md|yaml)$/.test(file))
    .map((file) => readFileSync(join(folder, file), 'utf8'))
    .join('\n');
  const named = text.match(/\b[a-z_]+\.(?:ioniq_5|bluelink2mqtt)_[a-z0-9_]+\b/g) ?? [];
  expect(named.length).toBeGreaterThan(50);
  expect(named.filter((id) => !known.has(id))).toEqual([]);
});

test.each(['preheat.yaml', 'notify.yaml'])('%s asks for what the page gives it', (file) => {
  const text = readFileSync(join(root, 'docs/home-assistant/blueprints', file), 'utf8');
  const inputs = Object.entries(
    blueprint.parse(parse(text, { customTags: [input] })).blueprint.input,
  );
  const given = pageOf(page)
    .blocks.map(({ lines }) => lines.join('\n'))
    .filter((block) => block.includes(`/${file}`))
    .flatMap((block) => users.parse(parse(block)).automation)
    .filter(({ use_blueprint: { path } }) => path.endsWith(`/${file}`))
    .flatMap(({ use_blueprint }) => Object.keys(use_blueprint.input));
  const needed = inputs.filter(([, one]) => one.default === undefined).map(([key]) => key);
  expect(given).toEqual(expect.arrayContaining(needed));
  expect(inputs.map(([key]) => key)).toEqual(expect.arrayContaining(given));
});

/** `!input name` */
const input = { tag: '!input', resolve: (name: string) => name };
const blueprint = z.object({
  blueprint: z.object({
    input: z.record(z.string(), z.object({ default: z.unknown().optional() })),
  }),
});
const users = z.object({
  automation: z.array(
    z.object({
      use_blueprint: z.object({ path: z.string(), input: z.record(z.string(), z.unknown()) }),
    }),
  ),
});

const expiresIn_ms = Object.fromEntries(
  Object.keys(defaultExpiry).map((key) => [key, 60_000]),
) as Record<ExpiryKey, number>;

const options = {
  ...{ topics: createTopics('bluelink'), baseTopic: 'bluelink', version: '0.0.0' },
  ...{ accounts: ['home'], allow: undefined, expiresIn_ms, hasTimes: true },
};

type Components = Readonly<Record<string, Component>>;

/** What a car has when it has told everything and may do everything, and when something is missing. */
const cases = {
  full: components(statePaths, everything),
  silent: components([], everything),
  obeysNothing: components(statePaths, ['refresh']),
  obeysOneWay: components(statePaths, ['refresh', 'lock:lock', 'climate:stop', 'windows:close']),
};

const cars = Object.values(cases).flatMap((byKind) => Object.values(byKind));
/** Every entity that some car has, in the order of the code. */
const all: Components = Object.assign({}, ...cars, ...cars.toReversed()) as Components;

test('the values of a car are those of the code', () => {
  const rows = Object.entries(all)
    .filter(([, component]) => commandOf(component) === undefined)
    .map(([key, component]) => [
      String(component['name']),
      idOf(component),
      textOf(component['unit_of_measurement']),
      kindsOf(key),
      noteOf(key, component),
    ]);
  expectInPage(page, 'values', tableOf(['entity', 'entity id', 'unit', 'cars', ''], rows));
});

test('the controls of a car are those of the code', () => {
  const rows = Object.entries(all).flatMap(([key, component]) => {
    const command = commandOf(component);
    if (command === undefined) return [];
    const row = [String(component['name']), idOf(component), command];
    return [[...row, kindsOf(key), noteOf(key, component)]];
  });
  expectInPage(page, 'controls', tableOf(['entity', 'entity id', 'sends', 'cars', ''], rows));
});

test('the entities of the bridge are those of the code', () => {
  const rows = Object.values(bridgeComponents()).map((component) => [
    String(component['name']),
    `\`${String(component['default_entity_id'])}\``,
    commandOf(component) ?? '',
    offOf(component).join(''),
  ]);
  expectInPage(page, 'bridge', tableOf(['entity', 'entity id', 'sends', ''], rows));
});

function bridgeComponents(): Components {
  return devicesOf(options, [])[0]?.message().components ?? {};
}

/** By kind; whatever the kind, the maker offers all that a car can have. */
function components(told: readonly string[], allow: readonly string[]) {
  const byKind = kinds.map((kind) => [kind, componentsOf(kind, told, allow)] as const);
  return Object.fromEntries(byKind) as Record<Drivetrain, Components>;
}

function componentsOf(
  drivetrain: Drivetrain,
  told: readonly string[],
  allow: readonly string[],
): Components {
  const identity = createIdentity({ index: 0, seed: 7 });
  const { id, vin, brand, model, year } = identity;
  const car: KnownVehicle = {
    ...{ topic_id: 'ioniq5', name, enabled: true, gone_at: null, identity: vin.toLowerCase() },
    ...{ listed: { id, vin, name, brand, model, year, drivetrain }, told },
  };
  const account = { region: 'europe', account: 'home', backend: 'simulator', library: null };
  const limits = { capabilities: capabilitiesOf(identity), allow: [allow], readOnly: false };
  const info = vehicleInfo(car, account, { ...limits, drivetrain });
  const announced = {
    ...{ name, brand, model, told },
    identity: vin.toLowerCase(),
    info: () => info,
  };
  return devicesOf(options, [announced])[1]?.message().components ?? {};
}

function idOf({ default_entity_id: id }: Component): string {
  return `\`${String(id).replace(slug, '<car>')}\``;
}

/** The command that it sends, and the words that it can say; undefined without one. */
function commandOf(component: Component): string | undefined {
  const topics = ['command_topic', 'mode_command_topic', 'temperature_command_topic'];
  const names = topics.flatMap((key) => /[^/]+$/.exec(textOf(component[key]))?.[0] ?? []);
  if (names.length === 0) return undefined;
  const words = Object.entries(component)
    .filter(([key, word]) => key.startsWith('payload_') && word !== null)
    .map(([, word]) => `\`${String(word)}\``);
  const commands = names.map((command) => `\`${command}\``).join(', ');
  return words.length === 0 ? commands : `${commands}: ${words.join(', ')}`;
}

function kindsOf(key: string): string {
  const having = kinds.filter((kind) =>
    Object.values(cases).some((byKind) => Object.hasOwn(byKind[kind], key)),
  );
  return inWords[having.join(' ')] ?? having.join(', ');
}

const inWords: Readonly<Record<string, string>> = {
  'ev phev hev ice': '',
  'ev phev': 'with a plug',
  'phev hev ice': 'with an engine',
  'hev ice': 'without a plug',
};

function noteOf(key: string, component: Component): string {
  const has = (byKind: Record<Drivetrain, Components>): boolean =>
    kinds.some((kind) => Object.hasOwn(byKind[kind], key));
  const notes = [
    ...offOf(component),
    ...(has(cases.full) && !has(cases.silent) ? ['once told'] : []),
    ...(has(cases.full) ? [] : ['without the control']),
  ];
  return notes.join(', ');
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function offOf({ enabled_by_default: isEnabled }: Component): string[] {
  return isEnabled === false ? ['off'] : [];
}
