import { seatLevels } from '../../vehicle/state.js';
import { aside, flag, off, setting } from '../entity.js';
import type { Car } from '../subject.js';
import { can, corners, hasRange, numberOptions, press, wordsOf, type Row } from './row.js';

const canClimate = can('climate', 'start', 'stop');

/** The climate as it is, and the set-points of its next start. */
export const climate: readonly Row[] = [
  {
    key: 'climate',
    platform: 'climate',
    name: 'Climate',
    when: canClimate,
    options: climateOptions,
  },
  {
    key: 'climate_on',
    ...flag,
    name: 'Climate',
    when: (car) => !canClimate(car),
    device_class: 'running',
    path: 'climate.mode',
    options: {
      value_template: "{{ {'off': 'False', 'auto': 'True'}.get(value_json.climate.mode) }}",
    },
  },
  {
    key: 'climate_stop',
    name: 'Stop climate',
    icon: 'mdi:fan-off',
    ...press('climate', 'stop'),
    when: (car) => !canClimate(car) && car.can('climate', 'stop'),
  },
  {
    ...{ key: 'defrost', ...flag, name: 'Front defrost', device_class: 'running', ...aside },
    path: 'climate.defrost',
  },
  {
    ...{ key: 'rear_defrost', ...flag, name: 'Rear window heater', ...aside, ...off },
    ...{ device_class: 'running', path: 'climate.rear_window_heat' },
  },
  {
    ...{ key: 'steering_heat', ...flag, name: 'Steering wheel heater', ...aside, ...off },
    ...{ device_class: 'running', path: 'climate.steering_wheel_heat' },
  },
  {
    ...{ key: 'climate_duration', platform: 'number', name: 'Climate duration' },
    ...{ device_class: 'duration', ...setting, ...off },
    when: hasRange('climate_duration'),
    path: 'climate.duration_min',
    command: { name: 'climate_duration' },
    options: (car) => numberOptions(car, 'climate_duration', 'climate.duration_min', 'box'),
  },
  {
    ...{ key: 'start_defrost', platform: 'switch', name: 'Defrost on start' },
    ...{ icon: 'mdi:car-defrost-front', ...setting, ...off },
    when: can('climate_defrost', 'on', 'off'),
    path: 'climate.start_defrost',
    command: { name: 'climate_defrost', words: ['on', 'off'] },
    options: { payload_on: 'on', payload_off: 'off' },
  },
  ...corners.map(([short, corner, words]): Row => ({
    ...{ key: `seat_${short}`, platform: 'select', name: `Seat ${words}` },
    ...{ icon: 'mdi:car-seat-heater', ...setting, ...off },
    when: can(`climate_seat_${corner}`),
    path: `climate.seats.${corner}`,
    command: { name: `climate_seat_${corner}` },
    options: (car) => ({ options: wordsOf(car, `climate_seat_${corner}`, seatLevels) }),
  })),
];

function climateOptions(car: Car) {
  const topic = car.commandTopic('climate');
  return {
    modes: ['off', 'auto'],
    mode_command_topic: topic,
    mode_state_topic: car.stateTopic,
    mode_state_template: '{{ value_json.climate.mode }}',
    power_command_topic: topic,
    payload_on: 'on',
    payload_off: 'off',
    message_expiry_interval: { seconds: car.patience_s('climate', ['start', 'stop']) },
    ...temperatureOptions(car),
  };
}

/** In the car's own unit: 72 °F would not come back from 22.2 °C. */
function temperatureOptions(car: Car) {
  const range = car.range('climate_temperature');
  if (range === undefined) return {};
  const { min, max, step, unit } = range;
  const isFahrenheit = unit?.endsWith('F') === true;
  return {
    temperature_command_topic: car.commandTopic('climate_temperature'),
    temperature_state_topic: car.stateTopic,
    temperature_state_template: '{{ value_json.climate.target }}',
    temperature_unit: isFahrenheit ? 'F' : 'C',
    precision: isFahrenheit ? 1 : 0.5,
    ...{ min_temp: min, max_temp: max, temp_step: step },
  };
}
