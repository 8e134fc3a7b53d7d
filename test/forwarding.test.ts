import { describe, expect, test } from 'vitest';
import type { Asked } from '../src/bridge-api.js';
import { createForwarding } from '../src/forwarding.js';
import type { PublishOptions } from '../src/mqtt/connection.js';
import { MemoryStore } from './dispatch/memory-store.js';

interface Sent {
  readonly topic: string;
  readonly payload: unknown;
  readonly options: PublishOptions;
}

function setting(store = new MemoryStore()) {
  const sent: Sent[] = [];
  const refused: string[] = [];
  let isDown = false;
  const forwarding = createForwarding({
    store,
    publish: (topic, payload, options) => {
      sent.push({ topic, payload: JSON.parse(payload), options });
      return isDown ? Promise.reject(new Error('lost')) : Promise.resolve();
    },
    topicOf: (vehicle, command) => `bluelink/${vehicle}/commands/${command}`,
    refuse: (_, { code }) => {
      refused.push(code);
    },
  });
  const breakLine = (): void => {
    isDown = true;
  };
  const forward = (...words: Parameters<typeof forwarding.forward>) => forwarding.forward(...words);
  return { forward, sent, refused, breakLine };
}

const asked = (payload: string, more: Partial<Asked> = {}): Asked => ({
  ...{ target: 'Kmhkr81e0pu662571', name: 'lock', payload: Buffer.from(payload), retained: false },
  ...{ received_at: 0, received: 0, response: undefined, source: { via: 'mqtt' }, also: [] },
  ...more,
});

describe('a command by a VIN in mixed case', () => {
  test('goes on to the topic of the car, with all that came along', async () => {
    const { forward, sent } = setting();
    const response = { topic: 'me/answers', correlation: Buffer.from('7').toString('base64') };
    await forward(asked('unlock', { response, messageExpiry_s: 30 }), 'ioniq5');
    expect(sent).toEqual([
      {
        topic: 'bluelink/ioniq5/commands/lock',
        payload: { value: 'unlock', id: expect.any(String) as string },
        options: {
          responseTopic: 'me/answers',
          correlation: Buffer.from('7'),
          messageExpiry_s: 30,
        },
      },
    ]);
  });

  test('keeps its id over a crash, so that it is not done twice, and the next one has another', async () => {
    const store = new MemoryStore();
    const first = setting(store);
    first.breakLine();
    await expect(first.forward(asked('lock'), 'ioniq5')).rejects.toThrow('lost');
    const second = setting(store);
    await second.forward(asked('lock'), 'ioniq5');
    await second.forward(asked('lock'), 'ioniq5');
    const ids = [...first.sent, ...second.sent].map(
      ({ payload }) => (payload as { id: string }).id,
    );
    expect(ids[0]).toBe(ids[1]);
    expect(ids[2]).not.toBe(ids[1]);
  });

  test('that is retained, or cannot be stored, is refused', async () => {
    const store = new MemoryStore();
    const { forward, sent, refused } = setting(store);
    await forward(asked('lock', { retained: true }), 'ioniq5');
    store.put = () => Promise.reject(new Error('full'));
    await forward(asked('lock'), 'ioniq5');
    expect(refused).toEqual(['retained', 'not_stored']);
    expect(sent).toEqual([]);
  });
});
