import { statuses } from '../vehicle/life-cycle.js';

/** Every step of every command; what is said again has a type of its own. */
export const commandEvent = {
  key: 'command',
  platform: 'event',
  name: 'Command result',
  icon: 'mdi:car-wireless',
  options: {
    event_types: [...statuses, 'replayed'],
    value_template:
      "{{ dict(value_json, event_type='replayed' if value_json.replayed is defined else value_json.status) | to_json }}",
  },
} as const;

/** The newest command and what became of it; its id, name and code are attributes. */
export const newestCommand = {
  key: 'command_state',
  platform: 'sensor',
  name: 'Last command',
  device_class: 'enum',
  category: 'diagnostic',
  path: 'command.state',
  options: {
    options: ['idle', ...statuses],
    json_attributes_template: '{{ value_json.command | to_json }}',
  },
} as const;
