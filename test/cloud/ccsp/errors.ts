import { randomUUID } from 'node:crypto';
import { type Reply, json } from '../wire.js';

/** The codes of a refusal (`retCode` F), with the platform's words and, where it is known, the HTTP status. */
const refusals = {
  '4002': { status: 400, words: 'Invalid request body - Invalid deviceId.' },
  '4004': { status: 400, words: 'Duplicate request - Duplicate request' },
  '4005': { status: 400, words: 'Unsupported control request - Unsupported control request' },
  '4081': { status: 408, words: 'Request timeout. - Request timeout.' },
  '5031': {
    status: 503,
    words: 'Unavailable remote control - Service Temporary Unavailable',
  },
  '5091': {
    status: 509,
    words: 'Exceeds number of requests - Exceeds Number of Requests.',
  },
  '5921': { status: 400, words: 'No Data Found v2 - No Data Found v2' },
  '7501': { status: 401, words: 'Key not authorized - Token is expired' },
  '9999': { status: 500, words: 'Undefined Error - Response timeout' },
} as const;

export type RefusalCode = keyof typeof refusals;

/** A refusal in the platform's envelope. */
export function refusal(resCode: RefusalCode, status: number = refusals[resCode].status): Reply {
  const resMsg = refusals[resCode].words;
  return json({ retCode: 'F', resCode, resMsg, msgId: randomUUID() }, status);
}

/** A success in the platform's envelope; without `resMsg` a mere acknowledgement. */
export function success(resMsg?: unknown, msgId: string = randomUUID()): Reply {
  return json({
    retCode: 'S',
    resCode: '0000',
    ...(resMsg !== undefined && { resMsg }),
    msgId,
  });
}

/** An error of the sign-in server, whose envelope is another one. */
export function signInError(errCode: string, errMsg: string, status = 400): Reply {
  return json({ errId: randomUUID(), errCode, errMsg }, status);
}

export const wrongCredentials = signInError('4003', 'Invalid values');
export const invalidParameters = signInError('4002', 'Invalid parameters');

/** The three ways in which the platform says that a session is over. */
export type SessionWords = 'expired' | '7501' | '4010';

export function sessionOver(words: SessionWords): Reply {
  switch (words) {
    case 'expired':
      return json({ error: 'Key not authorized: Token is expired' }, 401);
    case '7501':
      return refusal('7501');
    case '4010':
      return signInError('4010', 'Require authentication', 401);
  }
}
