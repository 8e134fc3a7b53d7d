import { describe, expect, test } from 'vitest';
import { hasNats, startNats } from '../support/nats.js';

describe.runIf(hasNats)('the connection to NATS', () => {
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
