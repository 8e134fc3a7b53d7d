import { aside, flag, measured, off, sensor, time } from '../entity.js';
import { celsius, km, minutes, percent, tells, type Row } from './row.js';

/** What a car with a drive battery and a plug tells of them. */
export const battery: readonly Row[] = [
  {
    // The only sensor of class `battery`: Home Assistant shows it as the battery of the device.
    ...{ key: 'soc', ...sensor, name: 'Battery', device_class: 'battery', ...measured, ...percent },
    path: 'ev.soc',
  },
  {
    ...{ key: 'ev_range', ...sensor, name: 'Electric range', ...km, ...measured },
    path: 'ev.range_km',
  },
  {
    ...{ key: 'charging', ...flag, name: 'Charging', device_class: 'battery_charging' },
    path: 'ev.charging',
  },
  { key: 'plugged', ...flag, name: 'Plug', device_class: 'plug', path: 'ev.plugged' },
  {
    ...{ key: 'charge_state', ...sensor, name: 'Charging state', device_class: 'enum' },
    path: 'ev.charge_state',
    options: {
      options: ['disconnected', 'connected', 'scheduled', 'charging', 'complete', 'error'],
    },
  },
  {
    ...{ key: 'charge_status', ...sensor, name: 'Charging status', device_class: 'enum' },
    ...{ ...aside, ...off, path: 'ev.status' },
    options: { options: ['A', 'B', 'C'] },
  },
  {
    ...{ key: 'charge_power', ...sensor, name: 'Charging power', device_class: 'power' },
    ...{ ...measured, unit: 'kW', precision: 1, path: 'ev.charge_power_kw' },
  },
  {
    ...{ key: 'charge_time', ...sensor, name: 'Charging time remaining', ...minutes, ...measured },
    path: 'ev.minutes_to_limit',
  },
  { key: 'charge_end', ...sensor, name: 'Charging end', ...time, path: 'ev.finish_at' },
  {
    ...{ key: 'energy_remaining', ...sensor, name: 'Battery energy', ...measured },
    ...{ device_class: 'energy_storage', unit: 'kWh', precision: 1, path: 'ev.energy_kwh' },
    when: tells('ev.energy_kwh'),
  },
  {
    ...{ key: 'consumption', ...sensor, name: 'Consumption 30 days', ...measured },
    ...{ device_class: 'energy_distance', unit: 'kWh/100km', precision: 1 },
    path: 'ev.consumption_kwh_100km',
    when: tells('ev.consumption_kwh_100km'),
  },
  {
    // Not of class `battery`: see `soc`.
    ...{ key: 'soh', ...sensor, name: 'Battery health', ...measured, ...percent },
    ...{ icon: 'mdi:battery-heart-variant', ...aside, ...off, path: 'ev.soh' },
  },
  {
    ...{ key: 'battery_capacity', ...sensor, name: 'Battery capacity', ...measured },
    ...{ device_class: 'energy_storage', unit: 'kWh', precision: 1, ...aside, ...off },
    path: 'ev.capacity_kwh',
    when: tells('ev.capacity_kwh'),
  },
  {
    // Of a rolling window, which is no total: no state class.
    ...{ key: 'energy_used_90d', ...sensor, name: 'Energy used 90 days' },
    ...{ device_class: 'energy', unit: 'kWh', precision: 1, ...aside, ...off },
    path: 'ev.used_90d_kwh',
  },
  {
    ...{ key: 'energy_regenerated_90d', ...sensor, name: 'Energy regenerated 90 days' },
    ...{ device_class: 'energy', unit: 'kWh', precision: 1, ...aside, ...off },
    path: 'ev.regenerated_90d_kwh',
  },
  ...(['fast', 'portable', 'station'] as const).map((charger): Row => ({
    ...{ key: `charge_time_${charger}`, ...sensor, name: `Time to charge (${charger})` },
    ...{ ...minutes, ...aside, ...off, path: `ev.minutes_${charger}` },
  })),
  {
    ...{ key: 'range_at_ac_limit', ...sensor, name: 'Range at AC limit', ...km },
    ...{ ...aside, ...off, path: 'ev.range_at_ac_limit_km' },
  },
  {
    ...{ key: 'range_at_dc_limit', ...sensor, name: 'Range at DC limit', ...km },
    ...{ ...aside, ...off, path: 'ev.range_at_dc_limit_km' },
  },
  {
    ...{ key: 'battery_temp_min', ...sensor, name: 'Battery temperature min' },
    ...{ ...celsius, ...measured, ...aside, ...off, path: 'ev.temp_min_c' },
    when: tells('ev.temp_min_c'),
  },
  {
    ...{ key: 'battery_temp_max', ...sensor, name: 'Battery temperature max' },
    ...{ ...celsius, ...measured, ...aside, ...off, path: 'ev.temp_max_c' },
    when: tells('ev.temp_max_c'),
  },
  {
    ...{ key: 'plug_type', ...sensor, name: 'Plug type', device_class: 'enum' },
    ...{ ...aside, ...off, path: 'ev.plug_type' },
    options: { options: ['none', 'ac', 'dc', 'portable', 'v2l'] },
  },
  {
    ...{ key: 'preconditioning', ...flag, name: 'Battery preconditioning' },
    ...{ device_class: 'running', ...aside, ...off, path: 'ev.preconditioning' },
    when: tells('ev.preconditioning'),
  },
];
