import { v7 as uuidv7 } from 'uuid';
import { expect, test } from 'vitest';
import { aRemoteCar } from './a-remote-car.js';
import { settle, useFakeClock } from './fake-clock.js';

const clock = useFakeClock();

test('a lock behind an unlock whose id is looked up stays behind it', async () => {
  const car = aRemoteCar(clock);
  await Promise.all([
    car.send({ value: 'unlock', id: uuidv7() }, { name: 'lock' }),
    car.send('lock', { name: 'lock' }),
  ]);
  await settle();
  const accepted = car.said.filter(({ status }) => status === 'accepted');
  expect(accepted.map(({ value }) => value)).toEqual(['unlock', 'lock']);
  // What was sent last has the last word: it waits, and is not replaced.
  expect(car.story(accepted[1]?.id ?? '')).toEqual(['accepted']);
});

test('what was refused or replayed holds up nobody behind it', async () => {
  const car = aRemoteCar(clock);
  const id = uuidv7();
  await car.command('horn', { id });
  await Promise.all([
    car.send({ id }, { name: 'horn' }),
    car.send({ id, value: 'lock' }, { name: 'lock' }),
    car.send({ value: 'lock', id: 'last' }, { name: 'lock' }),
  ]);
  await settle();
  expect(car.story('last')[0]).toBe('accepted');
});
