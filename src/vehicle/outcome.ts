import { z } from 'zod';

/**
 * Every code a command can end with (contract, section 4), and whether trying again makes sense.
 * The list is closed and codes are never reused.
 */
const retryableByCode = {
  invalid_payload: false,
  unknown_command: false,
  unknown_vehicle: false,
  unknown_id: false,
  id_reused: false,
  too_late: false,
  unsupported: false,
  not_allowed: false,
  retained: false,
  queue_full: true,
  busy: true,
  not_ready: true,
  not_stored: true,
  breaker_open: true,
  battery_guard: true,
  rate_limited: true,
  auth_failed: false,
  otp_required: false,
  consent_required: false,
  pin_rejected: false,
  duplicate_request: true,
  vehicle_timeout: true,
  vehicle_refused: false,
  timeout: true,
  unavailable: true,
  interrupted: true,
  internal: false,
} as const;

export type FailureCode = keyof typeof retryableByCode;

export const failureCodes = Object.keys(retryableByCode) as [FailureCode, ...FailureCode[]];

/**
 * What went wrong, as data: the only form in which a failure crosses a thread or a process.
 * `outcome: 'unknown'` and `sent` are told of what may have reached the car or the vendor.
 */
export const failureSchema = z.object({
  code: z.enum(failureCodes),
  message: z.string(),
  retryable: z.boolean(),
  outcome: z.literal('unknown').optional(),
  sent: z.boolean().optional(),
  retry_after_s: z.number().nonnegative().optional(),
});

export type Failure = z.infer<typeof failureSchema>;

export function failure(
  code: FailureCode,
  message: string,
  more: Partial<Pick<Failure, 'outcome' | 'sent' | 'retry_after_s'>> = {},
): Failure {
  return { code, message, retryable: retryableByCode[code], ...more };
}

/** The answers that several places give, in one wording. */
export const wellKnown = {
  retained: failure('retained', 'a retained command is never run; it has been cleared'),
  notOwner: failure('not_ready', 'another instance has taken this account over', { sent: false }),
  notStored: failure('not_stored', 'the command could not be stored, so it will not run'),
} as const;
