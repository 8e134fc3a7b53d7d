import { describe, expect, test } from 'vitest';
import { parseRemote, type RemoteName } from '../../src/vehicle/parse-remote.js';
import { valueOfRemote } from '../../src/vehicle/remote-value.js';

const now = Date.UTC(2026, 10, 22, 12);

function parse(name: RemoteName, payload: unknown) {
  const text = typeof payload === 'string' ? payload : JSON.stringify(payload);
  return parseRemote(name, new TextEncoder().encode(text), now);
}

function commandOf(name: RemoteName, payload: unknown) {
  const parsed = parse(name, payload);
  if (!parsed.ok) throw new Error(parsed.failure.message);
  return parsed.command;
}

function refusalOf(name: RemoteName, payload: unknown): string {
  const parsed = parse(name, payload);
  if (parsed.ok) throw new Error('it was taken');
  expect(parsed.failure).toMatchObject({ code: 'invalid_payload', retryable: false });
  return parsed.failure.message;
}

const start = { value: 'start', awaits_temperature: false };
const all = (word: string) => ({
  windows: { front_left: word, front_right: word, rear_left: word, rear_right: word },
});
const home = { name: 'Home', latitude: 50.1, longitude: 8.6, address: 'Main Street 1' };

describe('what is meant', () => {
  test.each<[RemoteName, unknown, object, unknown]>([
    ['lock', 'LOCK', { value: 'lock' }, 'lock'],
    ['lock', ' unlock\n', { value: 'unlock' }, 'unlock'],
    ['lock', { value: 'Unlock' }, { value: 'unlock' }, 'unlock'],
    ['climate', 'start', start, 'start'],
    ['climate', 'ON', start, 'start'],
    ['climate', 'true', start, 'start'],
    ['climate', '1', start, 'start'],
    ['climate', { value: true }, start, 'start'],
    ['climate', 'auto', { value: 'start', awaits_temperature: true }, 'start'],
    [
      'climate',
      { value: 'auto', temperature: 21 },
      { ...start, temperature: 21 },
      { value: 'start', temperature: 21 },
    ],
    ['climate', 'off', { value: 'stop' }, 'stop'],
    ['climate', '0.0', { value: 'stop' }, 'stop'],
    [
      'climate',
      {
        value: 'start',
        temperature: 21.37,
        duration: 10,
        defrost: false,
        heating: 'Rear_Window',
        steering_wheel: 'low',
        seats: { front_left: 'heat_low' },
      },
      {
        ...start,
        temperature: 21.37,
        duration: 10,
        defrost: false,
        heating: 'rear_window',
        steering_wheel: 'low',
        seats: { front_left: 'heat_low' },
      },
      expect.objectContaining({ value: 'start', temperature: 21.37 }),
    ],
    ['climate_temperature', '21.5', { temperature: 21.5 }, 21.5],
    ['climate_temperature', { value: 70 }, { temperature: 70 }, 70],
    ['climate_duration', '30', { minutes: 30 }, 30],
    ['climate_defrost', 'on', { on: true }, 'on'],
    ['climate_defrost', { value: 0 }, { on: false }, 'off'],
    ['climate_seat_front_left', 'HEAT_HIGH', { level: 'heat_high' }, 'heat_high'],
    ['climate_seat_rear_right', 'off', { level: 'off' }, 'off'],
    ['charge', 'start', { value: 'start' }, 'start'],
    ['charge', 'False', { value: 'stop' }, 'stop'],
    ['charge_limit_ac', '80.0', { percent: 80 }, 80],
    ['charge_limit_dc', { value: 100 }, { percent: 100 }, 100],
    ['charge_limits', { ac: 80, dc: 90 }, { ac: 80, dc: 90 }, { ac: 80, dc: 90 }],
    ['charging_current', '60', { percent: 60 }, 60],
    ['charge_port', 'open', { value: 'open' }, 'open'],
    ['windows', 'vent', all('vent'), 'vent'],
    [
      'windows',
      { front_left: 'vent' },
      { windows: { front_left: 'vent' } },
      { front_left: 'vent' },
    ],
    [
      'windows',
      { front_left: 'open', front_right: 'OPEN', rear_left: 'open', rear_right: 'open' },
      all('open'),
      'open',
    ],
    ['lights', 'PRESS', {}, 'PRESS'],
    ['horn', {}, {}, 'PRESS'],
    ['valet_mode', 'stop', { value: 'stop' }, 'stop'],
    ['v2l_limit', 20, { percent: 20 }, 20],
    ['schedule', { enabled: false }, { enabled: false }, { enabled: false }],
    [
      'schedule',
      {
        offpeak_start: '22:00:59',
        departures: [{}, { days: ['Tue', 'mon', 'tue'], time: '07:30' }],
        climate: { temperature: 21 },
      },
      {
        offpeak_start: '22:00',
        departures: [{}, { days: ['mon', 'tue'], time: '07:30' }],
        climate: { temperature: 21 },
      },
      expect.objectContaining({ offpeak_start: '22:00' }),
    ],
    ['navigation', { pois: [home] }, { pois: [home] }, { pois: [home] }],
    ['trips', { month: '2026-10' }, { month: '2026-10' }, '2026-10'],
    ['trips', '2026-11', { month: '2026-11' }, '2026-11'],
    ['trips', { day: '2026-11-22' }, { day: '2026-11-22' }, '2026-11-22'],
    // It is the 23rd in Auckland.
    ['trips', { day: '2026-11-23' }, { day: '2026-11-23' }, '2026-11-23'],
    [
      'trips',
      { from: '1977-01', to: '2026-11' },
      { from: '1977-01', to: '2026-11' },
      { from: '1977-01', to: '2026-11' },
    ],
  ])('%s %j', (name, payload, meant, shown) => {
    const command = commandOf(name, payload);
    expect(command).toEqual({ name, ...meant });
    expect(valueOfRemote(command)).toEqual(shown);
  });

  test('what a sender may say besides is told apart from the command', () => {
    const common = { id: 'mine', expires_in: 30, dry_run: true, override: false };
    const issued_at = '2026-11-22T13:00:00+01:00';
    expect(parse('charge_limits', { ac: 80, dc: 90, issued_at, ...common })).toEqual({
      ok: true,
      request: { id: 'mine', expires_in_s: 30, issued_at: now, dry_run: true, override: false },
      command: { name: 'charge_limits', ac: 80, dc: 90 },
    });
  });
});

describe('what is refused, and by which name', () => {
  test.each<[RemoteName, unknown, string]>([
    ['lock', 'on', 'value: expected lock or unlock, got "on"'],
    ['lock', { value: true }, 'value: expected lock or unlock, got true'],
    ['lock', {}, 'value: expected lock or unlock, got nothing'],
    ['lock', { value: 'lock', override: true }, 'override: expected only with refresh, got true'],
    ['lock', { value: 'lock', door: 'left' }, 'door: expected no such field, got "left"'],
    [
      'climate',
      { value: 'stop', temperature: 21 },
      'temperature: expected only with "start", got 21',
    ],
    ['climate', { temperature: 21 }, 'value: expected start, stop, on, auto or off, got nothing'],
    ['climate', { value: 'start', duration: 31 }, 'duration: expected 1 to 30 min, whole, got 31'],
    ['climate', { value: 'start', temperature: '21' }, 'temperature: expected number, got "21"'],
    ['climate', { value: 'start', defrost: 'on' }, 'defrost: expected true or false, got "on"'],
    [
      'climate',
      { value: 'start', seats: { middle: 'off' } },
      'seats.middle: expected no such field, got "off"',
    ],
    ['climate_temperature', 'warm', 'value: expected number, got "warm"'],
    ['climate_duration', '10.5', 'value: expected 1 to 30 min, whole, got "10.5"'],
    ['climate_defrost', '2', 'value: expected on or off, got "2"'],
    ['climate_seat_rear_left', 'heat', 'value: expected off, heat_low, heat_medium'],
    ['charge', 'auto', 'value: expected start, stop, on or off, got "auto"'],
    ['charge_limit_ac', '85', 'value: expected 50 to 100 % in steps of 10, got "85"'],
    ['charge_limit_dc', '40', 'value: expected 50 to 100 % in steps of 10, got "40"'],
    ['charge_limits', { ac: 80 }, 'dc: expected 50 to 100 % in steps of 10, got nothing'],
    ['charge_limits', { ac: '80', dc: 80 }, 'ac: expected 50 to 100 % in steps of 10, got "80"'],
    ['charging_current', '80', 'value: expected 100, 90 or 60, got "80"'],
    ['charge_port', 'toggle', 'value: expected open or close, got "toggle"'],
    ['windows', {}, 'value: expected either one word (close, open, vent) for all'],
    ['windows', { value: 'open', rear_left: 'open' }, 'value: expected either one word'],
    ['windows', { sunroof: 'open' }, 'sunroof: expected no such field, got "open"'],
    ['horn', 'on', 'value: expected press, got "on"'],
    ['valet_mode', '1', 'value: expected start or stop, got "1"'],
    ['v2l_limit', '90', 'value: expected 20 to 80 % in steps of 10, got "90"'],
    ['schedule', {}, 'payload: expected at least one value of the schedule, got {}'],
    ['schedule', { departures: [{}], climate: {} }, 'payload: expected at least one value'],
    ['schedule', { departures: [{}, {}, {}] }, 'departures: expected at most 2 departures'],
    ['schedule', { offpeak_end: '24:00' }, 'offpeak_end: expected HH:MM or HH:MM:SS, got "24:00"'],
    [
      'schedule',
      { departures: [{ days: ['monday'] }] },
      'departures.0.days.0: expected sun, mon, tue, wed, thu, fri or sat, got "monday"',
    ],
    ['navigation', { pois: [] }, 'pois: expected at least one place, got []'],
    [
      'navigation',
      { pois: [{ ...home, latitude: 90.5 }] },
      'pois.0.latitude: expected degrees from -90 to 90, got 90.5',
    ],
    ['trips', {}, 'payload: expected either month, or day, or from and to, got {}'],
    ['trips', { from: '2026-01' }, 'payload: expected either month, or day, or from and to'],
    ['trips', { month: '2026-10', to: '2026-11' }, 'payload: expected either month'],
    ['trips', { month: '2026-12' }, 'month: expected 1970-01 to 2026-11, got "2026-12"'],
    ['trips', { day: '2026-11-24' }, 'day: expected 1970-01-01 to 2026-11-23, got "2026-11-24"'],
    ['trips', { day: '2025-02-29' }, 'day: expected yyyy-mm-dd, got "2025-02-29"'],
    [
      'trips',
      { from: '2026-05', to: '2026-04' },
      'to: expected a month from 2026-05 on, got "2026-04"',
    ],
    [
      'trips',
      { from: '1976-11', to: '2026-11' },
      'to: expected at most 600 months after from, got "2026-11"',
    ],
  ])('%s %j', (name, payload, message) => {
    expect(refusalOf(name, payload)).toContain(message);
  });

  test('both kinds of fields are looked at, and the sender hears its id', () => {
    const payload = { id: 'mine', value: 'shut', expires_in: 'soon' };
    expect(parse('lock', payload)).toMatchObject({ ok: false, id: 'mine' });
    expect(refusalOf('lock', payload)).toMatch(/^expires_in: .*; value: expected lock or unlock/);
  });

  test('a list that is wrong throughout gets a short answer', () => {
    const message = refusalOf('navigation', { pois: Array.from({ length: 900 }, () => 1) });
    expect(message).toContain('pois.0: expected object');
    expect(message).toMatch(/and 890 more$/);
    expect(message.length).toBeLessThan(1500);
  });
});
