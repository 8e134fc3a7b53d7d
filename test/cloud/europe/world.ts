import { expect } from 'vitest';
import type { SimulatedCar } from '../../../src/vehicle/simulated-car.js';
import { requireTestPython } from '../../support/python.js';
import { onTeardown } from '../../support/teardown.js';
import type { CarProtocol } from '../ccsp/account.js';
import { type Cloud, startCloud } from '../cloud.js';
import { LibraryClient } from '../library-client.js';
import type { LoggedRequest } from '../request-log.js';
import { type Answer, ask } from '../through-proxy.js';
import { at } from '../wire.js';
import type { EuropeAccount, EuropeBrand } from './account.js';

export const owner = { username: 'driver@example.com', password: 'sesame', pin: '1234' };

/** The library's numbers. */
const brandNumbers = { kia: 1, hyundai: 2, genesis: 3 } as const;

export interface EuropeWorldOptions {
  /** The library's number: 1 for the old vehicle servers, 9 for the new ones. */
  readonly region: 1 | 9;
  readonly brand: EuropeBrand;
  readonly protocol?: CarProtocol;
  readonly cars?: number;
  readonly strict?: boolean;
  readonly python?: string;
}

/** An account in Europe and a client with the real library. */
export interface EuropeWorld {
  readonly cloud: Cloud;
  readonly clock: { ahead_ms: number };
  readonly account: EuropeAccount;
  readonly library: LibraryClient;
  /** Opens the library anew as after a restart, with a token or none. */
  readonly reopen: (token?: unknown) => Promise<void>;
  /** The operations of the requests since the last look. */
  readonly asked: () => readonly string[];
}

export async function startEurope(options: EuropeWorldOptions): Promise<EuropeWorld> {
  const { region, brand, cars = 1, python = requireTestPython(), protocol, strict } = options;
  const clock = { ahead_ms: 0 };
  const cloud = await startCloud({ clock: () => Date.now() + clock.ahead_ms });
  onTeardown(() => cloud.stop());
  const account = cloud.accounts.europe({
    ...owner,
    brand,
    cars,
    ...(protocol !== undefined && { protocol }),
    ...(strict !== undefined && { strict }),
  });
  const library = new LibraryClient(cloud, python);
  onTeardown(() => library.stop());
  const reopen = (token?: unknown) =>
    library.open({ ...owner, region, brand: brandNumbers[brand], token });
  const asked = () => {
    const operations = cloud.requests.all.map(({ operation }) => operation);
    cloud.requests.clear();
    return operations;
  };
  await reopen();
  return { cloud, clock, account, library, reopen, asked };
}

/** The same after a sign-in. */
export async function signInToEurope(options: EuropeWorldOptions): Promise<EuropeWorld> {
  const world = await startEurope(options);
  await world.library.result('check_and_refresh_token');
  world.cloud.requests.clear();
  return world;
}

export function carOf(account: EuropeAccount, index = 0): SimulatedCar {
  return account.cars[index] ?? expect.unreachable('no such car');
}

/** What the library knows of a car, in its own words. */
export async function known({ library, account }: EuropeWorld, index = 0): Promise<unknown> {
  return at(await library.result('vehicles'), carOf(account, index).identity.id);
}

/** When the car's report was, as the library understands it (epoch ms). */
export async function knownReport(world: EuropeWorld): Promise<number> {
  return Date.parse(String(at(await known(world), '_last_updated_at')));
}

/** When it was in truth, as exactly as the makers tell. */
export function trueReport({ account }: EuropeWorld): number {
  return Math.floor(carOf(account).reported().at / 1000) * 1000;
}

/** What the second request says anew of itself. */
const ofTransport = new Set(['host', 'content-length']);

/** Sends a request of the library again, with other headers; undefined leaves one out. */
export function again(
  { cloud }: EuropeWorld,
  { method, host, path, query, headers, body }: LoggedRequest,
  changes: Readonly<Record<string, string | undefined>> = {},
): Promise<Answer> {
  const changed = Object.entries({ ...headers, ...changes }).filter(
    (entry): entry is [string, string] => entry[1] !== undefined && !ofTransport.has(entry[0]),
  );
  const search = query.size === 0 ? '' : `?${query.toString()}`;
  return ask(cloud, `https://${host}${path}${search}`, {
    method,
    headers: Object.fromEntries(changed),
    ...(body !== '' && { body }),
  });
}
