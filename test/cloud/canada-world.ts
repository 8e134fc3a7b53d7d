import { expect } from 'vitest';
import type { SimulatedCar } from '../../src/vehicle/simulated-car.js';
import { requireTestPython } from '../support/python.js';
import { onTeardown } from '../support/teardown.js';
import type { CanadaAccount, CanadaBrand } from './canada-account.js';
import type { Cars } from './cars.js';
import { type Cloud, startCloud } from './cloud.js';
import { LibraryClient } from './library-client.js';
import { at } from './wire.js';

export const owner = { username: 'driver@example.com', password: 'sesame', pin: '1234' };

/** The library's numbers. */
export const brandNumbers = { kia: 1, hyundai: 2, genesis: 3 } as const;

/** An account in Canada and a client with the real library that has not signed in yet. */
export interface CanadaWorld {
  readonly cloud: Cloud;
  readonly clock: { ahead_ms: number };
  readonly account: CanadaAccount;
  readonly library: LibraryClient;
  /** Opens the library anew as after a restart, with a token or none. */
  readonly reopen: (token?: unknown) => Promise<void>;
  /** The paths of the requests since the last look. */
  readonly asked: () => readonly string[];
}

export interface CanadaWorldOptions {
  readonly brand?: CanadaBrand;
  readonly cars?: Cars;
  readonly python?: string;
}

export async function startCanada(options: CanadaWorldOptions = {}): Promise<CanadaWorld> {
  const { brand = 'kia', cars = 1, python = requireTestPython() } = options;
  const clock = { ahead_ms: 0 };
  const cloud = await startCloud({ clock: () => Date.now() + clock.ahead_ms });
  onTeardown(() => cloud.stop());
  const account = cloud.accounts.canada({ ...owner, brand, cars });
  const library = new LibraryClient(cloud, python);
  onTeardown(() => library.stop());
  const reopen = (token?: unknown) =>
    library.open({ ...owner, region: 2, brand: brandNumbers[brand], token });
  const asked = () => {
    const paths = cloud.requests.all.map(({ path }) => path.replace('/tods/api/', ''));
    cloud.requests.clear();
    return paths;
  };
  await reopen();
  return { cloud, clock, account, library, reopen, asked };
}

/** The same after a sign-in. */
export async function signInToCanada(options: CanadaWorldOptions = {}): Promise<CanadaWorld> {
  const world = await startCanada(options);
  await world.library.result('check_and_refresh_token');
  world.cloud.requests.clear();
  return world;
}

export function carOf(account: CanadaAccount, index = 0): SimulatedCar {
  return account.cars[index] ?? expect.unreachable('no such car');
}

/** What the library knows of a car, in its own words. */
export async function known(library: LibraryClient, car: SimulatedCar): Promise<unknown> {
  return at(await library.result('vehicles'), car.identity.id);
}
