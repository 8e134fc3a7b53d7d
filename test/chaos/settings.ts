import { hastySettings } from '../support/hasty-settings.js';

/** Everything is allowed. */
export const settings = {
  ...hastySettings,
  commands: {
    allow: [
      ...['refresh', 'lock', 'lock:unlock', 'climate', 'climate:start', 'charge', 'charge_limits'],
      ...['charge_limit_ac', 'charge_limit_dc', 'horn', 'lights', 'windows', 'windows:open'],
      'cancel',
    ],
    rate: '1000/1s',
  },
  refresh: { max_age: '7d' },
  polling: { enabled: false },
  http: { enabled: false },
  log: { level: 'info', format: 'json' },
};
