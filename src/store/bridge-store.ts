import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { readAllAs, readAs } from './read-as.js';
import type { Store, Write } from './store.js';

const pollingSchema = z.object({
  enabled: z.boolean(),
  every_ms: z.number(),
  configured: z.object({ enabled: z.boolean(), every_ms: z.number() }),
});

const platformsSchema = z.record(z.string(), z.string());

const packetSchema = z.object({ session: z.string(), hash: z.string() });

type Platforms = Readonly<Record<string, string>>;

const writtenPrefix = 'mqtt/written/';
const announcedPrefix = 'homeassistant/announced/';

/** What belongs to no account: the count of starts, and what is needed to know the session at the broker. */
export function createBridgeStore(store: Store) {
  const packetKey = (packetId: number) => `mqtt/packet/${String(packetId)}`;

  /** Resolves when it is on the disk. Should that fail, the next batch brings it along. */
  function noted(key: string, value: unknown): Promise<void> {
    store.later([{ type: 'put', key, value }]);
    return store.batch([]);
  }

  return {
    /** The number of this start, on the disk before anything else happens. */
    async nextBoot(): Promise<number> {
      const boot = ((await readAs(store, 'bridge/boot', z.number())) ?? 0) + 1;
      await store.put('bridge/boot', boot);
      return boot;
    },

    /** A key of this installation, made at the first start. */
    async secretKey(): Promise<string> {
      const held = await readAs(store, 'bridge/key', z.string());
      if (held !== undefined) return held;
      const made = randomBytes(32).toString('base64');
      await store.put('bridge/key', made);
      return made;
    },

    /** What a person has set of the polls. */
    polling: () => readAs(store, 'bridge/polling', pollingSchema),
    putPolling: (polling: z.infer<typeof pollingSchema>): Promise<void> =>
      store.put('bridge/polling', polling),

    /** Epoch milliseconds at which the broker was last seen. */
    seen: () => readAs(store, 'mqtt/seen', z.number()),
    putSeenLater: (seen: number): void => {
      store.later([{ type: 'put', key: 'mqtt/seen', value: seen }]);
    },

    /** Our own name of the session that the broker holds. */
    session: () => readAs(store, 'mqtt/session', z.string()),
    /** Resolves when the session's name and the moment of its connection are on the disk. */
    putConnected: (session: string, seen: number): Promise<void> => {
      // Should this fail, the next batch brings it along: no packet of a session is stored before its name.
      store.later([
        { type: 'put', key: 'mqtt/session', value: session },
        { type: 'put', key: 'mqtt/seen', value: seen },
      ]);
      return store.batch([]);
    },

    /** Every topic that something retained was published on. */
    writtenTopics: async (): Promise<string[]> =>
      (await store.list(writtenPrefix)).map(({ key }) => key.slice(writtenPrefix.length)),
    addWrittenTopic: (topic: string): Promise<void> => noted(`${writtenPrefix}${topic}`, true),
    deleteWrittenTopic: (topic: string): void => {
      store.later([{ type: 'del', key: `${writtenPrefix}${topic}` }]);
    },

    /** What was announced of each device, by its id. */
    announced: (): Promise<Map<string, Platforms>> =>
      readAllAs(store, announcedPrefix, platformsSchema),
    putAnnounced: (id: string, platforms: Platforms): Promise<void> =>
      noted(`${announcedPrefix}${id}`, platforms),

    packet: (packetId: number) => readAs(store, packetKey(packetId), packetSchema),
    packetWrite: (packetId: number, entry: z.infer<typeof packetSchema>): Write => ({
      type: 'put',
      key: packetKey(packetId),
      value: entry,
    }),
  };
}

export type BridgeStore = ReturnType<typeof createBridgeStore>;
