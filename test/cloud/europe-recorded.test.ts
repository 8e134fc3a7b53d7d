import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { hasOldLibrary, hasTestPython } from '../support/python.js';
import { success } from './ccsp/errors.js';
import { gspa } from './europe/replies.js';
import { type EuropeWorldOptions, carOf, known, signInToEurope } from './europe/world.js';
import { type Reply, compactTime } from './wire.js';

const recordingSchema = z.looseObject({
  _fixture_meta: z.object({ expected: z.record(z.string(), z.unknown()) }),
});

type Reading = readonly [
  EuropeWorldOptions,
  string,
  // The recorded state, in the envelope of its server and with the time of now.
  (recorded: Record<string, unknown>) => Reply,
];

const ccs2 = 'eu_kia_ev9_2024_ccs2.json';
const legacy = 'eu_kia_ev6_2023_with_soc.json';
const fileOf = (name: string): string =>
  fileURLToPath(new URL(`../../../shared/fixtures/${name}`, import.meta.url));
const now = (): string => compactTime(Date.now());
const vehicle = (recorded: object): object => ({ ...recorded, Date: now() });

const readings: Reading[] = [
  [{ region: 1, brand: 'kia' }, ccs2, (of) => success({ state: { Vehicle: vehicle(of) } })],
  [{ region: 9, brand: 'kia' }, ccs2, (of) => gspa.ok({ state: { Vehicle: vehicle(of) } })],
  [
    { region: 1, brand: 'kia', protocol: 'legacy' },
    legacy,
    ({ vehicleStatus, ...rest }) => {
      const status = { ...(vehicleStatus as object), time: now() };
      return success({ vehicleStatusInfo: { ...rest, vehicleStatus: status } });
    },
  ],
];

const isThere = existsSync(fileOf(ccs2)) && existsSync(fileOf(legacy));

describe.skipIf(!isThere || !hasTestPython || hasOldLibrary)('recorded replies of Europe', () => {
  test.each(readings)('%o reads %s', async (options, name, reply) => {
    const { _fixture_meta, ...recorded } = recordingSchema.parse(
      JSON.parse(readFileSync(fileOf(name), 'utf8')),
    );
    const world = await signInToEurope(options);
    world.cloud.fault({ operation: 'cached', effect: { is: 'reply', reply: reply(recorded) } });
    const { id } = carOf(world.account).identity;
    await world.library.result('update_vehicle_with_cached_state', id);
    expect(await known(world)).toMatchObject(_fixture_meta.expected);
  });
});
