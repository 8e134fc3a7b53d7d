import type { Recorded } from '../support/recorder.js';

export interface Component {
  readonly platform: string;
  readonly unique_id: string;
  readonly default_entity_id: string;
  readonly name: string;
  readonly device_class?: string;
  readonly state_class?: string;
  readonly unit_of_measurement?: string;
  readonly options?: readonly string[];
  readonly entity_category?: string;
  readonly icon?: string;
  readonly enabled_by_default?: boolean;
  readonly state_topic?: string;
  readonly value_template?: string;
}

/** An entity as the bridge announces it. */
export interface Announced {
  readonly device: string;
  readonly component: Component;
}

type Config = Partial<Component> & {
  readonly device: { readonly name: string };
  readonly components?: Readonly<Record<string, Partial<Component>>>;
};

/** What stands on the broker in the end, in either form. */
export function announcedIn(messages: readonly Recorded[], prefix = 'homeassistant'): Announced[] {
  const newest = new Map(messages.map(({ topic, payload }) => [topic, payload]));
  return [...newest]
    .filter(([topic, payload]) => topic.startsWith(`${prefix}/`) && isConfig(topic, payload))
    .flatMap(([topic, payload]) => entitiesOf(topic, JSON.parse(payload) as Config));
}

function isConfig(topic: string, payload: string): boolean {
  return topic.endsWith('/config') && payload !== '';
}

function entitiesOf(topic: string, config: Config): Announced[] {
  const [, platform = ''] = topic.split('/');
  const components = config.components ?? { '': { ...config, platform } };
  // One with nothing but its platform is named to be removed.
  return Object.values(components)
    .filter((component): component is Component => component.unique_id !== undefined)
    .map((component) => ({ device: config.device.name, component }));
}
