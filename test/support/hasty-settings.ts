/** Settings of a bridge that is tried hard: what takes minutes takes seconds, and nothing is kept from its cars. */
export const hastySettings = {
  confirm: { poll: '100ms', for: '1s', read_back: ['100ms', '300ms'] },
  retry: { initial: '50ms', max: '500ms' },
  breaker: { failures: 12, reset: '1s', max_reset: '2s' },
  workers: { deadline: { cached: '3s', force: '3s', command: '3s', sign_in: '30s' } },
  guards: { aux_battery_min: 'off', aux_battery_hard_min: 'off', min_wake_gap: 'off' },
};
