import { describe, expect, test, vi } from 'vitest';
import { aRemoteCar, aReport, reading, taken, type ARemoteCar } from './a-remote-car.js';
import { aCar } from './an-account.js';
import { settle, useFakeClock } from './fake-clock.js';
import { aFailure } from './outcomes.js';

const clock = useFakeClock();
const wait = (ms: number) => vi.advanceTimersByTimeAsync(ms);
const guards = {
  aux_battery_min: 65,
  aux_battery_hard_min: 50,
  min_wake_gap_ms: 600_000,
  min_force_gap_ms: null,
};
const budget = {
  limit: { daily: 200, counts: 'requests' },
  reserve_percent: 20,
} as const;
/** Done as soon as the maker has taken it. */
const done = taken(null);

function aCarInCare(): ARemoteCar {
  return aRemoteCar(clock, { guards, budget });
}

/** What is under way, and for whom. */
function underWay({ left }: ARemoteCar): string[] {
  return left.map(({ task }) => `${task.operation} ${task.command_id ?? 'bridge'}`);
}

/** The same without reads: one follows each remote command. */
function wakesUnderWay(car: ARemoteCar): string[] {
  return underWay(car).filter((one) => !one.startsWith('cached'));
}

/** A car that said an hour ago that its 12 V battery is well. */
const strong = (car: ARemoteCar): Promise<void> =>
  car.end(
    reading(
      clock,
      aReport(clock, (report) => {
        report.aux_battery.level = 80;
      }),
    ),
    'cached',
  );

describe('the turn of a wake', () => {
  test('comes last for a poll: after remote commands and what people ask, whoever came first', async () => {
    const car = aCarInCare();
    await car.command('horn', { id: 'horn' });
    const poll = car.quiet.poll('car', 'force');
    await car.send({ value: 'force', id: 'force' });
    await car.command('lights', { id: 'lights' });
    expect(wakesUnderWay(car)).toEqual(['command horn']);
    await car.end(done);
    expect(wakesUnderWay(car)).toEqual(['command lights']);
    await car.end(done);
    // A person's force and the poll are one wake.
    expect(wakesUnderWay(car)).toEqual(['force force']);
    await car.end(reading(clock, aReport(clock)), 'force');
    expect([(await poll).ok, wakesUnderWay(car)]).toEqual([true, []]);
  });

  test('is when a poll that waited is guarded', async () => {
    const car = aCarInCare();
    await car.command('horn', { id: 'horn' });
    const poll = car.quiet.poll('car', 'force');
    await car.end(done);
    expect(await poll).toMatchObject({
      failure: { code: 'rate_limited', sent: false, retry_after_s: 600 },
    });
    expect(wakesUnderWay(car)).toEqual([]);
  });

  test('is when smart that waited is guarded, and it says so', async () => {
    const car = aCarInCare();
    await car.send({ value: 'smart', id: 'smart' });
    await strong(car);
    // Nothing held it when it looked; then a person honked.
    await car.end(reading(clock, aReport(clock)), 'force');
    expect(car.events('smart').at(-1)).toMatchObject({ status: 'succeeded', decision: 'forced' });
    await wait(600_000);
    await car.send({ value: 'smart', max_age: 1, id: 'other' });
    await car.command('horn', { id: 'horn' });
    await strong(car);
    expect(car.events('other').at(-1)).toMatchObject({
      ...{ status: 'succeeded', decision: 'guard_gap' },
    });
    await car.end(done);
    expect(wakesUnderWay(car)).toEqual([]);
  });

  test('is when a force that waited is guarded: a charge that fell meanwhile', async () => {
    const car = aCarInCare();
    await car.command('horn', { id: 'horn' });
    await car.send({ value: 'force', id: 'force' });
    await car.send({ value: 'force', override: true, id: 'insists' });
    await car.send({ value: 'cached', id: 'cached' });
    await car.end(
      reading(
        clock,
        aReport(clock, (report) => {
          report.aux_battery.level = 40;
        }),
      ),
      'cached',
    );
    await car.end(done);
    expect(car.story('force').at(-1)).toBe('failed battery_guard');
    expect(wakesUnderWay(car)).toEqual(['force insists']);
  });
});

describe('a wake that is shared', () => {
  test("smart rides along with a person's force, although it might not wake the car itself", async () => {
    const car = aCarInCare();
    await car.command('horn', { id: 'horn' });
    await car.send({ value: 'force', id: 'force' });
    await car.send({ value: 'smart', max_age: 1, id: 'smart' });
    await strong(car);
    expect(car.events('smart').at(-1)?.status).toBe('running');
    await car.end(done);
    expect(wakesUnderWay(car)).toEqual(['force force']);
    await car.end(reading(clock, aReport(clock)), 'force');
    expect(car.events('smart').at(-1)).toMatchObject({
      ...{ status: 'succeeded', decision: 'joined', shared_with: 'force' },
    });
    expect([car.story('force').at(-1), wakesUnderWay(car)]).toEqual(['succeeded', []]);
  });

  test('smart that rode along with a force that was given up is guarded after all', async () => {
    const car = aCarInCare();
    await car.command('horn', { id: 'horn' });
    await car.send({ value: 'force', id: 'force' });
    await car.send({ value: 'smart', max_age: 1, id: 'smart' });
    await strong(car);
    expect(car.admissions.cancel('force')).toBe('ended');
    await car.end(done);
    expect(car.events('smart').at(-1)).toMatchObject({ decision: 'guard_gap' });
    expect(wakesUnderWay(car)).toEqual([]);
  });

  test('is not that of who passes the guards, and the other way round; smart rides along with any', async () => {
    const car = aCarInCare();
    await car.send({ value: 'force', override: true, id: 'insists' });
    await settle();
    await car.send({ value: 'force', id: 'force' });
    await car.send({ value: 'smart', max_age: 1, id: 'smart' });
    await strong(car);
    expect(wakesUnderWay(car)).toEqual(['force insists']);
    await car.end(reading(clock, aReport(clock)), 'force');
    expect(car.events('smart').at(-1)).toMatchObject({
      ...{ decision: 'joined', shared_with: 'insists' },
    });
    expect(wakesUnderWay(car)).toEqual(['force force']);
  });
});

describe("the maker's limit", () => {
  /** A wake lane in which everything waits behind a horn, and a read of another car that meets the limit. */
  async function limited(retry_after_s: number) {
    const car = aCarInCare();
    await car.send({ value: 'smart', max_age: 1, id: 'smart' });
    // It waits for a place of its own.
    car.setSlots(1);
    await car.send({ value: 'cached', id: 'other' }, { car: aCar('other') });
    await strong(car);
    await car.send({ value: 'force', override: true, id: 'force' });
    await car.command('horn', { id: 'horn' });
    const poll = car.quiet.poll('car', 'cached');
    expect(underWay(car)).toEqual(['cached other']);
    await car.left[0]?.end(aFailure('rate_limited', { retry_after_s }));
    return { car, poll };
  }

  test('ends what waits; smart is content with what it has read', async () => {
    const { car, poll } = await limited(90);
    for (const id of ['other', 'force', 'horn']) {
      expect(car.events(id).at(-1)).toMatchObject({
        ...{ status: 'failed', code: 'rate_limited', retryable: true, retry_after_s: 90 },
      });
    }
    expect(car.events('smart').at(-1)).toMatchObject({
      ...{ status: 'succeeded', decision: 'guard_budget' },
    });
    expect(await poll).toMatchObject({ failure: { code: 'rate_limited', sent: false } });
    expect(car.left).toEqual([]);
    expect(car.care.wakes.sinceWake_ms('car')).toBeUndefined();
  });

  test('is over when it is over', async () => {
    const { car } = await limited(90);
    await car.send({ value: 'cached', id: 'early' });
    expect(car.story('early')).toEqual(['rejected rate_limited']);
    await wait(90_000);
    await car.send({ value: 'cached', id: 'late' });
    expect(underWay(car)).toEqual(['cached late']);
  });

  test('while a command is confirmed: nothing more is asked, and its end is not known', async () => {
    const car = aCarInCare();
    await car.command('lock', { value: 'unlock', id: 'unlock' });
    await car.end(taken());
    await wait(5000);
    await car.end(aFailure('rate_limited', { retry_after_s: 3600 }), 'action_status');
    await car.command('horn', { id: 'horn' });
    await wait(3_000_000);
    expect(car.left).toEqual([]);
    expect(car.story('horn')).toEqual(['rejected rate_limited']);
    expect(car.story('unlock').at(-1)).toBe('failed vehicle_timeout unknown');
    await wait(600_000);
    await car.send({ value: 'force', id: 'force' });
    expect(wakesUnderWay(car)).toEqual(['force force']);
  });

  test('that ends while a command is confirmed lets its state be read', async () => {
    const car = aCarInCare();
    await car.command('lock', { value: 'unlock', id: 'unlock' });
    await car.end(taken());
    await wait(5000);
    await car.end(aFailure('rate_limited', { retry_after_s: 10 }), 'action_status');
    await wait(9000);
    expect(car.left).toEqual([]);
    await wait(31_000);
    expect(underWay(car).length).toBeGreaterThan(0);
  });
});
