import { createHash } from 'node:crypto';
import { v7 as uuidv7 } from 'uuid';
import { z } from 'zod';
import { withId, type Asked } from './bridge-api.js';
import type { PublishOptions } from './mqtt/connection.js';
import { readAs } from './store/read-as.js';
import type { Store } from './store/store.js';
import { wellKnown, type Failure } from './vehicle/outcome.js';

export interface ForwardingOptions {
  readonly store: Store;
  readonly publish: (topic: string, payload: string, options: PublishOptions) => Promise<void>;
  readonly topicOf: (vehicle: string, command: string) => string;
  readonly refuse: (arrived: Asked, reason: Failure) => void;
}

/**
 * Commands by a VIN in mixed case: no owner can subscribe to all the ways to write one. Each goes on to the topic of the
 * car, once: its id is stored before it leaves, so that a redelivery after a crash is known to the car's owner.
 */
export function createForwarding({ store, publish, topicOf, refuse }: ForwardingOptions) {
  /** The id of this command, on the disk; undefined where it could not be brought there. */
  async function storedId(key: string): Promise<string | undefined> {
    try {
      const id = (await readAs(store, key, z.string())) ?? uuidv7();
      await store.put(key, id);
      return id;
    } catch {
      return undefined;
    }
  }

  return {
    /** Resolves when the broker has it; rejects where it has not been forwarded for certain. */
    async forward(arrived: Asked, vehicle: string): Promise<void> {
      if (arrived.retained) {
        refuse(arrived, wellKnown.retained);
        return;
      }
      const { response, messageExpiry_s } = arrived;
      const key = `forward/${markOf(arrived)}`;
      const id = await storedId(key);
      if (id === undefined) {
        refuse(arrived, wellKnown.notStored);
        return;
      }
      await publish(
        topicOf(vehicle, arrived.name),
        Buffer.from(withId(arrived.payload, id).identified).toString(),
        {
          ...(response === undefined ? {} : { responseTopic: response.topic }),
          ...(response?.correlation === undefined
            ? {}
            : { correlation: Buffer.from(response.correlation, 'base64') }),
          ...(messageExpiry_s === undefined ? {} : { messageExpiry_s }),
        },
      );
      await store.batch([...arrived.also, { type: 'del', key }]);
    },
  };
}

function markOf({ target, name, payload }: Asked): string {
  const hash = createHash('sha256').update(`${target}\0${name}\0`).update(payload);
  return hash.digest('base64url');
}
