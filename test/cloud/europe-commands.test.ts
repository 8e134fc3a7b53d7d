import { describe, expect, test } from 'vitest';
import { hasOldLibrary, hasTestPython } from '../support/python.js';
import { type EuropeWorldOptions, carOf, known, signInToEurope } from './europe/world.js';

const kia = { region: 1, brand: 'kia' } as const;
const legacyHyundai = { region: 1, brand: 'hyundai', protocol: 'legacy' } as const;
const hyundai = { region: 9, brand: 'hyundai' } as const;
const newKia = { region: 9, brand: 'kia' } as const;

async function aCar(options: EuropeWorldOptions = kia) {
  const world = await signInToEurope(options);
  const car = carOf(world.account);
  const { id } = car.identity;
  return {
    ...world,
    world,
    car,
    call: (name: string, ...args: unknown[]) => world.library.call(name, id, ...args),
    result: (name: string, ...args: unknown[]) => world.library.result(name, id, ...args),
  };
}

// The old library cannot sign in.
describe.skipIf(!hasTestPython || hasOldLibrary)('commands to the old vehicle servers', () => {
  test('a car is unlocked after the PIN, and locked with the same token', async () => {
    const { world, car, result, asked } = await aCar();
    const id = await result('unlock');
    expect(asked()).toEqual(['pin', 'command']);
    expect(car.count('lock', 'unlock')).toBe(1);
    expect(await result('check_action_status', id)).toBe('SUCCESS');
    expect(asked()).toEqual(['poll']);
    await result('update_vehicle_with_cached_state');
    expect(await known(world)).toMatchObject({ is_locked: false });
    asked();
    await result('lock');
    expect(asked()).toEqual(['command']);
    expect(car.report().lock.state).toBe('locked');
  });

  test('a legacy car needs no PIN for its doors', async () => {
    const { car, result, asked } = await aCar(legacyHyundai);
    const id = await result('unlock');
    expect(asked()).toEqual(['command']);
    expect(car.count('lock', 'unlock')).toBe(1);
    expect(await result('check_action_status', id)).toBe('SUCCESS');
  });
});

describe.skipIf(!hasTestPython || hasOldLibrary)('commands to the new vehicle servers', () => {
  test.each([hyundai, newKia])(
    '$brand: a car is unlocked after the PIN, then locked',
    async (options) => {
      const { world, car, result, asked } = await aCar(options);
      expect(await result('unlock')).toMatch(/^gspa:.+/);
      expect(asked()).toEqual(['pin', 'command']);
      expect(car.count('lock', 'unlock')).toBe(1);
      await result('update_vehicle_with_cached_state');
      expect(await known(world)).toMatchObject({ is_locked: false });
      asked();
      await result('lock');
      expect(asked()).toEqual(['command']);
      expect(car.report().lock.state).toBe('locked');
    },
  );
});
