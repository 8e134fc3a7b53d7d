import { commandEvent, newestCommand } from '../command-entities.js';
import { aside, flag, measured, off, sensor, time } from '../entity.js';
import { celsius, km, percent, press, tells, type Row } from './row.js';

/** An engine's starter battery is the battery of its car; beside a drive battery it must not be taken for that. */
const auxBattery = { ...sensor, ...measured, ...percent, path: 'aux_battery.level' };

/** A tracker without a position has no attributes: a null would be a warning at each message. */
const position =
  "{% set at = value_json.location %}{{ ({} if at.latitude is none or at.longitude is none else {'latitude': at.latitude, 'longitude': at.longitude, 'gps_accuracy': at.accuracy_m if at.accuracy_m is not none else 0}) | to_json }}";

/** What Home Assistant shows of the whole of every car. */
export const general: readonly Row[] = [
  {
    key: 'location',
    platform: 'device_tracker',
    name: 'Location',
    options: (car) => ({
      source_type: 'gps',
      json_attributes_topic: car.stateTopic,
      json_attributes_template: position,
    }),
  },
  {
    // A single wrong 0 would add the whole odometer to the statistics of a total that only increases.
    ...{ key: 'odometer', ...sensor, name: 'Odometer', ...km, state_class: 'total' },
    path: 'odometer_km',
  },
  { key: 'range', ...sensor, name: 'Range', ...km, ...measured, path: 'range_km' },
  {
    ...{ key: 'outside_temperature', ...sensor, name: 'Outside temperature' },
    ...{ ...celsius, ...measured },
    path: 'outside_temperature_c',
    when: tells('outside_temperature_c'),
  },
  {
    ...auxBattery,
    key: 'aux_battery',
    name: '12 V battery',
    device_class: 'battery',
    when: (car) => !car.hasPlug,
  },
  {
    ...auxBattery,
    key: 'aux_battery',
    name: '12 V battery',
    ...aside,
    icon: 'mdi:car-battery',
    when: (car) => car.hasPlug,
  },
  {
    ...{ key: 'aux_battery_fault', ...flag, name: '12 V battery fault', device_class: 'problem' },
    ...{ ...aside, ...off, path: 'aux_battery.fault' },
  },
  {
    ...{ key: 'last_update', ...sensor, name: 'Last vehicle report', ...time, ...aside },
    path: 'reported_at',
  },
  {
    ...{ key: 'last_poll', ...sensor, name: 'Last cloud poll', ...time, ...aside, ...off },
    path: 'polled_at',
  },
  {
    ...{ key: 'location_time', ...sensor, name: 'Location time', ...time, ...aside, ...off },
    path: 'location.at',
  },
  {
    ...{ key: 'service_due', ...sensor, name: 'Distance to service', ...km, ...aside },
    path: 'service.due_km',
    when: tells('service.due_km'),
  },
  {
    ...{ key: 'service_last', ...sensor, name: 'Last service', ...km, ...aside, ...off },
    path: 'service.last_km',
    when: tells('service.last_km'),
  },
  {
    ...{ key: 'ignition', ...flag, name: 'Ignition', device_class: 'power', ...aside, ...off },
    path: 'ignition_on',
  },
  {
    ...{ key: 'dtc_count', ...sensor, name: 'Fault codes', ...measured, precision: 0 },
    ...{ ...aside, ...off, icon: 'mdi:engine-outline', path: 'dtc.count' },
    when: tells('dtc.count'),
  },
  {
    ...{ key: 'drive_mode', ...sensor, name: 'Drive mode', icon: 'mdi:car-cog' },
    ...{ ...aside, ...off, path: 'drive_mode' },
    when: tells('drive_mode'),
  },
  {
    ...{ key: 'drivetrain', ...sensor, name: 'Drivetrain', device_class: 'enum' },
    ...{ ...aside, ...off, path: 'drivetrain' },
    options: { options: ['ev', 'phev', 'hev', 'ice'] },
  },
  {
    ...{ key: 'source', ...sensor, name: 'Source of values', device_class: 'enum' },
    ...{ ...aside, ...off, path: 'source' },
    options: { options: ['cached', 'force'] },
  },
  {
    ...{ key: 'stale', ...flag, name: 'Values out of date', device_class: 'problem' },
    ...{ ...aside, ...off, path: 'stale' },
  },
  {
    ...{ key: 'refresh', name: 'Refresh from cloud', icon: 'mdi:cloud-refresh', ...aside },
    ...press('refresh', 'cached'),
  },
  {
    ...{ key: 'wake', name: 'Wake and refresh', icon: 'mdi:car-connected', ...aside },
    ...press('refresh', 'force'),
  },
  {
    ...commandEvent,
    options: (car) => ({ ...commandEvent.options, state_topic: car.resultTopic }),
  },
  {
    ...newestCommand,
    options: (car) => ({ ...newestCommand.options, json_attributes_topic: car.stateTopic }),
  },
];
