import type { FailureCode } from '../vehicle/outcome.js';

/** The HTTP status of each failure (contract, section 8). */
const statusByCode = {
  invalid_payload: 400,
  not_allowed: 403,
  unknown_command: 404,
  unknown_vehicle: 404,
  unknown_id: 404,
  unsupported: 404,
  busy: 409,
  id_reused: 409,
  battery_guard: 409,
  too_late: 409,
  rate_limited: 429,
  queue_full: 429,
  retained: 503,
  not_ready: 503,
  not_stored: 503,
  breaker_open: 503,
  auth_failed: 503,
  otp_required: 503,
  consent_required: 503,
  pin_rejected: 503,
  duplicate_request: 503,
  vehicle_timeout: 503,
  vehicle_refused: 503,
  timeout: 503,
  unavailable: 503,
  interrupted: 503,
  internal: 503,
} as const satisfies Record<FailureCode, number>;

export type FailureStatus = (typeof statusByCode)[FailureCode];

/** An ending without a code (`expired`) is one of the rest. */
export function failureStatus(code: FailureCode | undefined): FailureStatus {
  return code === undefined ? 503 : statusByCode[code];
}
