import type { Recorder } from '../support/recorder.js';
import { waitUntil } from '../support/wait.js';
import type { HomeAssistant } from './home-assistant.js';

const patience_ms = 45_000;

/** Of a device's entities, by their keys. */
export type EntityIds = ReadonlyMap<string, string>;

interface RegisteredDevice {
  readonly id: string;
  readonly identifiers: readonly (readonly string[])[];
  readonly config_entries: readonly string[];
}

/** The entities whose unique ids begin so, the disabled ones too. */
export async function entityIds(ha: HomeAssistant, identity: string): Promise<EntityIds> {
  const prefix = `${identity}_`;
  const entities = await ha.entities();
  return new Map(
    entities
      .filter(({ unique_id }) => unique_id.startsWith(prefix))
      .map(({ unique_id, entity_id }) => [unique_id.slice(prefix.length), entity_id]),
  );
}

/** The keys of what the bridge has announced last of a device; none: it is gone. */
export function announcedKeys(recorder: Recorder, device: string): string[] {
  const message = recorder.on(`homeassistant/device/${device}/config`).at(-1);
  if (message === undefined || message.payload === '') return [];
  const { components } = JSON.parse(message.payload) as { components: Record<string, object> };
  return Object.keys(components).filter((key) => 'unique_id' in (components[key] ?? {}));
}

/** The entities of a car, as soon as they are what the bridge has announced. */
export async function waitForEntities(
  ha: HomeAssistant,
  recorder: Recorder,
  identity: string,
): Promise<EntityIds> {
  let ids: EntityIds = new Map();
  await waitUntil(
    async () => {
      const wanted = announcedKeys(recorder, `bluelink2mqtt_${identity}`);
      ids = await entityIds(ha, identity);
      return wanted.length > 0 && ids.size === wanted.length && wanted.every((key) => ids.has(key));
    },
    patience_ms,
    () => `${identity} in Home Assistant`,
  );
  return ids;
}

export async function identifiers(ha: HomeAssistant): Promise<string[]> {
  const devices = await ha.devices();
  return devices.flatMap((device) => device.identifiers).sort();
}

/** The devices, as soon as they are these. */
export async function waitForDevices(ha: HomeAssistant, wanted: readonly string[]): Promise<void> {
  const sorted = JSON.stringify([...wanted].sort());
  let found: string[] = [];
  await waitUntil(
    async () => {
      found = await identifiers(ha);
      return JSON.stringify(found) === sorted;
    },
    patience_ms,
    () => `${sorted} in Home Assistant; there were ${JSON.stringify(found)}`,
  );
}

/** As a person does it, on the page of the device. */
export async function deleteDevice(ha: HomeAssistant, identifier: string): Promise<void> {
  const devices = await ha.websocket<RegisteredDevice[]>('config/device_registry/list');
  const device = devices.find((one) => one.identifiers.some(([, id]) => id === identifier));
  if (device === undefined) throw new Error(`there is no device ${identifier}`);
  for (const config_entry_id of device.config_entries) {
    await ha.websocket('config/device_registry/remove_config_entry', {
      device_id: device.id,
      config_entry_id,
    });
  }
}

/** Deletes a single entity in its settings. */
export async function deleteEntity(ha: HomeAssistant, entity_id: string): Promise<void> {
  await ha.websocket('config/entity_registry/remove', { entity_id });
}
