import { aside, flag, measured, off, sensor } from '../entity.js';
import { can, corners, press, tells, type Row } from './row.js';

/** Both ways of it, so that the control shows what the car may be asked. */
const canLockAndUnlock = can('lock', 'lock', 'unlock');

/** Doors, windows, tyres and what else a car consists of. */
export const body: readonly Row[] = [
  {
    key: 'doors_lock',
    platform: 'lock',
    name: 'Doors',
    when: canLockAndUnlock,
    path: 'lock.state',
    command: { name: 'lock', words: ['lock', 'unlock'] },
    options: {
      payload_lock: 'lock',
      payload_unlock: 'unlock',
      state_locked: 'locked',
      state_unlocked: 'unlocked',
      state_locking: 'locking',
      state_unlocking: 'unlocking',
    },
  },
  {
    key: 'doors_unlocked',
    ...flag,
    name: 'Doors',
    when: (car) => !canLockAndUnlock(car),
    device_class: 'lock',
    path: 'lock.state',
    // Home Assistant's class: on is unlocked.
    options: {
      value_template:
        "{{ {'locked': 'False', 'unlocked': 'True', 'locking': 'True', 'unlocking': 'False'}.get(value_json.lock.state) }}",
    },
  },
  {
    key: 'lock',
    name: 'Lock',
    icon: 'mdi:car-door-lock',
    ...press('lock', 'lock'),
    when: (car) => !canLockAndUnlock(car) && car.can('lock', 'lock'),
  },
  ...corners.map(([short, corner, words]): Row => ({
    ...{ key: `door_${short}`, ...flag, name: `Door ${words}`, device_class: 'door' },
    path: `doors.${corner}`,
  })),
  { key: 'trunk', ...flag, name: 'Trunk', device_class: 'opening', path: 'doors.trunk' },
  { key: 'hood', ...flag, name: 'Hood', device_class: 'opening', path: 'doors.hood' },
  ...corners.map(([short, corner, words]): Row => ({
    ...{ key: `window_${short}`, ...flag, name: `Window ${words}`, device_class: 'window' },
    path: `windows.${corner}`,
    when: tells(`windows.${corner}`),
  })),
  {
    ...{ key: 'sunroof', ...flag, name: 'Sunroof', device_class: 'window' },
    path: 'windows.sunroof',
    when: tells('windows.sunroof'),
  },
  {
    ...{ key: 'windows', platform: 'cover', name: 'Windows', device_class: 'window', ...off },
    when: can('windows', 'open', 'close'),
    path: 'windows.all',
    command: { name: 'windows', words: ['open', 'close'] },
    options: {
      ...{ payload_open: 'open', payload_close: 'close', payload_stop: null },
      ...{ state_open: 'open', state_closed: 'closed' },
    },
  },
  {
    ...{ key: 'windows_close', name: 'Close windows', icon: 'mdi:car-door', ...off },
    ...press('windows', 'close'),
    when: (car) => car.can('windows', 'close') && !car.can('windows', 'open', 'close'),
  },
  {
    ...{ key: 'windows_vent', name: 'Vent windows', icon: 'mdi:car-door', ...off },
    ...press('windows', 'vent'),
  },
  ...corners.map(([short, corner, words]): Row => ({
    ...{ key: `tyre_${short}`, ...sensor, name: `Tyre pressure ${words}` },
    ...{ ...measured, device_class: 'pressure', unit: 'kPa', precision: 0 },
    path: `tyres.${corner}_kpa`,
    // A car that tells one tells all of them, some later.
    when: (car) => corners.some(([, one]) => car.tells(`tyres.${one}_kpa`)),
  })),
  {
    ...{ key: 'tyre_warning', ...flag, name: 'Tyre pressure warning', ...aside },
    device_class: 'problem',
    path: 'tyres.warning',
  },
  {
    ...{ key: 'washer_warning', ...flag, name: 'Washer fluid', device_class: 'problem', ...aside },
    path: 'warnings.washer_fluid',
  },
  {
    ...{ key: 'brake_warning', ...flag, name: 'Brake fluid', device_class: 'problem', ...aside },
    path: 'warnings.brake_fluid',
  },
  {
    ...{ key: 'key_battery', ...flag, name: 'Key battery', device_class: 'battery', ...aside },
    path: 'warnings.key_battery',
  },
  {
    ...{ key: 'lamp_fault', ...flag, name: 'Exterior lamp', device_class: 'problem' },
    ...{ ...aside, ...off, path: 'warnings.lamp' },
  },
  {
    ...{ key: 'lights', name: 'Flash lights', icon: 'mdi:car-light-alert', ...off },
    ...press('lights', 'PRESS'),
  },
  {
    ...{ key: 'horn', name: 'Horn and lights', icon: 'mdi:bullhorn', ...off },
    ...press('horn', 'PRESS'),
  },
];
