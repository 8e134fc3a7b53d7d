import { expect, test } from 'vitest';
import { flatValues } from '../../src/mqtt/flat-values.js';

test('every value has its path, bare; what is unknown is empty', () => {
  const document = {
    id: 'ioniq5',
    stale: false,
    ev: { soc: 81.5, limit_ac: null, schedule: { departures: [{ time: '07:30' }] } },
  };
  expect(flatValues(document)).toEqual([
    ['id', 'ioniq5'],
    ['stale', 'false'],
    ['ev/soc', '81.5'],
    ['ev/limit_ac', ''],
    ['ev/schedule/departures', '[{"time":"07:30"}]'],
  ]);
});
