import { vehicleCommandNames } from '../../src/vehicle/command.js';

/** Nothing that would make the daemon talk more, or that reads for hours: the rest is allowed, guarded values too. */
const allow = [
  ...vehicleCommandNames.filter((name) => name !== 'trips'),
  ...['lock:unlock', 'windows:open', 'valet_mode:stop', 'climate:start'],
  ...['reset_breaker', 'announce', 'otp', 'cancel', 'polling', 'poll_interval'],
];

/** What a fuzzed bridge is configured with, besides its broker and its three instant cars. */
export const fuzzedConfig = {
  commands: { allow, rate: '1000/1s' },
  // Cars are woken all the time.
  guards: { min_wake_gap: 'off' },
  log: { level: 'error', format: 'json' },
  confirm: { poll: '100ms', for: '100ms', read_back: ['100ms'] },
} as const;

export const fuzzedSimulator = {
  latency: '0s',
  force_latency: '0s',
  command_latency: '0s',
} as const;
