import { commandEvent } from './command-entities.js';
import { aside, flag, measured, off, sensor, setting, time, type Entity } from './entity.js';

/** What the entities of the bridge, or of one of its accounts, are decided by. */
export interface BridgePart {
  readonly availabilityTopic: string;
  readonly resultTopic: string;
  /** What may be asked of the bridge; absent: everything. */
  readonly allow: readonly string[] | undefined;
}

type Row = Entity<BridgePart>;

const whole = { precision: 0 } as const;

/** What may not be asked is not offered. */
const asks = (name: string) =>
  ({
    command: { name },
    when: ({ allow }: BridgePart) => allow?.includes(name) ?? true,
  }) as const;

const logLevels = ['error', 'warn', 'info', 'debug', 'trace'];

/** The one entity that tells that the bridge is away; without an availability of its own it can. */
export const connectionKey = 'connected';

/** What Home Assistant shows of the bridge. */
export const bridgeEntities: readonly Row[] = [
  {
    ...{ key: connectionKey, ...flag, name: 'Connection', device_class: 'connectivity', ...aside },
    options: ({ availabilityTopic }) => ({
      state_topic: availabilityTopic,
      payload_on: 'online',
      payload_off: 'offline',
    }),
  },
  {
    ...{ key: 'queue', ...sensor, name: 'Command queue', ...measured, ...whole, ...aside },
    ...{ icon: 'mdi:tray-full', path: 'queue.depth' },
  },
  {
    ...{ key: 'queue_oldest', ...sensor, name: 'Oldest waiting command', ...measured, ...whole },
    ...{ device_class: 'duration', unit: 'ms', ...aside, ...off, path: 'queue.oldest_ms' },
  },
  {
    ...{ key: 'event_loop', ...sensor, name: 'Event loop delay', ...measured, precision: 1 },
    ...{ device_class: 'duration', unit: 'ms', ...aside, ...off, path: 'event_loop.p99_ms' },
  },
  {
    ...{ key: 'next_poll', ...sensor, name: 'Next poll', ...time, ...aside, ...off },
    path: 'polling.next_poll_at',
  },
  {
    ...{ key: 'started', ...sensor, name: 'Started', ...time, ...aside, ...off },
    path: 'started_at',
  },
  {
    ...{ key: 'last_error', ...sensor, name: 'Last error', icon: 'mdi:alert-circle-outline' },
    ...aside,
    // Before the first error there is none: that is known.
    options: {
      value_template: "{{ value_json.last_error.code if value_json.last_error else 'none' }}",
    },
  },
  {
    ...{ key: 'version', ...sensor, name: 'Version', icon: 'mdi:package-variant-closed' },
    ...{ ...aside, path: 'version' },
  },
  {
    ...{ key: 'polling', platform: 'switch', name: 'Polling', icon: 'mdi:sync', ...setting },
    path: 'polling.enabled',
    ...asks('polling'),
    options: { payload_on: 'on', payload_off: 'off' },
  },
  {
    ...{ key: 'poll_interval', platform: 'number', name: 'Poll interval', ...setting },
    device_class: 'duration',
    path: 'polling.interval_min',
    ...asks('poll_interval'),
    options: { min: 5, max: 1440, step: 5, mode: 'box', unit_of_measurement: 'min' },
  },
  {
    ...{ key: 'log_level', platform: 'select', name: 'Log level', icon: 'mdi:text-box-outline' },
    ...{ ...setting, ...off, path: 'log_level' },
    ...asks('log_level'),
    options: { options: logLevels },
  },
  {
    ...{ key: 'reset_breaker', platform: 'button', name: 'Reset circuit breaker' },
    ...{ icon: 'mdi:restart-alert', ...setting, ...off },
    ...asks('reset_breaker'),
    options: { payload_press: 'all' },
  },
  {
    ...{ key: 'clear_queue', platform: 'button', name: 'Clear command queue' },
    ...{ icon: 'mdi:tray-remove', ...setting, ...off },
    ...asks('clear_queue'),
    options: { payload_press: 'PRESS' },
  },
  {
    ...{ ...commandEvent, key: 'bridge_command', name: 'Bridge command result', ...off },
    options: ({ resultTopic }) => ({ ...commandEvent.options, state_topic: resultTopic }),
  },
];

/** What Home Assistant shows of an account. */
export function accountEntities(account: string): readonly Row[] {
  const of = (part: string, rest: string) => `value_json.${part}['${account}'].${rest}`;
  const read = (key: string, part: string, rest: string) => ({
    key,
    options: { value_template: `{{ ${of(part, rest)} }}` },
  });
  const state = of('accounts', 'state');
  return [
    {
      ...{ key: 'api', ...flag, name: 'Cloud connection', device_class: 'connectivity', ...aside },
      options: { value_template: `{{ ${state} == 'ready' }}` },
    },
    {
      ...{ key: 'reauth', ...flag, name: 'Sign-in needed', device_class: 'problem', ...aside },
      options: { value_template: `{{ ${state} in ['otp_required', 'refused'] }}` },
    },
    {
      ...{ key: 'account_state', ...sensor, name: 'Account', device_class: 'enum', ...aside },
      options: {
        value_template: `{{ ${state} }}`,
        options: ['ready', 'signing_in', 'otp_required', 'refused', 'unreachable'],
      },
    },
    ...(['read', 'wake'] as const).flatMap((lane): Row[] => {
      const lanes = lane === 'read' ? 'reads' : 'wakes';
      return [
        {
          ...{ key: `breaker_${lane}`, ...sensor, name: `Circuit breaker (${lanes})` },
          ...{ device_class: 'enum', ...aside },
          options: {
            ...read('', 'breakers', `${lane}.state`).options,
            options: ['closed', 'half_open', 'open'],
          },
        },
        {
          ...{ ...sensor, name: `Circuit breaker retry (${lanes})`, ...time, ...aside, ...off },
          ...read(`breaker_${lane}_until`, 'breakers', `${lane}.retry_at`),
        },
      ];
    }),
    {
      ...{ ...sensor, name: 'Session expires', ...time, ...aside, ...off },
      ...read('session_expires', 'accounts', 'session_expires_at'),
    },
    {
      ...{ ...sensor, name: 'API calls left today', ...measured, ...whole, ...aside },
      ...{ icon: 'mdi:counter', ...read('calls_left', 'budget', 'left') },
    },
    {
      ...{ ...sensor, name: 'API calls today', state_class: 'total_increasing', ...whole },
      ...{ icon: 'mdi:counter', ...aside, ...off, ...read('calls_today', 'budget', 'used') },
    },
    {
      ...{ ...sensor, name: 'API calls a day', ...measured, ...whole },
      ...{ icon: 'mdi:counter', ...aside, ...off, ...read('calls_limit', 'budget', 'limit') },
    },
    {
      ...{ ...sensor, name: 'API calls reset', ...time, ...aside, ...off },
      ...read('calls_reset', 'budget', 'resets_at'),
    },
  ];
}
