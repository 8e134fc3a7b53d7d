import { expect } from 'vitest';
import type { Announced, Component } from './announced.js';
import type { HaEntity } from './home-assistant.js';

/** Holds every entity to what was announced of it; and nothing else may be there. */
export function expectAsAnnounced(
  entities: readonly HaEntity[],
  announced: readonly Announced[],
): void {
  const order = (one: { entity_id: string }, other: { entity_id: string }) =>
    one.entity_id < other.entity_id ? -1 : 1;
  expect(entities.map(properties).sort(order)).toEqual(announced.map(wanted).sort(order));
}

function properties(entity: HaEntity) {
  const { entity_id, unique_id, device, device_class, entity_category, icon } = entity;
  const { state_class, options, unit, disabled_by } = entity;
  const isEnabled = disabled_by === null;
  return {
    ...{ entity_id, unique_id, device, device_class, entity_category, icon, state_class, options },
    ...{ disabled_by },
    // Nobody has it while it is disabled.
    ...(isEnabled ? { name: entity.name, unit } : {}),
  };
}

function wanted({ device, component }: Announced) {
  const isEnabled = component.enabled_by_default !== false;
  const { name, unit_of_measurement: unit = null } = component;
  const { device_class = null, entity_category = null, icon = null } = component;
  const { state_class = null, options = null } = component;
  return {
    entity_id: component.default_entity_id,
    unique_id: component.unique_id,
    ...{ device, device_class, entity_category, icon, state_class, options },
    disabled_by: isEnabled ? null : 'integration',
    ...(isEnabled ? { name: `${device} ${name}`, unit } : {}),
  };
}

type Value = string | number | boolean | null;

/** What an entity has to show of a document; undefined where that is no plain value of it. */
export function shownOf(component: Component, document: unknown): string | undefined {
  const path = /value_json\.([a-z0-9_.]+)/.exec(component.value_template ?? '')?.[1];
  if (path === undefined || component.platform === 'event') return undefined;
  const value = path.split('.').reduce<unknown>(field, document);
  return stateFor(component, value as Value);
}

function stateFor({ platform, device_class }: Component, value: Value): string {
  if (value === null) return 'unknown';
  if (typeof value === 'boolean') {
    const [yes, no] = platform === 'cover' ? ['open', 'closed'] : ['on', 'off'];
    return value ? yes : no;
  }
  return device_class === 'timestamp' ? moment(String(value)) : String(value);
}

/** A state in the same words. */
export function stateOf({ state, device_class }: HaEntity): string | null {
  if (state === null || state === 'unknown' || state === 'unavailable') return state;
  if (device_class === 'timestamp') return moment(state);
  return /^-?\d+(\.\d+)?$/.test(state) ? String(Number(state)) : state;
}

/** Home Assistant shows whole seconds. */
function moment(text: string): string {
  return new Date(Math.floor(Date.parse(text) / 1000) * 1000).toISOString();
}

function field(value: unknown, name: string): unknown {
  return (value as Readonly<Record<string, unknown>>)[name];
}

/** What every document says. */
const always = ['schema', 'id', 'polled_at', 'source', 'stale', 'command', 'unit'];

/** The same document with nothing known. */
export function emptied(value: unknown): unknown {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return null;
  return Object.fromEntries(
    Object.entries(value).map(([key, inside]) => [
      key,
      always.includes(key) ? (inside as unknown) : emptied(inside),
    ]),
  );
}
