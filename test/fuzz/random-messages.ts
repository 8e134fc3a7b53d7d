import fc from 'fast-check';
import { vehicleCommandNames } from '../../src/vehicle/command.js';
import type { RemoteName } from '../../src/vehicle/parse-remote.js';
import { Chance } from '../support/crash-random.js';
import { payloadsFor } from '../vehicle/remote-payloads.js';

export interface RandomMessage {
  /** Below the base topic. */
  readonly topic: string;
  readonly payload: Buffer;
}

const bridgeNames = [
  ...['refresh_all', 'polling', 'poll_interval', 'log_level', 'reset_breaker', 'clear_queue'],
  ...['announce', 'otp', 'cancel'],
];
const unknownNames = ['Lock', 'open_sesame', '__proto__', 'constructor', ' ', 'result', 'é'];
const poolOfEach = 200;
const longest = 9000;

const refreshes = fc.oneof(
  fc.constantFrom('cached', 'force', 'smart', 'SMART:300', 'smart:0', 'refresh'),
  fc.json(),
  fc
    .record({
      value: fc.constantFrom('cached', 'force', 'smart'),
      id: fc.string({ maxLength: 70 }),
      max_age: fc.integer({ min: -1, max: 700_000 }),
    })
    .map((fields) => JSON.stringify(fields)),
);

/** Whether the bridge reads by itself, and how often: mostly what it should be. */
const pollPayloads = {
  polling: fc.oneof(
    fc.constantFrom('on', 'off', 'ON', 'true', '0', 'maybe', '{"value":false}', '{"value":"on"}'),
    fc.jsonValue().map((value) => JSON.stringify({ value })),
  ),
  poll_interval: fc.oneof(
    fc.integer({ min: 0, max: 1500 }).map(String),
    fc.double({ noNaN: true }).map((value) => JSON.stringify({ value })),
    fc.constantFrom('hourly', '5m', '{"minutes":30}', '{"value":"30"}'),
  ),
} as const;

/** Endless messages to command topics, the same for the same seed: right ones, nearly right ones, and noise. */
export function* randomMessages(
  seed: number,
  cars: readonly string[],
): Generator<RandomMessage, never> {
  const chance = new Chance(seed);
  const pools = new Map<string, Buffer[]>([
    ...vehicleCommandNames.map((name) => [name, poolOf(name, seed)] as const),
    ...Object.entries(pollPayloads).map(([name, of]) => [name, sampled(of, seed)] as const),
  ]);
  const refreshPool = pools.get('refresh') ?? [];
  for (;;) {
    const isForBridge = chance.in(0.15);
    const names = isForBridge ? bridgeNames : vehicleCommandNames;
    const name = oneOf(chance, chance.in(0.03) ? unknownNames : names);
    const target = isForBridge ? 'bridge' : chance.in(0.03) ? 'nobody' : oneOf(chance, cars);
    const payload = oneOf(chance, pools.get(name) ?? refreshPool);
    const topic = `${target}/commands/${name}`;
    yield { topic, payload: chance.in(0.3) ? damaged(chance, payload) : payload };
  }
}

function poolOf(name: (typeof vehicleCommandNames)[number], seed: number): Buffer[] {
  return name === 'refresh'
    ? sampled(refreshes, seed)
    : sampled(payloadsFor(name satisfies RemoteName), seed);
}

function sampled(payloads: fc.Arbitrary<string | Uint8Array>, seed: number): Buffer[] {
  return fc.sample(payloads, { numRuns: poolOfEach, seed }).map((payload) => Buffer.from(payload));
}

/** Bits turned, bytes lost or doubled, or far too long. */
function damaged(chance: Chance, payload: Buffer): Buffer {
  const copy = Buffer.from(payload);
  const at = chance.whole(0, Math.max(0, copy.length - 1));
  switch (chance.whole(0, 4)) {
    case 0:
      if (copy.length > 0) copy[at] = (copy[at] ?? 0) ^ (1 << chance.whole(0, 7));
      return copy;
    case 1:
      return copy.subarray(0, at);
    case 2:
      return Buffer.concat([copy.subarray(0, at), copy]);
    case 3:
      return Buffer.concat([copy, Buffer.from([chance.whole(0, 255)])]);
    default:
      return chance.in(0.05) ? Buffer.alloc(longest, copy.length > 0 ? copy : ' ') : copy;
  }
}

function oneOf<T>(chance: Chance, [first, ...others]: readonly T[]): T {
  if (first === undefined) throw new Error('nothing to choose from');
  return chance.oneOf(first, ...others);
}
