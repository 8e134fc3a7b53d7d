import { expect, test } from 'vitest';
import { capabilitiesSchema, vendorCommandNames } from '../../src/vehicle/capability.js';
import { capabilitiesOf, offers } from '../../src/vehicle/simulated-capabilities.js';
import { createIdentity } from '../../src/vehicle/simulated-identity.js';

const carOf = (index: number, region = 'europe') => createIdentity({ index, seed: 7, region });
const offered = (index: number) => capabilitiesSchema.parse(capabilitiesOf(carOf(index)));
const namesOf = (index: number) => Object.keys(offered(index)).sort();

const aboutCharging = ['charge', 'charge_limits', 'charge_port', 'schedule'];
const electricOnly = ['charging_current', 'v2l_limit'];

test('an electric car offers everything, the others what they are built for', () => {
  expect(namesOf(0)).toEqual([...vendorCommandNames].sort());
  const without = (names: string[]) => namesOf(0).filter((name) => !names.includes(name));
  expect(namesOf(1)).toEqual(without(electricOnly));
  for (const index of [2, 3]) {
    expect(namesOf(index)).toEqual(without([...aboutCharging, ...electricOnly]));
  }
});

test('the seats that can be heated and cooled differ from car to car', () => {
  const seatsOf = (index: number) =>
    Object.entries(offered(index).climate?.fields ?? {})
      .filter(([field]) => field.startsWith('seats.'))
      .map(([field, { values = [] }]) => [field, values.includes('cool_low')]);
  expect(seatsOf(0)).toHaveLength(4);
  expect(seatsOf(0).every(([, isCooled]) => isCooled)).toBe(true);
  expect(seatsOf(3)).toEqual([
    ['seats.front_left', false],
    ['seats.front_right', false],
  ]);
});

test('temperatures are offered in the unit of the car', () => {
  const temperature = (region: string) =>
    capabilitiesOf(carOf(0, region)).climate?.fields?.['temperature'];
  expect(temperature('europe')).toEqual({ min: 14, max: 30, step: 0.5, unit: '°C' });
  expect(temperature('usa')).toEqual({ min: 62, max: 82, step: 1, unit: '°F' });
});

test('an action is offered where its command is', () => {
  expect(offers(carOf(3), 'climate_start')).toBe(true);
  expect(offers(carOf(3), 'climate_stop')).toBe(true);
  expect(offers(carOf(3), 'v2l_limit')).toBe(false);
  expect(offers(carOf(0), 'v2l_limit')).toBe(true);
});
