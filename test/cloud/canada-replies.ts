import { type CommandRefusal, type Reply, html, json } from './wire.js';

/** What Canada's codes mean. It says nothing beside the code that asks for a one-time code. */
const descriptions = {
  '6504': 'We are unable to reach your vehicle at this time',
  '7110': undefined,
  '7310': 'PIN incorrect',
  '7402': 'Your account has been locked',
  '7403': 'Your session has expired',
  '7404': 'Wrong username or password',
  '7445': 'Your request could not be processed',
  '7549': 'The verification code is not valid',
  '7602': 'The access token has been deleted',
  '7606': 'The access token belongs to another address',
  '7710': 'The device id is not valid',
} as const;

export type CanadaCode = keyof typeof descriptions;

export function canadaOk(result: unknown, headers: Record<string, string> = {}): Reply {
  const responseHeader = { responseCode: 0, responseDesc: 'Success' };
  return json({ responseHeader, result }, 200, headers);
}

/** A refusal; the HTTP status is 200 all the same. `text` in place of the usual words. */
export function canadaError(errorCode: CanadaCode, text?: string, status = 200): Reply {
  const errorDesc = text ?? descriptions[errorCode];
  const responseHeader = { responseCode: 1, responseDesc: 'Failure' };
  return json({ responseHeader, error: { errorCode, errorDesc } }, status);
}

/** No code is known for a limit that is used up. */
export function limitReached(status: number): Reply {
  return canadaError('7445', 'You have exceeded the daily limit of remote requests', status);
}

/** Only the code for a car that cannot be reached is known from the wild. */
const refusals: Readonly<Record<CommandRefusal, [CanadaCode, string?]>> = {
  duplicate: ['7445', 'A previous request is still being processed'],
  unsupported: ['7445', 'This service is not supported by your vehicle'],
  vehicle_timeout: ['6504'],
  unavailable: ['7445', 'The service is not available at this time'],
};

/** The words for a command that is not taken. */
export function refused(reason: CommandRefusal): Reply {
  return canadaError(...refusals[reason]);
}

const page = html(403, 'Attention Required! | Cloudflare');

/** The page of the guard before the real servers; a fault's `reply`. */
export const cloudflareBlock: Reply = {
  ...page,
  headers: { ...page.headers, server: 'cloudflare', 'cf-ray': '8f1d2c3b4a596877-YYZ' },
};
