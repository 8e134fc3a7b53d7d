import { randomUUID } from 'node:crypto';
import { type CloudOperation, type CloudRequest, type Reply, json, textAt } from '../wire.js';
import type { CcspAccount } from './account.js';
import { invalidParameters, success, wrongCredentials } from './errors.js';

/** One request of a sign-in; `account` is whom its user name, code or token belongs to. */
export interface Step {
  readonly operation: (request: CloudRequest) => CloudOperation;
  readonly answer: (request: CloudRequest, account: CcspAccount | undefined) => Reply;
}

/** By method and path. */
export type Steps = Readonly<Record<string, Step>>;

const header = (request: CloudRequest, name: string): string => request.headers[name] ?? '';

/** The cookie of the sign-in page, and the one of an account that has signed in. */
type CookieName = 'page' | 'account';

export function cookieOf(request: CloudRequest, name: CookieName): string {
  const cookies = header(request, 'cookie').split(/;\s*/);
  return cookies.find((one) => one.startsWith(`${name}=`))?.slice(name.length + 1) ?? '';
}

const setCookie = (name: CookieName, value: string) => ({
  'set-cookie': `${name}=${value}; Path=/`,
});

/** The form of a request for tokens; empty where the body is something else. */
export function formOf(request: CloudRequest): URLSearchParams {
  return new URLSearchParams(typeof request.body === 'string' ? request.body : '');
}

/** Any client may have a device id. */
export function registerStep(devices: Set<string>, required: readonly string[] = []): Step {
  return {
    operation: () => 'register',
    answer: ({ body }) => {
      const needed = ['pushRegId', 'pushType', 'uuid', ...required];
      if (needed.some((name) => textAt(body, name) === '')) return invalidParameters;
      const deviceId = randomUUID();
      devices.add(deviceId);
      return success({ deviceId });
    },
  };
}

/** The page of the sign-in, whose cookie goes with the password. */
export function pageStep(): Step {
  return {
    operation: () => 'sign_in_step',
    answer: () => ({
      status: 200,
      headers: { 'content-type': 'text/html', ...setCookie('page', randomUUID()) },
      body: '<html><body>Sign in</body></html>',
    }),
  };
}

/** The address that a code goes to. */
export type Redirect = (host: string, code: string) => string;

/** The request with the password. */
export function passwordStep(redirect: Redirect): Step {
  return {
    operation: () => 'sign_in',
    answer: (request, account) => {
      if (cookieOf(request, 'page') === '') return invalidParameters;
      if (account?.password !== textAt(request.body, 'password')) return wrongCredentials;
      if (account.pendingStep !== undefined) return json({ step: account.pendingStep });
      const headers = setCookie('account', account.issueRefreshToken());
      return json({ redirectUrl: redirect(request.host, account.issueCode()) }, 200, headers);
    },
  };
}

/** Tokens for a code, and an access token for a refresh token. */
function tokenStep(needsStamp: boolean): Step {
  return {
    operation: (request) =>
      formOf(request).get('grant_type') === 'refresh_token' ? 'refresh' : 'sign_in_step',
    answer: (request, account) => {
      // The app's own key.
      const isApp = header(request, 'authorization').startsWith('Basic ');
      if (account === undefined || !isApp || (needsStamp && !hasStamp(request))) {
        return invalidParameters;
      }
      const tokens = tokensFor(formOf(request), account);
      return tokens === undefined ? invalidParameters : json(tokens);
    },
  };
}

function tokensFor(form: URLSearchParams, account: CcspAccount): object | undefined {
  const access = () => ({
    token_type: 'Bearer',
    access_token: account.issueAccessToken(),
    expires_in: account.tokenLifetime_s,
  });
  switch (form.get('grant_type')) {
    case 'refresh_token':
      return account.acceptsRefresh(form.get('refresh_token') ?? '') ? access() : undefined;
    case 'authorization_code':
      return account.redeemCode(form.get('code') ?? '')
        ? { ...access(), refresh_token: account.issueRefreshToken() }
        : undefined;
    default:
      return undefined;
  }
}

/** A sign-in whose code the client itself redeems. */
export function oauthSteps(
  devices: Set<string>,
  { tokenNeedsStamp }: { readonly tokenNeedsStamp: boolean },
): Steps {
  return {
    'POST /api/v1/spa/notifications/register': registerStep(devices),
    'GET /api/v1/user/oauth2/authorize': pageStep(),
    'POST /api/v1/user/signin': passwordStep(
      (host, code) => `https://${host}/api/v1/user/oauth2/redirect?code=${code}`,
    ),
    'POST /api/v1/user/oauth2/token': tokenStep(tokenNeedsStamp),
  };
}

/** The stamp is enciphered with a key of the app; what can be seen from outside is that there is one. */
export function hasStamp(request: CloudRequest): boolean {
  return Buffer.from(header(request, 'stamp'), 'base64').length > 40;
}
