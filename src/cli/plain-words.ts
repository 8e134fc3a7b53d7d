import type { AccountReport } from '../http/account-report.js';
import type { Failure, FailureCode } from '../vehicle/outcome.js';

const wordsByCode: Partial<Record<FailureCode, string>> = {
  auth_failed:
    'the maker refuses the user name or the password; put the right ones into the configuration',
  consent_required:
    "the maker wants its terms accepted: sign in once with the maker's own app or web page",
  otp_required: 'the maker wants a one-time code: `login` asks for it',
  rate_limited: "the maker's limit of requests is reached",
  unavailable: "the maker's cloud cannot be reached or is out of order",
  timeout: "the maker's cloud gave no answer in time",
};

/** A failure as a person can use it; the code and the maker's own words stay in it. */
export function inPlainWords({ code, message, retry_after_s }: Failure): string {
  const words = wordsByCode[code];
  const said = words === undefined ? `${code}: ${message}` : `${words} (${code}: ${message})`;
  if (retry_after_s === undefined) return said;
  return `${said}; try again in ${String(Math.ceil(retry_after_s))} s`;
}

/** Where an account stands, for a person who wanted it signed in. */
export function standing({ name, state, reason, vehicles }: AccountReport): string {
  const why = reason === null ? '' : `: ${inPlainWords(reason)}`;
  switch (state) {
    case 'ready':
      return `${name}: signed in, ${String(vehicles.length)} car(s)`;
    case 'signing_in':
      return `${name}: the sign-in goes on`;
    case 'otp_required':
      return `${name}: not signed in${why}`;
    case 'refused':
      return `${name}: refused${why}. Nothing more is tried until somebody acts`;
    case 'unreachable':
      return `${name}: not signed in${why}`;
  }
}
