import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import type { NatsServer } from '../../test/support/nats.js';
import { timed } from '../statistics.js';

/** One message to a stream of its own, awaited until NATS has stored it. Of the size of a journal's record. */
export async function startStoring(nats: NatsServer): Promise<() => Promise<number>> {
  const connection = await nats.connect('bench');
  const manager = await jetstreamManager(connection);
  await manager.streams.add({ name: 'control', subjects: ['control.>'] });
  const stream = jetstream(connection);
  const value = 'x'.repeat(700);
  return () => timed(() => stream.publish('control.value', value));
}
