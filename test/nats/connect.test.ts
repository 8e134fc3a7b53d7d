import { connect } from '@nats-io/transport-node';
import { describe, expect, test } from 'vitest';
import { connectionOptions } from '../../src/nats/connect.js';
import { hasNats, startNats } from '../support/nats.js';

describe.runIf(hasNats)('the connection to NATS', () => {
  test('is encrypted or is not, where the address says tls', async () => {
    const nats = await startNats();
    const servers = [nats.url.replace('nats:', 'tls:')];
    const options = { ...connectionOptions({ servers, name: 'test', tls: {} }) };
    // It would be tried again for ever.
    const once = { ...options, waitOnFirstConnect: false, reconnect: false };
    await expect(connect(once)).rejects.toThrow('tls');
  });

  test('outlives the server', async () => {
    const nats = await startNats();
    const connection = await nats.connect();
    connection.subscribe('question', {
      callback: (_, message) => {
        message.respond('answer');
      },
    });
    expect((await connection.request('question')).string()).toBe('answer');
    await nats.kill();
    await nats.start();
    await expect
      .poll(
        () => connection.request('question', undefined, { timeout: 500 }).then((m) => m.string()),
        { timeout: 15_000 },
      )
      .toBe('answer');
  });
});
