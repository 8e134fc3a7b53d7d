import { sharedOptions } from './home-assistant-2025-10.js';

/** A message as a broker got it. */
export interface Published {
  readonly topic: string;
  readonly payload: string;
  readonly retain: boolean;
  readonly qos: number;
}

export type Json = Readonly<Record<string, unknown>>;

/** A message of discovery, in either form. */
export interface Config extends Published {
  readonly isOfDevice: boolean;
  readonly root: Json;
  readonly entities: readonly DiscoveredEntity[];
}

/** An entity as Home Assistant has it after it has read the message. */
export interface DiscoveredEntity {
  readonly key: string;
  readonly platform: string;
  /** With what the message says for all of its entities. */
  readonly config: Json;
  readonly device: Json;
}

/** Reads every message of discovery as Home Assistant does. */
export function configsIn(published: readonly Published[], prefix: string): Config[] {
  return published
    .filter(({ topic, payload }) => isConfig(topic, prefix) && payload !== '')
    .map((message) => {
      const root = objectIn(JSON.parse(message.payload));
      const isOfDevice = platformIn(message.topic, prefix) === 'device';
      const entities = isOfDevice ? entitiesOf(root) : [entityOf(message.topic, prefix, root)];
      return { ...message, isOfDevice, root, entities };
    });
}

export function objectIn(value: unknown): Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Json)
    : {};
}

export function textIn(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function isConfig(topic: string, prefix: string): boolean {
  return topic.startsWith(`${prefix}/`) && topic.endsWith('/config');
}

function levelsIn(topic: string, prefix: string): string[] {
  return topic.slice(prefix.length + 1).split('/');
}

function platformIn(topic: string, prefix: string): string {
  return levelsIn(topic, prefix)[0] ?? '';
}

function entityOf(topic: string, prefix: string, config: Json): DiscoveredEntity {
  const key = levelsIn(topic, prefix).at(-2) ?? '';
  return { key, platform: platformIn(topic, prefix), config, device: objectIn(config['device']) };
}

function entitiesOf(root: Json): DiscoveredEntity[] {
  const shared = Object.entries(root).filter(([key]) => sharedOptions.includes(key));
  return Object.entries(objectIn(root['components'])).flatMap(([key, value]) => {
    const own = objectIn(value);
    // Nothing but a platform removes it.
    if (Object.keys(own).length === 1 && 'platform' in own) return [];
    const config = { ...Object.fromEntries(shared), ...own };
    return [{ key, platform: textIn(own['platform']), config, device: objectIn(root['device']) }];
  });
}
