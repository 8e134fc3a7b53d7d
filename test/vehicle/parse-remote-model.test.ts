import fc from 'fast-check';
import { expect, test } from 'vitest';
import { vehicleCommandNames } from '../../src/vehicle/command.js';
import { parseRemote, type RemoteName } from '../../src/vehicle/parse-remote.js';
import { valueOfRemote } from '../../src/vehicle/remote-value.js';
import { remoteCommandSchema, tripsCommandSchema } from '../../src/vehicle/remote-command.js';
import { modelOf } from './remote-payload-model.js';
import { payloadsFor } from './remote-payloads.js';

const now = Date.UTC(2026, 10, 22, 12);
const names = vehicleCommandNames.filter((name): name is RemoteName => name !== 'refresh');
const runs = 1000;

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

test('there are at least ten thousand cases', () => {
  expect(names.length * runs).toBeGreaterThanOrEqual(10_000);
});

test.each(names)('%s is read as the contract says, and nothing else is', (name) => {
  let taken = 0;
  let refused = 0;
  fc.assert(
    fc.property(payloadsFor(name), (payload) => {
      const parsed = parseRemote(name, payload, now);
      const model = modelOf(name, payload, now);
      if (parsed.ok) {
        taken += 1;
        expect(valueOfRemote(parsed.command)).toEqual(model);
      } else {
        refused += 1;
        expect(model).toBeUndefined();
        expect(parsed.failure).toMatchObject({ code: 'invalid_payload', retryable: false });
        expect(parsed.failure.message).toMatch(/^.+: expected .+, got .+/s);
        expect(parsed.failure.message.length).toBeLessThan(4000);
      }
    }),
    { numRuns: runs },
  );
  // Else the property would say nothing.
  expect(Math.min(taken, refused)).toBeGreaterThan(runs / 50);
});

test.each(names)('what is shown of %s is itself a payload that means the same', (name) => {
  fc.assert(
    fc.property(payloadsFor(name), (payload) => {
      const parsed = parseRemote(name, payload, now);
      if (!parsed.ok) return;
      const { command } = parsed;
      const schema = name === 'trips' ? tripsCommandSchema : remoteCommandSchema;
      expect(schema.parse(command)).toEqual(command);
      const value = valueOfRemote(command);
      const isObject = typeof value === 'object';
      const again = [JSON.stringify(isObject ? value : { value })];
      if (!isObject) again.push(String(value));
      for (const text of again) {
        const read = parseRemote(name, bytes(text), now);
        expect(read.ok && JSON.stringify(valueOfRemote(read.command))).toBe(JSON.stringify(value));
      }
    }),
    { numRuns: 200 },
  );
});
