import type { Weather } from '../end-to-end/simulated-cars.js';
import type { Chance } from './crash-random.js';

export const fair = 'fair weather';

/** One of the ways in which the cloud of the simulated cars can be, by its name. */
export function someWeather(chance: Chance): readonly [kind: string, weather: Weather] {
  const kinds: Readonly<Record<string, NonNullable<Weather['vehicles']>[string]>> = {
    [fair]: {},
    'thread hangs': { [chance.oneOf('cached', 'force', 'command')]: { hang: true } },
    'answer lost': { command: { taken: true, fail: { code: 'timeout' } } },
    'car refuses': { command: { car: 'refuses' } },
    'car is silent': { command: { car: 'silent' } },
    'slow to send': { command: { starts_after_ms: chance.whole(300, 1500) } },
    'slow car': { command: { car_latency_ms: chance.whole(200, 1500) } },
    unavailable: { command: { fail: { code: 'unavailable' } } },
    duplicate: { command: { fail: { code: 'duplicate_request', times: 2 } } },
    "the maker's limit": {
      [chance.oneOf('cached', 'force', 'command')]: {
        fail: { code: 'rate_limited', retry_after_s: 1, times: 1 },
      },
    },
    'read fails': { cached: { fail: { code: 'unavailable', times: 2 } } },
  };
  const [first = fair, ...others] = Object.keys(kinds);
  const kind = chance.oneOf(first, ...others);
  return [kind, { vehicles: { '*': kinds[kind] ?? {} } }];
}
