import { chargingCurrents } from '../../vehicle/remote-action.js';
import { aside, flag, off, sensor, setting } from '../entity.js';
import { can, hasRange, numberOptions, percent, wordsOf, type Row } from './row.js';

/** What can be asked of a car with a plug. */
export const charging: readonly Row[] = [
  {
    ...{ key: 'charge', platform: 'switch', name: 'Charge', icon: 'mdi:ev-station' },
    when: can('charge', 'start', 'stop'),
    path: 'ev.charging',
    command: { name: 'charge', words: ['start', 'stop'] },
    options: { payload_on: 'start', payload_off: 'stop' },
  },
  ...(
    [
      ['ac', 'mdi:ev-plug-type2'],
      ['dc', 'mdi:ev-plug-ccs2'],
    ] as const
  ).flatMap(([kind, icon]): Row[] => {
    const name = `charge_limit_${kind}`;
    const path = `ev.limit_${kind}`;
    const title = `${kind.toUpperCase()} charge limit`;
    return [
      {
        ...{ key: `limit_${kind}`, platform: 'number', name: title, icon, ...setting },
        when: hasRange(name),
        path,
        command: { name },
        options: (car) => numberOptions(car, name, path, 'slider'),
      },
      {
        ...{ key: `limit_${kind}_now`, ...sensor, name: title, icon, ...percent, ...aside },
        when: (car) => car.tells(path) && car.range(name) === undefined,
        path,
      },
    ];
  }),
  {
    ...{ key: 'v2l_limit', platform: 'number', name: 'V2L limit', icon: 'mdi:fuel-cell' },
    ...{ ...setting, ...off, path: 'ev.v2l_limit' },
    when: hasRange('v2l_limit'),
    command: { name: 'v2l_limit' },
    options: (car) => numberOptions(car, 'v2l_limit', 'ev.v2l_limit', 'slider'),
  },
  {
    ...{ key: 'charge_current', platform: 'select', name: 'Charging current' },
    ...{ icon: 'mdi:current-ac', ...setting, path: 'ev.charge_current' },
    when: can('charging_current'),
    command: { name: 'charging_current' },
    options: (car) => ({
      options: wordsOf(car, 'charging_current', chargingCurrents),
      // The document has a number, and may have one that the car was not told by us.
      value_template: `{% set now = value_json.ev.charge_current %}{{ now | int if now in [${wordsOf(car, 'charging_current', chargingCurrents).join(', ')}] else None }}`,
    }),
  },
  {
    ...{ key: 'charge_port', platform: 'cover', name: 'Charge port', device_class: 'door' },
    when: can('charge_port', 'open', 'close'),
    path: 'ev.port_open',
    command: { name: 'charge_port', words: ['open', 'close'] },
    options: {
      ...{ payload_open: 'open', payload_close: 'close', payload_stop: null },
      ...{ state_open: 'True', state_closed: 'False' },
    },
  },
  {
    ...{ key: 'charge_port_open', ...flag, name: 'Charge port', device_class: 'door' },
    when: (car) => car.tells('ev.port_open') && !car.can('charge_port', 'open', 'close'),
    path: 'ev.port_open',
  },
  {
    ...{ key: 'scheduled_charging', platform: 'switch', name: 'Scheduled charging' },
    ...{ icon: 'mdi:calendar-clock', ...setting, ...off, path: 'ev.schedule.enabled' },
    when: (car) => car.takes('schedule', 'enabled'),
    command: { name: 'schedule' },
    options: { payload_on: '{"enabled": true}', payload_off: '{"enabled": false}' },
  },
];

/** The off-peak times, for a Home Assistant that knows the platform: an older one refuses the whole car. */
export const times: readonly Row[] = (['start', 'end'] as const).map((edge) => ({
  ...{ key: `offpeak_${edge}`, platform: 'time', name: `Off-peak ${edge}`, ...setting, ...off },
  when: (car) => car.hasPlug && car.takes('schedule', `offpeak_${edge}`),
  path: `ev.schedule.offpeak_${edge}`,
  command: { name: 'schedule' },
  options: { command_template: `{"offpeak_${edge}": "{{ value }}"}` },
}));
