import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { Leftovers, type LeftoversOptions } from '../src/leftovers.js';
import { createTopics } from '../src/mqtt/topics.js';
import { WrittenTopics } from '../src/mqtt/written-topics.js';

const known = { topic_id: 'ioniq5', id: 'vendor-1' };
const ofCar = (name: string): string[] =>
  ['availability', 'info', 'state', 'trips/2026-10'].map((rest) => `bluelink/${name}/${rest}`);
const flat = ['bluelink/ioniq5/value/ev/soc', 'bluelink/ioniq5/value/state'];
const legacy = ['ioniq5', 'vendor-1'].map((id) => `bluelink/${id}/battery/level`);
const ofBridge = ['bluelink/bridge/availability', 'bluelink/bridge/state'];
const config = 'homeassistant/device/car/config';

interface Had extends Partial<Pick<LeftoversOptions, 'flatTopics' | 'legacyTopics'>> {
  readonly written: readonly string[];
  readonly cars?: readonly (typeof known)[];
  readonly hasListed?: boolean;
  readonly isAnnounced?: boolean;
}

function leftovers({ written, cars = [known], hasListed = true, isAnnounced = true, ...had }: Had) {
  const removed: string[] = [];
  const left = new Leftovers({
    topics: createTopics('bluelink'),
    written: new WrittenTopics({ add: () => Promise.resolve(), delete: () => undefined }, written),
    publisher: {
      remove: (topic) => {
        removed.push(topic);
      },
    },
    accounts: () => [
      { vehicles: { hasListed, names: cars } },
      { vehicles: { hasListed: true, names: [] } },
    ],
    flatTopics: false,
    legacyTopics: false,
    announced: () => () => isAnnounced,
    ...had,
  });
  return { left, removed };
}

function expectLeft(had: Had, expected: readonly string[]): void {
  const { left, removed } = leftovers(had);
  expect(left.clear()).toEqual(expected);
  expect(removed).toEqual(expected);
}

test('what is in use stays', () => {
  const written = [...ofBridge, ...ofCar('ioniq5'), ...flat, ...legacy, config];
  expectLeft({ written, flatTopics: true, legacyTopics: true }, []);
});

describe('cleared is what was left by', () => {
  test('a car that is disabled or gone', () => {
    const written = [...ofBridge, ...ofCar('ioniq5'), ...flat, ...legacy];
    const all = { cars: [], flatTopics: true, legacyTopics: true };
    expectLeft({ written, ...all }, written.slice(ofBridge.length));
  });

  test('an alias of before, the VIN and the id of its maker included', () => {
    const before = [...ofCar('old'), ...ofCar('kmhxx00xxxx000000'), ...ofCar('vendor-1')];
    expectLeft({ written: [...ofCar('ioniq5'), ...before] }, before);
    expectLeft({ written: [...ofCar('ioniq5'), ...before], legacyTopics: true }, before);
  });

  test('a setting that is off now', () => {
    const written = [...ofCar('ioniq5'), ...flat, ...legacy];
    expectLeft({ written, legacyTopics: true }, flat);
    expectLeft({ written, flatTopics: true }, legacy);
  });

  test('another base topic, and messages to Home Assistant that are no more', () => {
    const other = ['cars/ioniq5/state', 'bluelink2/ioniq5/state', config];
    expectLeft({ written: [...ofCar('ioniq5'), ...other], isAnnounced: false }, other);
  });
});

test('until every account has listed its cars, those of unknown cars stay', () => {
  const unknown = [...ofCar('other'), 'bluelink/other/value/ev/soc'];
  const written = [...unknown, ...flat];
  expectLeft({ written, hasListed: false }, flat);
  expectLeft({ written }, [...unknown, ...flat]);
});

test('what announces is cleared first, and the rest a while after the newest change', () => {
  vi.useFakeTimers();
  onTestFinished(() => {
    vi.useRealTimers();
  });
  const { left, removed } = leftovers({ written: ['cars/state', config], isAnnounced: false });
  expect(left.clearAnnouncements()).toEqual([config]);
  left.clearSoon();
  vi.advanceTimersByTime(4900);
  left.clearSoon();
  vi.advanceTimersByTime(4900);
  expect(removed).toEqual([config]);
  vi.advanceTimersByTime(200);
  expect(removed).toContain('cars/state');
});

test('it is done soon, once for what comes together, and not after the end', () => {
  vi.useFakeTimers();
  onTestFinished(() => {
    vi.useRealTimers();
  });
  const { left, removed } = leftovers({ written: ['cars/state'], isAnnounced: false });
  left.clearSoon();
  left.clearSoon();
  expect(removed).toEqual([]);
  vi.advanceTimersByTime(5000);
  expect(removed).toEqual(['cars/state']);
  left.clearSoon();
  left.stop();
  left.clearSoon();
  vi.advanceTimersByTime(5000);
  expect(removed).toHaveLength(1);
});
