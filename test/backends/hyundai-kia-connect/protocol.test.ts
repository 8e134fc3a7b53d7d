import { describe, expect, test } from 'vitest';
import {
  parseMessage,
  readOutcome,
  taskLine,
} from '../../../src/backends/hyundai-kia-connect/protocol.js';
import { aTask, someSettings } from './builders.js';

describe('parseMessage', () => {
  test.each([
    '',
    'Traceback (most recent call last):',
    '[]',
    '{"type":"other"}',
    '{"type":"request","id":1,"count":0}',
  ])('takes %j for no message', (line) => {
    expect(parseMessage(line)).toBeUndefined();
  });

  test('reads a message and leaves out what it does not know', () => {
    expect(parseMessage('{"type":"request","id":7,"count":2,"url":"/status"}')).toEqual({
      type: 'request',
      id: 7,
      count: 2,
    });
  });
});

describe('taskLine', () => {
  test('is one line that holds the task and the account, and not the interpreter', () => {
    const line = taskLine(3, aTask({ operation: 'cached', vehicle: 'a\nb' }), someSettings());
    expect(line.indexOf('\n')).toBe(line.length - 1);
    expect(JSON.parse(line)).toEqual({
      type: 'task',
      id: 3,
      task: aTask({ operation: 'cached', vehicle: 'a\nb' }),
      account: {
        region: 'europe',
        brand: 'hyundai',
        username: 'me@example.com',
        password: 'correct-horse',
        pin: '4711',
        language: 'en',
      },
    });
  });
});

describe('readOutcome', () => {
  test('a malformed result becomes internal, names the field and keeps session and request count', () => {
    const outcome = readOutcome(
      {
        ok: true,
        result: { operation: 'sign_in', vehicles: [{ id: 5 }] },
        session: { token: 'new' },
        requests: 3,
      },
      aTask(),
    );
    expect(outcome).toMatchObject({
      ok: false,
      session: { token: 'new' },
      requests: 3,
      failure: { code: 'internal' },
    });
    expect(outcome).toHaveProperty(
      'failure.message',
      expect.stringContaining('result.vehicles.0.id'),
    );
  });

  test('a result of another operation is refused', () => {
    const result = { operation: 'sign_in', vehicles: [] };
    const outcome = readOutcome({ ok: true, result, requests: 0 }, aTask({ operation: 'cached' }));
    expect(outcome).toMatchObject({ ok: false, failure: { code: 'internal' } });
  });

  test('what is no outcome at all is refused', () => {
    expect(readOutcome(null, aTask())).toMatchObject({ ok: false, requests: 0 });
  });
});
