import { describe, expect, test } from 'vitest';
import type { Claim } from './claims.js';
import type { FleetEffect } from './fleet.js';
import { ownershipViolations } from './violations.js';

const start = Date.parse('2026-11-22T10:00:00.000Z');

function claim(instance: string | undefined, after_ms: number, account = 'a0'): Claim {
  return { item: `account.${account}`, instance, at: start + after_ms };
}

function sent(
  instance: string,
  after_ms: number,
  { operation = 'command', phase = 'started' }: Partial<FleetEffect> = {},
): FleetEffect {
  const at = new Date(start + after_ms).toISOString();
  const about = { operation, vehicle: 'vendor-1', attempt: 'a', command_id: 'c' };
  return { ...about, at, phase, account: 'a0', instance };
}

const found = (claims: readonly Claim[], effects: readonly FleetEffect[]): string[] =>
  ownershipViolations({ claims, effects }).map(({ says }) => says);

describe('who may reach the cars of an account', () => {
  const moved = [
    claim('north', 0),
    claim(undefined, 10_000),
    claim('south', 12_000),
    claim('north', 20_000),
  ];

  test('its owner may, as often as it comes to own it', () => {
    const lawful = [sent('north', 0), sent('north', 9_000), sent('south', 12_000)];
    expect(found(moved, [...lawful, sent('south', 19_999), sent('north', 25_000)])).toEqual([]);
  });

  test.each([
    ['a former owner while somebody else has it', sent('north', 15_000)],
    ['a former owner while nobody has it', sent('north', 11_000)],
    ['the next owner before it is its own', sent('south', 11_990)],
    ['who was quickest, and lost', sent('south', 20_010)],
    ['somebody who never had it', sent('west', 5_000)],
    ['anybody before the first claim', sent('north', -10)],
  ])('%s may not', (_, effect) => {
    expect(found(moved, [effect])).toHaveLength(1);
  });

  test('a read may leave late, unless somebody else has the account', () => {
    const read = { operation: 'cached' } as const;
    expect(found(moved, [sent('north', 10_100, read)])).toEqual([]);
    expect(found(moved, [sent('north', 12_100, read)])).toHaveLength(1);
  });

  test('what one account is told says nothing of another', () => {
    const elsewhere = [claim('north', 0), claim('south', 1_000, 'a1')];
    expect(found(elsewhere, [sent('north', 2_000)])).toEqual([]);
  });

  test('an answer that comes late reaches no car', () => {
    expect(found(moved, [sent('north', 15_000, { phase: 'done' })])).toEqual([]);
  });
});
