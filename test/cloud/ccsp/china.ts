import { randomUUID } from 'node:crypto';
import type { SimulatedCar } from '../../../src/vehicle/simulated-car.js';
import { type Reply, html, json } from '../wire.js';
import type { CcspAccount } from './account.js';
import { position } from './details.js';
import { invalidParameters } from './errors.js';
import { legacyStatus } from './legacy-status.js';
import { detailReads, legacyReads } from './reads.js';
import { chineseCommands } from './region-commands.js';
import type { CcspRegion } from './region.js';
import {
  type Redirect,
  type Step,
  cookieOf,
  pageStep,
  passwordStep,
  registerStep,
} from './sign-in.js';

const timeZone = 'Asia/Shanghai';

const status = (car: SimulatedCar) =>
  legacyStatus(car, { timeZone, coldest_c: 14, hottest_c: 29.5, frontSeats: 'by_side' });
const latest = (car: SimulatedCar) => ({
  status: status(car),
  vehicleLocation: position(car, timeZone),
});

const callbackPath = '/join/ccsp/loginCallback.do';

/** The server of the user accounts, where codes are redeemed, beside that of the cars. */
const redirect: Redirect = (host, code) => {
  const brand = host.includes('kia') ? 'k' : 'h';
  return `https://uars-${brand}.hmgmobility.com.cn${callbackPath}?code=${code}`;
};

/** The page that a code goes to: the tokens are in its script. */
function tokenPage(account: CcspAccount): Reply {
  const bundle = {
    code: 0,
    status: true,
    id: 'UARS-COM-040',
    data: {
      uarsToken: randomUUID(),
      ccspToken: {
        accessToken: account.issueAccessToken(),
        refreshToken: account.issueRefreshToken(),
        tokenType: 'Bearer',
        expiresIn: account.tokenLifetime_s,
      },
      profile: { email: account.username },
    },
  };
  return {
    status: 200,
    headers: { 'content-type': 'text/html;charset=UTF-8' },
    body: `<html><script>var result = \`${JSON.stringify(bundle)}\`;</script></html>`,
  };
}

const callback: Step = {
  operation: () => 'sign_in_step',
  answer: ({ query }, account) =>
    account?.redeemCode(query.get('code') ?? '') === true
      ? tokenPage(account)
      : html(400, 'Invalid code'),
};

/** A new code for whom the cookie of an earlier sign-in still knows. */
const silentSignIn: Step = {
  operation: () => 'refresh',
  answer: (request, account) =>
    account?.acceptsRefresh(cookieOf(request, 'account')) === true
      ? json({ redirectUrl: redirect(request.host, account.issueCode()) })
      : invalidParameters,
};

export const china: CcspRegion = {
  name: 'china',
  hosts: {
    kia: ['prd.cn-ccapi.kia.com', 'uars-k.hmgmobility.com.cn'],
    hyundai: ['prd.cn-ccapi.hyundai.com', 'uars-h.hmgmobility.com.cn'],
  },
  tokenLifetime_s: 6 * 3600,
  needsStamp: false,
  listsProtocol: false,
  steps: (devices) => ({
    'GET /join/account/loginInit.do': pageStep(),
    'GET /api/v1/user/oauth2/authorize': pageStep(),
    'POST /api/v1/user/signin': passwordStep(redirect),
    [`GET ${callbackPath}`]: callback,
    'POST /api/v1/user/silentsignin': silentSignIn,
    'POST /api/v1/spa/notifications/register': registerStep(devices, ['providerDeviceId']),
  }),
  reads: {
    ...legacyReads(latest, status),
    ...detailReads(timeZone),
    'GET location': { operation: 'detail', resMsg: (car) => position(car, timeZone) },
  },
  commands: chineseCommands,
};
