// Preloaded into the daemon under measure: polls far more often than a configuration may ask for.
import { Polling } from '../dist/schedule/polling.js';

const every_ms = Number(process.env.BENCH_POLL_EVERY_MS);
const { get } = Object.getOwnPropertyDescriptor(Polling.prototype, 'settings');

Object.defineProperty(Polling.prototype, 'settings', {
  get() {
    return { ...get.call(this), every_ms, while_charging_ms: every_ms };
  },
});
