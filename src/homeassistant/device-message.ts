import type { Options, Platform } from './entity.js';

/** How Home Assistant is told: a message for each device, or one for each entity (for others who read discovery). */
export type Form = 'device' | 'component';

export type Component = Options & { readonly platform: Platform; readonly unique_id: string };

/** A device with its entities, before it is put into messages. */
export interface DeviceMessage {
  /** The level of the topic that is the device's own. */
  readonly id: string;
  readonly device: Options;
  readonly origin: Options;
  /** Of every component that has none of its own. */
  readonly availability?: readonly { readonly topic: string }[];
  readonly components: Readonly<Record<string, Component>>;
}

/** Where the messages of one device go. */
export interface DiscoveryTopics {
  readonly form: Form;
  /** Home Assistant's discovery prefix. */
  readonly prefix: string;
}

/** The components that Home Assistant may have of a device: their keys and platforms. */
export type Platforms = Readonly<Record<string, string>>;

export function platformsOf({ components }: DeviceMessage): Platforms {
  return Object.fromEntries(
    Object.entries(components).map(([key, { platform }]) => [key, platform]),
  );
}

/**
 * The messages of a device, by their topics. In a device's one message a component of before is forgotten only once it
 * is named with nothing but its platform.
 */
export function messagesOf(
  { form, prefix }: DiscoveryTopics,
  { id, components, availability, ...shared }: DeviceMessage,
  removed: Platforms = {},
): Map<string, string> {
  const root =
    availability === undefined ? shared : { ...shared, availability, availability_mode: 'all' };
  if (form === 'device') {
    const stubs = Object.entries(removed).map(([key, platform]) => [key, { platform }] as const);
    const all = { ...components, ...Object.fromEntries(stubs) };
    return new Map([[deviceTopic(prefix, id), JSON.stringify({ ...root, components: all })]]);
  }
  return new Map(
    Object.entries(components).map(([key, { platform, ...component }]) => [
      `${prefix}/${platform}/${id}/${key}/config`,
      JSON.stringify({ ...root, ...component }),
    ]),
  );
}

/** Matches every topic that a device has a message on, and no other device's. */
export function filterOf({ form, prefix }: DiscoveryTopics, id: string): string {
  return form === 'device' ? deviceTopic(prefix, id) : `${prefix}/+/${id}/+/config`;
}

/** The device that a message in this form on this topic is about. */
export function deviceIdIn({ form, prefix }: DiscoveryTopics, topic: string): string | undefined {
  if (!topic.startsWith(`${prefix}/`)) return undefined;
  const levels = topic.slice(prefix.length + 1).split('/');
  const [platform, id, ...rest] = levels;
  const isDevice = platform === 'device' && rest.length === 1;
  const isComponent = platform !== 'device' && rest.length === 2;
  if (rest.at(-1) !== 'config' || !(form === 'device' ? isDevice : isComponent)) return undefined;
  return id;
}

function deviceTopic(prefix: string, id: string): string {
  return `${prefix}/device/${id}/config`;
}
