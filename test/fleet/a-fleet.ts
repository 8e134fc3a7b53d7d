import { pino } from 'pino';
import type { NatsConnection } from '@nats-io/transport-node';
import type { Logger } from '../../src/daemon/logger.js';
import { createInstanceCalls, type InstanceCalls } from '../../src/fleet/instance-calls.js';
import { createCipher } from '../../src/store/cipher.js';
import type { NatsServer } from '../support/nats.js';
import { onTeardown } from '../support/teardown.js';

export const cipher = createCipher({ current: Buffer.alloc(32, 7) });

export interface CallingInstance {
  readonly connection: NatsConnection;
  readonly calls: InstanceCalls;
  readonly log: Logger;
  /** The lines of its log, at `trace`. */
  readonly lines: readonly string[];
}

export function aLog(): { readonly log: Logger; readonly lines: readonly string[] } {
  const lines: string[] = [];
  const log = pino({ level: 'trace', base: null }, { write: (line: string) => lines.push(line) });
  return { log, lines };
}

/** An instance of the fleet that can be asked, ended with the test. */
export async function anInstance(
  nats: NatsServer,
  instance: string,
  { name = 'fleet', with: own = cipher } = {},
): Promise<CallingInstance> {
  const connection = await nats.connect(instance);
  const { log, lines } = aLog();
  const calls = createInstanceCalls({ connection, name, instance, cipher: own, log });
  // Before anything is published to it.
  await connection.flush();
  onTeardown(() => calls.stop());
  return { connection, calls, log, lines };
}
