import { describe, expect, test } from 'vitest';
import { stateDocumentSchema } from '../../src/vehicle/state.js';
import { faultsIn } from '../homeassistant/checker.js';
import { configsIn, textIn, type Json, type Published } from '../homeassistant/discovered.js';
import { bridgeDocuments, resultDocuments, stateDocuments } from '../homeassistant/documents.js';
import { templateFaultsIn, type Documents } from '../homeassistant/templates.js';
import {
  hyundaiAccount,
  kiaAccount,
  LibraryBridge,
  libraryAccount,
} from '../support/library-bridge.js';
import {
  addHyundai,
  addKia,
  hasLibraryWorld,
  startLibraryWorld,
} from '../support/library-world.js';
import type { Recorder } from '../support/recorder.js';

const patience_ms = 60_000;

/** The newest message of each topic, as it was published. */
function newestOn({ messages }: Recorder): Published[] {
  const newest = new Map(messages.map((message) => [message.topic, message]));
  return [...newest.values()].filter(({ payload }) => payload !== '');
}

/** Resolves when so many cars are announced. */
async function announced(recorder: Recorder, cars: number): Promise<Published[]> {
  const devices = () =>
    configsIn(newestOn(recorder), 'homeassistant').filter(({ root }) =>
      JSON.stringify(root).includes('"serial_number"'),
    );
  await recorder.waitFor(() => devices().length >= cars, patience_ms);
  return newestOn(recorder);
}

/** What may be on a topic, with what was published there. */
function documentsOn(published: readonly Published[], accounts: readonly string[]) {
  const bridge = bridgeDocuments(accounts);
  return (topic: string): Documents | undefined => {
    if (topic.endsWith('/result')) return resultDocuments;
    const found = published.find((message) => message.topic === topic)?.payload;
    if (found === undefined) return undefined;
    const document = JSON.parse(found) as Json;
    const known = topic.endsWith('/bridge/state') ? bridge : stateDocuments;
    if (known === stateDocuments) stateDocumentSchema.parse(document);
    return { ...known, others: { ...known.others, 'as published': document } };
  };
}

describe.skipIf(!hasLibraryWorld)('what the built daemon announces', () => {
  test('of cars of every kind in three regions keeps the rules, and its templates render', async () => {
    const world = await startLibraryWorld();
    const { cloud, recorder } = world;
    const owner = (name: string) => ({
      ...{ username: `${name}@example.com`, password: `open-sesame-${name}`, pin: 'k7.z' },
      ...{ cars: 4, seed: 31 },
    });
    const europe = cloud.accounts.europe({ ...owner('erika'), brand: 'kia', protocol: 'ccs2' });
    const canada = cloud.accounts.canada({ ...owner('carol'), brand: 'hyundai' });
    const accounts = [
      hyundaiAccount(addHyundai(world, 4)),
      kiaAccount(addKia(world, 4)),
      libraryAccount(europe, { name: 'europe', region: 'europe', brand: 'kia' }),
      libraryAccount(canada, { name: 'canada', region: 'canada', brand: 'hyundai' }),
    ];
    const allow = ['lock:unlock', 'climate:start', 'windows:open', 'lock', 'climate', 'charge'];
    await LibraryBridge.start({
      ...{ ...world, accounts },
      config: {
        refresh: { on_start: 'cached' },
        commands: {
          allow: [...allow, 'refresh', 'windows', 'schedule', 'charge_limit_ac', 'polling'],
        },
      },
    });
    const published = await announced(recorder, 16);
    const names = accounts.map(({ name }) => name);
    expect(faultsIn(published)).toEqual([]);
    expect(await templateFaultsIn(published, documentsOn(published, names))).toEqual([]);
    const platforms = configsIn(published, 'homeassistant').flatMap(({ entities }) =>
      entities.map(({ config }) => textIn(config['default_entity_id']).split('.')[0]),
    );
    for (const platform of ['lock', 'climate', 'cover', 'switch', 'number', 'device_tracker'])
      expect(platforms).toContain(platform);
  }, 180_000);
});
