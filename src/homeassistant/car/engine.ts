import { aside, flag, measured, sensor } from '../entity.js';
import { km, percent, tells, type Row } from './row.js';

/** What a car with an engine has besides. */
export const engine: readonly Row[] = [
  {
    // No class of Home Assistant fits a tank in percent.
    ...{ key: 'fuel_level', ...sensor, name: 'Fuel level', ...measured, ...percent },
    ...{ icon: 'mdi:gas-station', path: 'fuel.level' },
  },
  {
    ...{ key: 'fuel_range', ...sensor, name: 'Fuel range', ...km, ...measured },
    path: 'fuel.range_km',
  },
  {
    ...{ key: 'fuel_low', ...flag, name: 'Fuel low', device_class: 'problem', ...aside },
    path: 'fuel.low',
  },
  { key: 'engine', ...flag, name: 'Engine', device_class: 'running', path: 'engine_running' },
  {
    ...{ key: 'oil_warning', ...flag, name: 'Oil level', device_class: 'problem', ...aside },
    path: 'warnings.oil_level',
    when: tells('warnings.oil_level'),
  },
];
