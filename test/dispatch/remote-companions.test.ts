import { describe, expect, test, vi } from 'vitest';
import { aRemoteCar, aReport, reading, said, taken, type ARemoteCar } from './a-remote-car.js';
import { settle, useFakeClock } from './fake-clock.js';
import { aFailure } from './outcomes.js';

const clock = useFakeClock();
const wait = (ms: number) => vi.advanceTimersByTimeAsync(ms);

const limits = (car: ARemoteCar): unknown[] =>
  car.under().map(({ task: { action } }) => [action?.name, action]);

const poi = { name: 'home', latitude: 1, longitude: 2, address: 'x' };

const both = (ac: number, dc: number) => [['charge_limits', { name: 'charge_limits', ac, dc }]];

describe('replacing', () => {
  test.each([
    ['lock', 'lock', 'unlock'],
    ['climate', { value: 'start', temperature: 21 }, { value: 'start', temperature: 23 }],
    ['climate', 'start', 'stop'],
    ['charge', 'start', 'start'],
    ['charge_limit_ac', '80', '90'],
    ['charge_limits', { ac: 80, dc: 80 }, { ac: 90, dc: 90 }],
    ['v2l_limit', '20', '30'],
    ['windows', { front_left: 'vent' }, { front_left: 'close', rear_left: 'close' }],
    ['windows', 'close', 'vent'],
    ['schedule', { climate: { defrost: true } }, { climate: { defrost: false, enabled: true } }],
  ])('a later %s takes the place of one that waits', async (name, first, second) => {
    const car = aRemoteCar(clock, { slots: 0 });
    await car.command(name, json(first, 'first'));
    await car.command(name, json(second, 'second'));
    expect(car.events('first').at(-1)).toMatchObject({
      ...{ status: 'superseded', superseded_by: 'second' },
    });
    expect(car.story('second')).toEqual(['accepted']);
    expect(car.waiting.total).toBe(1);
  });

  test.each([
    ['horn', {}, {}],
    ['lights', {}, {}],
    ['navigation', { pois: [poi] }, { pois: [poi] }],
    ['windows', 'close', { front_left: 'vent' }],
    ['windows', { front_left: 'vent' }, { rear_left: 'close' }],
    ['schedule', { enabled: true }, { offpeak_only: true }],
    ['schedule', { climate: { enabled: true, defrost: true } }, { climate: { enabled: false } }],
  ])('a later %s leaves one alone whose fields it does not name', async (name, first, second) => {
    const car = aRemoteCar(clock, { slots: 0 });
    await car.command(name, json(first, 'first'));
    await car.command(name, json(second, 'second'));
    expect([car.story('first'), car.story('second')]).toEqual([['accepted'], ['accepted']]);
  });

  test('nor one of another car, of another name, nor one that has left', async () => {
    const car = aRemoteCar(clock);
    await car.command('lock', { value: 'lock', id: 'left' });
    await car.command('lock', { value: 'unlock', id: 'later' });
    await car.command('charge', { value: 'start', id: 'other' });
    expect(car.story('left')).toEqual(['accepted', 'running']);
    expect([car.story('later'), car.story('other')]).toEqual([['accepted'], ['accepted']]);
  });

  test('a dry run takes the place of nothing, and shares nothing', async () => {
    const car = aRemoteCar(clock, { slots: 0 });
    await car.command('charge_limit_ac', { value: 80, id: 'a' });
    await car.command('charge_limit_ac', { value: 90, id: 'b', dry_run: true });
    await car.command('charge_limit_dc', { value: 90, id: 'c', dry_run: true });
    expect(car.story('a')).toEqual(['accepted']);
    expect(car.events('b').at(-1)).toMatchObject({ status: 'succeeded', dry_run: true });
    expect(car.events('c').at(-1)).toMatchObject({ status: 'succeeded', dry_run: true });
    expect(car.waiting.total).toBe(1);
  });
});

describe('the two charge limits', () => {
  test('make one call and share its ending, the second named with the first', async () => {
    const car = aRemoteCar(clock);
    await car.command('charge_limit_ac', { value: 60, id: 'ac' });
    expect(car.left).toEqual([]);
    await wait(1000);
    await car.command('charge_limit_dc', { value: 70, id: 'dc' });
    expect(limits(car)).toEqual(both(60, 70));
    await car.end(taken());
    await wait(5000);
    await car.end(said('succeeded'), 'action_status');
    for (const id of ['ac', 'dc']) {
      expect(car.story(id)).toEqual([
        'accepted',
        'running',
        'confirming',
        'succeeded action_status',
      ]);
    }
    expect(car.events('ac').some((event) => 'shared_with' in event)).toBe(false);
    expect(car.events('dc').slice(1)).toEqual(
      car
        .events('dc')
        .slice(1)
        .map((event) => ({ ...event, shared_with: 'ac' })),
    );
    const { ev } = await car.state();
    expect([ev.limit_ac, ev.limit_dc]).toEqual([60, 70]);
    expect(car.waiting.total).toBe(0);
  });

  test('one alone leaves after 1.5 s with what the car reports of the other', async () => {
    const car = aRemoteCar(clock);
    await car.command('charge_limit_ac', '60');
    await wait(1499);
    expect(car.left).toEqual([]);
    await wait(1);
    expect(limits(car)).toEqual(both(60, 90));
  });

  test('what the car does not report of the other is read first', async () => {
    const unknown = aReport(clock, ({ ev }) => {
      ev.limit_ac = null;
    });
    const car = aRemoteCar(clock, { report: unknown });
    await car.command('charge_limit_dc', { value: 60, id: 'a' });
    await wait(1500);
    expect(car.left.map(({ task }) => task.operation)).toEqual(['cached']);
    await car.end(reading(clock, aReport(clock, undefined, 5)), 'cached');
    expect(limits(car)).toEqual(both(80, 60));
  });

  test.each([
    ['read but not known', true],
    ['not readable', false],
  ])('if it is %s then, the command has failed and nothing leaves', async (_, ok) => {
    const unknown = aReport(clock, ({ ev }) => {
      ev.limit_ac = null;
    });
    const car = aRemoteCar(clock, { report: unknown });
    await car.command('charge_limit_dc', { value: 60, id: 'a' });
    await wait(1500);
    await car.end(ok ? reading(clock, unknown) : aFailure('unavailable'), 'cached');
    await settle();
    expect(car.story('a')).toEqual(['accepted', 'failed unavailable']);
    expect([car.under(), car.waiting.total]).toEqual([[], 0]);
  });

  test.each(['cancelled', 'expired', 'superseded'] as const)(
    'if the first ends %s the second goes on alone',
    async (status) => {
      const car = aRemoteCar(clock);
      car.setReady(false);
      await car.command('charge_limit_ac', { value: 60, id: 'ac', expires_in: 5 });
      await car.command('charge_limit_dc', { value: 70, id: 'dc' });
      if (status === 'cancelled') expect(car.admissions.cancel('ac')).toBe('ended');
      if (status === 'expired') await wait(5000);
      if (status === 'superseded') await car.command('charge_limit_ac', { value: 50, id: 'new' });
      car.setReady(true);
      await wait(1500);
      expect(car.story('ac').at(-1)).toBe(status);
      expect(limits(car)).toEqual(both(status === 'superseded' ? 50 : 80, 70));
      expect(car.events('dc').at(-1)).toMatchObject({ status: 'running' });
      await car.end(taken());
      await wait(5000);
      await car.end(said('succeeded'), 'action_status');
      expect(car.story('dc').at(-1)).toBe('succeeded action_status');
      expect(car.waiting.total).toBe(0);
    },
  );

  test.each(['cancelled', 'expired', 'superseded'] as const)(
    'if the second ends %s the first goes on alone',
    async (status) => {
      const car = aRemoteCar(clock);
      car.setReady(false);
      await car.command('charge_limit_ac', { value: 60, id: 'ac' });
      await car.command('charge_limit_dc', { value: 70, id: 'dc', expires_in: 5 });
      if (status === 'cancelled') expect(car.admissions.cancel('dc')).toBe('ended');
      if (status === 'expired') await wait(5000);
      if (status === 'superseded') await car.command('charge_limit_dc', { value: 50, id: 'new' });
      car.setReady(true);
      await wait(1500);
      expect(car.story('dc').at(-1)).toBe(status);
      expect(limits(car)).toEqual(both(60, status === 'superseded' ? 50 : 90));
    },
  );

  test('one whose time was over before the journal had it leaves the other its own', async () => {
    const car = aRemoteCar(clock);
    car.setReady(false);
    await car.command('charge_limit_ac', { value: 60, id: 'ac', expires_in: 3 });
    await car.command('charge_limit_dc', { value: 70, id: 'dc' });
    car.store.mode = 'hangs';
    car.setReady(true);
    await wait(4000);
    car.store.goOn();
    await wait(1500);
    expect([car.story('ac'), car.story('dc')]).toEqual([
      ['accepted', 'expired'],
      ['accepted', 'running'],
    ]);
    expect(limits(car)).toEqual(both(80, 70));
  });

  test('the second whose time was over by then is not part of the call', async () => {
    const car = aRemoteCar(clock);
    car.setReady(false);
    await car.command('charge_limit_ac', { value: 60, id: 'ac' });
    await car.command('charge_limit_dc', { value: 70, id: 'dc', expires_in: 3 });
    car.store.mode = 'hangs';
    car.setReady(true);
    await wait(4000);
    car.store.goOn();
    await settle();
    expect([car.story('ac'), car.story('dc')]).toEqual([
      ['accepted', 'running'],
      ['accepted', 'expired'],
    ]);
    expect(limits(car)).toEqual(both(60, 90));
  });

  test('none joins a call that is being noted as left: it would not be noted with it', async () => {
    const car = aRemoteCar(clock);
    car.setReady(false);
    await car.command('charge_limit_ac', { value: 60, id: 'ac' });
    await wait(1500);
    await car.command('charge_limit_dc', { value: 70, id: 'early' });
    expect(car.admissions.cancel('early')).toBe('ended');
    car.store.mode = 'hangs';
    car.setReady(true);
    await settle();
    const sending = car.command('charge_limit_dc', { value: 50, id: 'dc' });
    await settle();
    car.store.goOn();
    await sending;
    expect(limits(car)).toEqual(both(60, 90));
    expect(car.book.open.get('dc')?.record.started).toBe(false);
    expect(car.story('dc')).toEqual(['accepted']);
  });

  test('may be sent no longer than the one with less time', async () => {
    const car = aRemoteCar(clock);
    await car.command('charge_limit_ac', { value: 60, id: 'ac' });
    await car.command('charge_limit_dc', { value: 70, id: 'dc', expires_in: 20 });
    expect(car.under()[0]?.task.send_within_ms).toBe(20_000);
  });

  test('both wait for the next try, and both end at their time with its code', async () => {
    const car = aRemoteCar(clock);
    await car.command('charge_limit_ac', { value: 60, id: 'ac', expires_in: 5 });
    await car.command('charge_limit_dc', { value: 70, id: 'dc', expires_in: 15 });
    await car.end(aFailure('duplicate_request'));
    expect(car.waiting.of('car')).toBe(2);
    await wait(5000);
    expect(car.story('ac').at(-1)).toBe('failed duplicate_request');
    await wait(1500);
    expect(limits(car)).toEqual(both(80, 70));
    await car.end(aFailure('duplicate_request'));
    await wait(8500);
    expect(car.story('dc').at(-1)).toBe('failed duplicate_request');
    expect(car.waiting.total).toBe(0);
  });
});

function json(payload: unknown, id: string): Record<string, unknown> {
  return { ...(typeof payload === 'object' ? payload : { value: payload }), id };
}
