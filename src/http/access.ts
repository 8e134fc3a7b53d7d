import { createHash } from 'node:crypto';
import type { Context, Next } from 'hono';
import { deleteCookie, getSignedCookie, setSignedCookie } from 'hono/cookie';
import { timingSafeEqual } from 'hono/utils/buffer';
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import { failure } from '../vehicle/outcome.js';
import { refuse } from './answers.js';
import type { Access } from './route.js';
import { addressOf, hostOf, isOwnPage, isReading, limitedAs, matcher, namesOf } from './sender.js';

export interface AccessOptions {
  /** Without one nothing can be changed. */
  readonly token?: string;
  /** Where it listens. */
  readonly host: string;
  /** Names it may be asked under, besides those of the loopback. */
  readonly allowed_hosts: readonly string[];
  /** Addresses or networks of proxies that have checked who asks. */
  readonly trusted_proxies: readonly string[];
  /** How long a browser stays signed in. */
  readonly session_ms?: number;
  readonly now?: () => number;
}

const cookie = 'bluelink2mqtt';
const usualSession_ms = 30 * 86_400_000;
/** Of one address: far more than the dashboard asks for, far less than hurts. */
const requestsPerMinute = 1200;
const wrongTokensPerMinute = 10;

type Ctx = Context<Access>;

/** Who may ask for what over TCP (contract, section 8; docs/security.md). */
export class AccessGuard {
  readonly #options: AccessOptions;
  readonly #hosts: ReadonlySet<string>;
  readonly #proxies: (address: string) => boolean;
  readonly #requests = new RateLimiterMemory({ points: requestsPerMinute, duration: 60 });
  readonly #wrongTokens = new RateLimiterMemory({ points: wrongTokensPerMinute, duration: 60 });
  /** A program with an old token guesses nothing, however often it asks. */
  readonly #seenTokens = new RateLimiterMemory({ points: 1, duration: 60 });

  constructor(options: AccessOptions) {
    this.#options = options;
    this.#hosts = namesOf(options.host, options.allowed_hosts);
    this.#proxies = matcher(options.trusted_proxies);
  }

  /** Who asks: under a name of ours, from our own page or none at all, and not too often. */
  readonly sender = async (c: Ctx, next: Next): Promise<Response | undefined> => {
    const refusal = await this.#refusalOfSender(c, addressOf(c));
    if (refusal !== undefined) return refusal;
    await next();
    return undefined;
  };

  /** What they may do: nothing without the token, where there is one, and nothing but look where there is none. */
  readonly rights = async (c: Ctx, next: Next): Promise<Response | undefined> => {
    const address = addressOf(c);
    if (c.req.path === '/healthz') return pass(c, next, 'read');
    if (this.#proxies(address)) return pass(c, next, 'full');
    return this.#withToken(c, next, address);
  };

  /** A browser's way in: the token once, a cookie from then on. */
  async signIn(c: Ctx, token: string): Promise<Response | undefined> {
    const address = addressOf(c);
    const { token: right } = this.#options;
    if (right === undefined) return refuse(c, noToken);
    const refusal = await this.#refusalOfToken(c, address, token, right);
    if (refusal !== undefined) return refusal;
    const { session_ms = usualSession_ms } = this.#options;
    const endsAt = this.#now() + session_ms;
    await setSignedCookie(c, cookie, String(endsAt), right, {
      httpOnly: true,
      sameSite: 'Strict',
      path: '/',
      maxAge: Math.floor(session_ms / 1000),
      secure: new URL(c.req.url).protocol === 'https:',
    });
    return undefined;
  }

  signOut(c: Ctx): void {
    deleteCookie(c, cookie, { path: '/' });
  }

  get hasToken(): boolean {
    return this.#options.token !== undefined;
  }

  /** The host is none of ours, or somebody else's page asks, or it asks too often. */
  async #refusalOfSender(c: Ctx, address: string): Promise<Response | undefined> {
    // Asked by programs under whatever name they have for this machine, and tells nothing.
    if (c.req.path === '/healthz') return undefined;
    const host = hostOf(c);
    const isProxy = this.#proxies(address);
    if (!isProxy && !this.#hosts.has(host.name)) return refuse(c, unknownHost);
    // What a proxy is called outside is not known here.
    if (!isOwnPage(c, isProxy ? undefined : host.full)) return refuse(c, foreignPage);
    if (isProxy) return undefined;
    // Last: what somebody else's page does in a person's browser does not count against that person.
    const limited = await consume(this.#requests, limitedAs(address));
    return limited === undefined ? undefined : refuse(c, tooOften(limited));
  }

  async #withToken(c: Ctx, next: Next, address: string): Promise<Response | undefined> {
    const { token } = this.#options;
    if (token === undefined) {
      return isReading(c) ? pass(c, next, 'read') : refuse(c, noToken);
    }
    if (c.req.path === '/api/session' && !isReading(c)) return pass(c, next, 'read');
    const bearer = /^Bearer +(\S+)$/i.exec(c.req.header('authorization') ?? '')?.[1];
    if (bearer !== undefined) {
      const refusal = await this.#refusalOfToken(c, address, bearer, token);
      return refusal ?? pass(c, next, 'full');
    }
    const endsAt = await this.#sessionEndsAt(c, token);
    if (endsAt === undefined) return needsToken(c);
    return pass(c, next, 'full', endsAt);
  }

  /** Epoch milliseconds; undefined for who is not signed in by cookie. */
  async #sessionEndsAt(c: Ctx, token: string): Promise<number | undefined> {
    const value = await getSignedCookie(c, token, cookie);
    const endsAt = typeof value === 'string' ? Number(value) : 0;
    return endsAt > this.#now() ? endsAt : undefined;
  }

  /** Whoever guesses has to wait, also with the right one: or the answer would tell which that is. */
  async #refusalOfToken(c: Ctx, address: string, given: string, right: string) {
    const key = limitedAs(address);
    const wrong = await this.#wrongTokens.get(key);
    if (wrong !== null && wrong.remainingPoints <= 0)
      return refuse(c, tooOften(wrong.msBeforeNext));
    if (await timingSafeEqual(given, right)) return undefined;
    const digest = createHash('sha256').update(given).digest('base64');
    const isNew = (await consume(this.#seenTokens, `${key} ${digest}`)) === undefined;
    if (isNew) await consume(this.#wrongTokens, key);
    return needsToken(c);
  }

  #now(): number {
    return (this.#options.now ?? Date.now)();
  }
}

const noToken = failure(
  'not_allowed',
  'read-only: no token is configured (http.token_file), so nothing can be changed over HTTP',
);
const unknownHost = failure(
  'not_allowed',
  'the name in the address is none of this bridge; http.allowed_hosts would have to list it',
);
const foreignPage = failure('not_allowed', "another site's page may not ask");
const tokenWanted = failure('not_allowed', 'a token is needed: Authorization: Bearer …');

function needsToken(c: Ctx): Response {
  c.header('www-authenticate', 'Bearer realm="bluelink2mqtt"');
  return refuse(c, tokenWanted, 401);
}

function tooOften(wait_ms: number) {
  const retry_after_s = Math.ceil(wait_ms / 1000);
  return failure('rate_limited', 'too many requests from this address', { retry_after_s });
}

async function pass(c: Ctx, next: Next, access: 'full' | 'read', endsAt?: number) {
  c.set('access', access);
  c.set('accessEndsAt', endsAt);
  await next();
  return undefined;
}

/** Milliseconds to wait; undefined while it is within the limit. */
async function consume(limiter: RateLimiterMemory, key: string): Promise<number | undefined> {
  try {
    await limiter.consume(key);
    return undefined;
  } catch (error) {
    if (error instanceof RateLimiterRes) return error.msBeforeNext;
    throw error;
  }
}
