import {
  type CloudOperation,
  type CloudRequest,
  type Maker,
  type Reply,
  type Route,
  at,
  belongsTo,
  html,
  json,
  textAt,
} from '../wire.js';
import type { EuropeAccount } from './account.js';
import { brandOf, europeBrands } from './brands.js';
import { fingerprintFault } from './fingerprint.js';
import { cciVehicle } from './payload.js';
import { bearerOf, cci } from './replies.js';

type Service = 'token' | 'token-exchange' | 'token-refresh' | 'pin' | 'devices' | 'vehicles';

/** The routes of the present apps, which sign. */
const signedServices: Readonly<Record<string, Service>> = {
  '/auth/v1/token': 'token',
  '/auth/v1/token-exchange': 'token-exchange',
  '/auth/v2/token-refresh': 'token-refresh',
  '/auth/v1/pin': 'pin',
};

/** The routes of older apps: where signatures are demanded, these are closed. */
const unsignedServices: Readonly<Record<string, Service>> = {
  '/domain/api/v1/auth/token': 'token',
  '/domain/api/v1/auth/token-exchange': 'token-exchange',
  '/domain/api/v2/auth/token-refresh': 'token-refresh',
  '/domain/api/v1/auth/pin': 'pin',
};

const openServices: Readonly<Record<string, Service>> = {
  '/domain/api/v3/notifications/bases/devices': 'devices',
  '/domain/api/v1/vehicle/available-vehicles': 'vehicles',
};

const gateWords = { 9035: 'missing', 9036: 'invalid', 9037: 'expired' } as const;

/** The token servers of Europe, which also list the cars for the new vehicle servers. */
export class EuropeTokens implements Maker {
  readonly hosts = europeBrands.map((brand) => `cci-api-eu.${brand}.com`);
  readonly #accounts: readonly EuropeAccount[];

  constructor(accounts: readonly EuropeAccount[]) {
    this.#accounts = accounts;
  }

  stop(): void {
    // Nothing of it goes on by itself.
  }

  route(request: CloudRequest): Route {
    const { path } = request;
    const service = signedServices[path] ?? unsignedServices[path] ?? openServices[path];
    const account = this.#accountOf(service, request);
    return {
      operation: operationOf(service, request, account),
      ...belongsTo(account),
      answer: () => gateFault(request, account) ?? answer(service, request, account),
      sessionRevoked: () =>
        service === 'token-refresh' ? cci.refreshTokenExpired() : cci.unauthorized(),
      rateLimited: (status) => cci.rateLimited(status === 200 ? undefined : status),
    };
  }

  #accountOf(service: Service | undefined, request: CloudRequest): EuropeAccount | undefined {
    const key = {
      token: () => request.query.get('code') ?? '',
      'token-refresh': () => textAt(request.body, 'refreshToken'),
    };
    const given =
      service === 'token' || service === 'token-refresh' ? key[service]() : bearerOf(request);
    const brand = brandOf(request.host);
    return this.#accounts.find((one) => one.brand === brand && one.sessions.hasIssued(given));
  }
}

function operationOf(
  service: Service | undefined,
  request: CloudRequest,
  account: EuropeAccount | undefined,
): CloudOperation | 'unknown' {
  switch (service) {
    case 'token':
      return 'sign_in_step';
    case 'devices':
      return 'register';
    case 'token-exchange':
      return account?.sessions.originOf(bearerOf(request)) ?? 'sign_in_step';
    case 'token-refresh':
      return 'refresh';
    case 'pin':
      return 'pin';
    case 'vehicles':
      return 'list';
    case undefined:
      return 'unknown';
  }
}

/** The refusal of a request that is not signed as it should be. */
function gateFault(request: CloudRequest, account: EuropeAccount | undefined): Reply | undefined {
  const { path, host } = request;
  if (account?.strict !== true) return undefined;
  if (unsignedServices[path] !== undefined) return refused(9035);
  if (signedServices[path] === undefined) return undefined;
  const fault = fingerprintFault(request, brandOf(host), account.now());
  return fault === undefined ? undefined : refused(fault);
}

const refused = (code: keyof typeof gateWords): Reply =>
  cci.error(403, code, `Fingerprint ${gateWords[code]}`);

function answer(
  service: Service | undefined,
  request: CloudRequest,
  account: EuropeAccount | undefined,
): Reply {
  if (service === undefined) return cci.error(404, 4040, 'Not found');
  if (account === undefined) return cci.unauthorized();
  if (service === 'vehicles' || service === 'devices' || service === 'pin') {
    return answerSignedIn(service, request, account);
  }
  if (account.tokenServerDown) return html(503, 'Service Unavailable');
  return answerWithTokens(service, request, account);
}

function answerWithTokens(
  service: 'token' | 'token-exchange' | 'token-refresh',
  request: CloudRequest,
  { sessions }: EuropeAccount,
): Reply {
  switch (service) {
    case 'token': {
      const family = sessions.redeem(request.query.get('code') ?? '');
      return family === undefined ? cci.error(400, 4001, 'Invalid code') : json(family);
    }
    case 'token-refresh': {
      const family = sessions.refresh((name) => textAt(request.body, name));
      return family === undefined ? cci.refreshTokenExpired() : json(family);
    }
    case 'token-exchange': {
      const device = request.headers['client-device-id'] ?? '';
      const token = hasFamily(request, sessions.familyOf(bearerOf(request)))
        ? sessions.exchange(bearerOf(request), device)
        : undefined;
      return token === undefined ? cci.unauthorized() : json(token);
    }
  }
}

function answerSignedIn(
  service: 'vehicles' | 'devices' | 'pin',
  request: CloudRequest,
  account: EuropeAccount,
): Reply {
  if (!hasFamily(request, account.sessions.familyOf(bearerOf(request)))) return cci.unauthorized();
  switch (service) {
    case 'vehicles':
      return json({ contents: account.cars.map((car) => cciVehicle(car, account.protocol)) });
    case 'devices':
      return json({ deviceToken: at(request.body, 'deviceToken') });
    case 'pin':
      return answerPin(request, account);
  }
}

function answerPin({ body }: CloudRequest, { control }: EuropeAccount): Reply {
  const answer = control.open(textAt(body, 'pin'));
  if ('token' in answer) {
    const controlTokenInfo = { controlToken: answer.token, expiresTime: control.lifetime_s };
    return json({ isMatched: true, controlTokenInfo });
  }
  return json({
    isMatched: false,
    controlTokenInfo: null,
    remainCountOnFailedInfo: { remainCount: answer.left, remainTime: control.lock_s },
  });
}

/** Whether the other headers are of the same family as the token. */
function hasFamily(
  { headers }: CloudRequest,
  family: { readonly nonCcsToken: string; readonly exchangeableAccessToken: string } | undefined,
): boolean {
  return (
    family !== undefined &&
    headers['authentication'] === family.nonCcsToken &&
    headers['non-ccs-token'] === family.nonCcsToken &&
    headers['exchangeable-token'] === family.exchangeableAccessToken
  );
}
