import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Redelivery, type Packet, type PacketEntry } from '../../src/mqtt/redelivery.js';

interface Written {
  readonly packetId: number;
  readonly entry: PacketEntry;
}

/** A start of the bridge over what earlier ones have stored. */
function aRedelivery(stored = new Map<number, PacketEntry>(), session = 'session') {
  const redelivery = new Redelivery<Written>({
    key: 'a key',
    find: (packetId) => Promise.resolve(stored.get(packetId)),
    write: (packetId, entry) => ({ packetId, entry }),
  });
  redelivery.setSession(session);
  const store = ({ packetId, entry }: Written): void => {
    stored.set(packetId, entry);
  };
  return { redelivery, stored, store };
}

const payload = Buffer.from('force');

function aPacket(topic = 'a/b', bytes: Uint8Array = payload, isSecret = false): Packet {
  return { topic, payload: bytes, isSecret };
}

test('the same packet of the same session is known, before it is stored and after', async () => {
  const { redelivery, stored, store } = aRedelivery();
  const written = redelivery.enter(1, aPacket('a/b', payload));
  await expect(redelivery.isKnown(1, aPacket('a/b', payload))).resolves.toBe(true);
  store(written);
  await expect(aRedelivery(stored).redelivery.isKnown(1, aPacket('a/b', payload))).resolves.toBe(
    true,
  );
});

test.each([
  ['another packet id', 2, 'a/b', payload],
  ['another topic', 1, 'a/c', payload],
  ['another payload', 1, 'a/b', Buffer.from('cached')],
  ['a border moved between topic and payload', 1, 'a/', Buffer.from('bforce')],
])('%s is not', async (_, packetId, topic, bytes) => {
  const { redelivery } = aRedelivery();
  redelivery.enter(1, aPacket('a/b', payload));
  await expect(redelivery.isKnown(packetId, aPacket(topic, bytes))).resolves.toBe(false);
});

test('the newest packet of an id replaces the one before', async () => {
  const { redelivery } = aRedelivery();
  redelivery.enter(1, aPacket('a/b', payload));
  redelivery.enter(1, aPacket('a/b', Buffer.from('cached')));
  await expect(redelivery.isKnown(1, aPacket('a/b', payload))).resolves.toBe(false);
});

test('entries of another session are void, in memory and in the store', async () => {
  const { redelivery, store } = aRedelivery();
  store(redelivery.enter(1, aPacket('a/b', payload)));
  redelivery.setSession('another');
  await expect(redelivery.isKnown(1, aPacket('a/b', payload))).resolves.toBe(false);
});

test('the same session goes on over a reconnect', async () => {
  const { redelivery } = aRedelivery();
  redelivery.enter(1, aPacket('a/b', payload));
  redelivery.setSession('session');
  await expect(redelivery.isKnown(1, aPacket('a/b', payload))).resolves.toBe(true);
});

test('what is kept tells neither topic nor payload, and differs by the key', () => {
  const { redelivery } = aRedelivery();
  const { entry } = redelivery.enter(1, aPacket('bluelink/car/commands/refresh', payload));
  const other = new Redelivery<Written>({
    key: 'another key',
    find: () => Promise.resolve(undefined),
    write: (packetId, one) => ({ packetId, entry: one }),
  });
  other.setSession('session');
  expect(JSON.stringify(entry)).not.toMatch(/force|refresh|a key/);
  expect(other.enter(1, aPacket('bluelink/car/commands/refresh', payload)).entry.hash).not.toBe(
    entry.hash,
  );
});

test('the newest of each id decides, whatever came before', async () => {
  const packet = fc.tuple(fc.integer({ min: 1, max: 3 }), fc.constantFrom('x', 'y', 'z'));
  await fc.assert(
    fc.asyncProperty(fc.array(packet), packet, async (packets, [packetId, word]) => {
      const { redelivery } = aRedelivery();
      const newest = new Map<number, string>();
      for (const [id, one] of packets) {
        redelivery.enter(id, aPacket('a/b', Buffer.from(one)));
        newest.set(id, one);
      }
      const isKnown = await redelivery.isKnown(packetId, aPacket('a/b', Buffer.from(word)));
      expect(isKnown).toBe(newest.get(packetId) === word);
    }),
  );
});

test('of a secret no hash of the payload is stored', async () => {
  const { redelivery, stored, store } = aRedelivery();
  const packet = aPacket('a/otp', Buffer.from('123456'), true);
  const { entry } = redelivery.enter(1, packet);
  store({ packetId: 1, entry });
  const another = aPacket('a/otp', Buffer.from('654321'), true);
  expect(aRedelivery().redelivery.enter(1, another).entry).toEqual(entry);

  // Until a restart one code is told from another; after it every code of the packet id is known.
  await expect(redelivery.isKnown(1, packet)).resolves.toBe(true);
  await expect(redelivery.isKnown(1, another)).resolves.toBe(false);
  const restarted = aRedelivery(stored).redelivery;
  await expect(restarted.isKnown(1, packet)).resolves.toBe(true);
  await expect(restarted.isKnown(1, aPacket('a/b', packet.payload))).resolves.toBe(false);
});
