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

/** Endless messages to command topics, the same for the same seed: right ones, nearly right ones, and noise. */
export function* randomMessages(
  seed: number,
  cars: readonly string[],
): Generator<RandomMessage, never> {
  const chance = new Chance(seed);
  const pools = new Map(vehicleCommandNames.map((name) => [name as string, poolOf(name, seed)]));
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
  const payloads =
    name === 'refresh'
      ? refreshes.map((text) => Buffer.from(text))
      : payloadsFor(name satisfies RemoteName).map((bytes) => Buffer.from(bytes));
  return fc.sample(payloads, { numRuns: poolOfEach, seed });
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
