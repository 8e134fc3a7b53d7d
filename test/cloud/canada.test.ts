import { describe, expect, test } from 'vitest';
import { SimulatedCar } from '../../src/vehicle/simulated-car.js';
import { hasTestPython, oldestTestPython, requireTestPython } from '../support/python.js';
import { waitUntil } from '../support/wait.js';
import { brandNumbers, carOf, known, owner, signInToCanada, startCanada } from './canada-world.js';
import { ask } from './through-proxy.js';
import { at, compactTime, textAt } from './wire.js';

const first = ['lstvhclsts', 'nxtsvc', 'vrfypin', 'fndmcr'];
const ofElectric = ['evc/selsoc', 'alerts/maintenance/evTripDetails'];

const hosts = { kia: 'kiaconnect.ca', hyundai: 'mybluelink.ca', genesis: 'genesisconnect.ca' };

describe.skipIf(!hasTestPython)('the cars of an account in Canada', () => {
  test.each([
    { brand: 'kia', python: 'newest' },
    { brand: 'kia', python: 'oldest' },
    { brand: 'hyundai', python: 'newest' },
    { brand: 'genesis', python: 'newest' },
  ] as const)(
    '$brand: the library of the $python Python signs in, lists, reads and wakes a car',
    async ({ brand, python }) => {
      const interpreter = python === 'newest' ? requireTestPython() : oldestTestPython;
      if (interpreter === undefined) return expect.unreachable('no oldest Python');
      const { cloud, account, library, asked } = await startCanada({ brand, python: interpreter });
      const car = carOf(account);
      const id = car.identity.id;
      await library.result('check_and_refresh_token');
      const usedHosts = new Set(cloud.requests.all.map(({ host }) => host));
      expect([...usedHosts]).toEqual([hosts[brand]]);
      expect(asked()).toEqual(['v2/login', 'vhcllst']);

      await library.result('update_vehicle_with_cached_state', id);
      expect(asked()).toEqual([...first, ...ofElectric]);
      const { state } = car.reported();
      expect(await known(library, car)).toMatchObject({
        name: car.identity.name,
        VIN: car.identity.vin,
        year: car.identity.year,
        engine_type: 'EV',
        is_locked: true,
        ev_battery_percentage: Math.floor(state.soc),
        ev_battery_is_charging: true,
        ev_charge_limits_ac: state.limit_ac,
        ev_charge_limits_dc: state.limit_dc,
        _odometer: Math.round(state.odometer_km),
        _odometer_unit: 'km',
        _total_driving_range: car.report().range_km,
        _location_latitude: state.position.latitude,
        _location_longitude: state.position.longitude,
      });
      await library.result('update_vehicle_with_cached_state', id);
      expect(asked()).toEqual(['lstvhclsts', 'nxtsvc', ...ofElectric]);

      car.change({ locked: false, soc: 77.7 });
      await library.result('force_refresh_vehicle_state', id);
      expect(asked()).toEqual(['rltmvhclsts', 'nxtsvc', ...ofElectric]);
      expect(await known(library, car)).toMatchObject({
        is_locked: false,
        ev_battery_percentage: 77,
      });
      expect(car.count('wake', 'wake')).toBe(1);
    },
  );

  test('a cached read shows the last report, and each report is later than the one before', async () => {
    const { account, library } = await signInToCanada();
    const car = carOf(account);
    const read = async (how: string) => {
      await library.result(how, car.identity.id);
      return textAt(await known(library, car), 'data', 'status', 'lastStatusDate');
    };
    const cached = await read('update_vehicle_with_cached_state');
    expect(cached).toBe(compactTime(car.reported().at));
    car.change({ soc: 12.3 });
    expect(await read('update_vehicle_with_cached_state')).toBe(cached);
    const woken = await read('force_refresh_vehicle_state');
    const wokenAgain = await read('force_refresh_vehicle_state');
    expect(Number(woken)).toBeGreaterThan(Number(cached));
    expect(Number(wokenAgain)).toBeGreaterThan(Number(woken));
    expect(await read('update_vehicle_with_cached_state')).toBe(wokenAgain);
    expect(at(await known(library, car), 'ev_battery_percentage')).toBe(12);
    expect(car.count('wake', 'wake')).toBe(2);
  });

  test("a report may carry the time of the car's own zone", async () => {
    const { account, library } = await signInToCanada();
    const car = carOf(account);
    account.reportZone = 'America/Vancouver';
    await library.result('force_refresh_vehicle_state', car.identity.id);
    const seen = await known(library, car);
    const written = compactTime(car.reported().at, 'America/Vancouver');
    expect(textAt(seen, 'data', 'status', 'lastStatusDate')).toBe(written);
    expect(at(seen, 'timezone')).toBe('Canada/Pacific');
  });

  test('the position is asked for again when the car has moved', async () => {
    const { account, library, asked } = await signInToCanada();
    const car = carOf(account);
    await library.result('update_vehicle_with_cached_state', car.identity.id);
    asked();
    const { odometer_km } = car.live();
    const position = { latitude: 45.5, longitude: -73.6, at: Date.now() };
    car.change({ odometer_km: odometer_km + 12, position });
    await library.result('force_refresh_vehicle_state', car.identity.id);
    expect(asked()).toEqual(['rltmvhclsts', 'nxtsvc', 'vrfypin', 'fndmcr', ...ofElectric]);
    expect(await known(library, car)).toMatchObject({
      _location_latitude: 45.5,
      _location_longitude: -73.6,
      _odometer: Math.round(odometer_km + 12),
    });
  });

  test('an EV, a plug-in hybrid, a hybrid and a car with a tank: each tells what it has', async () => {
    const { account, library, asked } = await signInToCanada({ cars: 4 });
    const kinds = [];
    for (const car of account.cars) {
      await library.result('update_vehicle_with_cached_state', car.identity.id);
      const electric = car.identity.drivetrain === 'ev';
      expect(asked()).toEqual(electric ? [...first, ...ofElectric] : first);
      const seen = await known(library, car);
      const { ev, fuel, service } = car.report();
      expect(seen).toMatchObject({
        VIN: car.identity.vin,
        _fuel_driving_range: fuel.range_km,
        fuel_level: fuel.level ?? 0,
      });
      if (ev.soc !== null) expect(at(seen, 'ev_battery_percentage')).toBe(ev.soc);
      const untilDue = Number(at(seen, '_next_service_distance')) - Number(at(seen, '_odometer'));
      expect(untilDue).toBe(service.due_km);
      kinds.push(at(seen, 'engine_type'));
    }
    expect(kinds).toEqual(['EV', 'PHEV', 'ICE', 'ICE']);
  });

  test.each([2019, 2024])('the set point of a car of %i is read as it was set', async (year) => {
    const now = { now: () => Date.now(), report_step_ms: 1000 };
    const snapshot = SimulatedCar.create({ index: 0, seed: 3, brand: 'kia' }, now).snapshot();
    const car = SimulatedCar.fromSnapshot(
      { ...snapshot, identity: { ...snapshot.identity, year } },
      now,
    );
    const { library } = await signInToCanada({ cars: [car] });
    car.execute({ name: 'climate', value: 'start', target_c: 22.5 });
    await library.result('update_vehicle_with_cached_state', car.identity.id);
    expect(await known(library, car)).toMatchObject({
      air_control_is_on: true,
      _air_temperature: 22.5,
      _air_temperature_unit: '°C',
    });
  });

  test('every request about a car names it, the one for its position too', async () => {
    const { cloud, account, library } = await signInToCanada({ cars: 2 });
    for (const car of account.cars) {
      cloud.requests.clear();
      await library.result('force_refresh_vehicle_state', car.identity.id);
      expect(cloud.requests.all.map(({ vehicle }) => vehicle)).toEqual(
        Array<string>(cloud.requests.all.length).fill(car.identity.vin),
      );
      expect(cloud.requests.all.map(({ path }) => path)).toContain('/tods/api/fndmcr');
      expect(car.count('wake', 'wake')).toBe(1);
    }
  });

  test('a slow car still wakes when its client has gone', async () => {
    const { cloud, account, library } = await signInToCanada();
    const car = carOf(account);
    const held = cloud.hold({ operation: 'force' });
    const gone = library.call('force_refresh_vehicle_state', car.identity.id);
    await cloud.requests.arrived('force');
    await library.stop();
    expect(await gone).toMatchObject({ error: 'SystemExit' });
    expect(car.count('wake', 'wake')).toBe(0);
    held.release();
    await waitUntil(
      () => car.count('wake', 'wake') === 1,
      10_000,
      () => 'the car to wake',
    );
  });

  test('a path that nobody knows and a car of somebody else are refused', async () => {
    const { cloud, library } = await signInToCanada();
    const token = at(await library.result('token'), 'access_token');
    const post = (path: string, vehicleid: string, method = 'POST') =>
      ask(cloud, `https://kiaconnect.ca/tods/api/${path}`, {
        method,
        headers: { accesstoken: String(token), vehicleid },
      });
    expect((await post('sltvhcl', '')).status).toBe(404);
    expect((await post('vhcllst', '', 'GET')).status).toBe(404);
    expect(cloud.requests.unknown).toHaveLength(2);
    expect((await post('lstvhclsts', 'another')).json).toMatchObject({
      responseHeader: { responseCode: 1 },
      error: { errorCode: '7445' },
    });
  });

  test('the same owner has an account of each brand', async () => {
    const { cloud, account, library } = await startCanada({ brand: 'kia' });
    const other = cloud.accounts.canada({ ...owner, brand: 'genesis', cars: 1 });
    await library.result('check_and_refresh_token');
    expect(Object.keys((await library.result('vehicles')) as object)).toEqual([
      carOf(account).identity.id,
    ]);
    await library.open({ ...owner, region: 2, brand: brandNumbers.genesis });
    await library.result('check_and_refresh_token');
    expect(Object.keys((await library.result('vehicles')) as object)).toEqual([
      carOf(other).identity.id,
    ]);
  });
});
