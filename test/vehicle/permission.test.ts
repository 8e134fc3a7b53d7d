import { describe, expect, test } from 'vitest';
import { isPermitted, permissionsOf, type CarCommand } from '../../src/vehicle/permission.js';

const lock: CarCommand = { name: 'lock', value: 'lock' };
const unlock: CarCommand = { name: 'lock', value: 'unlock' };
const start: CarCommand = { name: 'climate', value: 'start', awaits_temperature: true };
const stop: CarCommand = { name: 'climate', value: 'stop' };
const warmer: CarCommand = { name: 'climate_temperature', temperature: 21.5 };
const limit: CarCommand = { name: 'charge_limit_ac', percent: 80 };
const limits: CarCommand = { name: 'charge_limits', ac: 80, dc: 80 };
const air: CarCommand = { name: 'windows', windows: { front_left: 'vent', rear_left: 'open' } };
const shut: CarCommand = { name: 'windows', windows: { front_left: 'close', rear_left: 'vent' } };
const valetOff: CarCommand = { name: 'valet_mode', value: 'stop' };
const horn: CarCommand = { name: 'horn' };
const force: CarCommand = { name: 'refresh', mode: 'force', override: true };
const trips: CarCommand = { name: 'trips', month: '2026-10' };

const harmless = [lock, stop, warmer, limit, limits, shut, horn, force, trips];
const guarded = [unlock, air, valetOff];

describe('without any list', () => {
  test.each(harmless)('%j runs', (command) => {
    expect(isPermitted(command, [undefined, undefined], null)).toBe(true);
  });

  test.each(guarded)('%j does not: it is guarded', (command) => {
    expect(isPermitted(command, [], 'ev')).toBe(false);
    expect(isPermitted(command, [undefined, undefined], 'ev')).toBe(false);
  });

  test.each(['ev', 'phev', 'hev', 'ice', null] as const)(
    'the climate of a car that is %s starts only if that can be no engine',
    (drivetrain) => {
      expect(isPermitted(start, [undefined], drivetrain)).toBe(drivetrain === 'ev');
      expect(isPermitted(start, [['climate']], drivetrain)).toBe(drivetrain === 'ev');
      expect(isPermitted(start, [['climate:start']], drivetrain)).toBe(true);
      expect(isPermitted(stop, [['climate']], drivetrain)).toBe(true);
    },
  );
});

describe('with lists', () => {
  test.each<[CarCommand, (readonly string[] | undefined)[], boolean]>([
    [lock, [['lock']], true],
    [lock, [['lock:lock']], true],
    [lock, [['lock:unlock']], false],
    [lock, [[]], false],
    [lock, [['lock'], ['charge']], false],
    [lock, [['lock'], undefined, ['lock:lock', 'charge']], true],
    [unlock, [['lock']], false],
    [unlock, [['lock', 'lock:unlock']], true],
    [unlock, [['lock:unlock'], undefined], true],
    // What one list names, another one may still refuse.
    [unlock, [['lock:unlock'], ['lock']], false],
    [unlock, [['lock'], ['lock:unlock']], false],
    [unlock, [['lock:unlock'], ['lock:unlock']], true],
    [air, [['windows']], false],
    [air, [['windows:open']], false],
    [air, [['windows:open', 'windows:vent']], true],
    [air, [['windows', 'windows:open']], true],
    [shut, [['windows:vent']], false],
    [shut, [['windows:vent', 'windows:close']], true],
    [valetOff, [['valet_mode:stop']], true],
    [valetOff, [['valet_mode', 'valet_mode:start']], false],
    [warmer, [['climate:start']], false],
    [warmer, [['climate_temperature']], true],
    [limit, [['charge_limit_ac:80']], true],
    [limit, [['charge_limit_ac:90']], false],
    [limits, [['charge_limit_ac', 'charge_limit_dc']], false],
    [limits, [['charge_limits']], true],
    [horn, [['horn']], true],
    [horn, [['lights']], false],
    [trips, [['trips']], true],
    [force, [['refresh']], true],
    [force, [['refresh:force']], true],
    [force, [['refresh:cached']], false],
    [force, [['refresh'], ['lock']], false],
  ])('%j under %j: %s', (command, lists, runs) => {
    expect(isPermitted(command, lists, 'ev')).toBe(runs);
  });
});

test('each window needs its own permission, once', () => {
  const all: CarCommand = {
    name: 'windows',
    windows: { front_left: 'open', front_right: 'open', rear_left: 'close' },
  };
  expect(permissionsOf(all, 'ev')).toEqual([
    { names: ['windows:open'], guarded: true },
    { names: ['windows', 'windows:close'], guarded: false },
  ]);
});
