import { randomBytes, randomUUID } from 'node:crypto';

/** What the sign-in service gives out together. */
export interface TokenFamily {
  readonly accessToken: string;
  readonly refreshToken: string;
  readonly exchangeableAccessToken: string;
  readonly exchangeableRefreshToken: string;
  readonly nonCcsToken: string;
  readonly nonCcsRefreshToken: string;
  readonly idToken: string;
  readonly expiresIn: number;
}

/** What the vehicle servers ask for. */
export interface CcsToken {
  readonly accessToken: string;
  /** Seconds, not a time. */
  readonly expiresTime: number;
}

/** One token family; a refresh makes a new one of it. */
interface Session {
  /** What the client came by it with. */
  readonly origin: 'sign_in_step' | 'refresh';
  readonly family: TokenFamily;
  readonly until: number;
}

interface IssuedCcsToken {
  readonly until: number;
  readonly device: string;
}

/** The sessions of one account. A second sign-in leaves the first one alone. */
export class EuropeSessions {
  /** Of the token for the vehicle servers. */
  ccsTokenLifetime_s = 86_400;
  /** Of the token for the sign-in service, the list and the PIN. */
  cciTokenLifetime_s = 3_599;
  /** With a lifetime the refresh tokens are JWTs that name their end; without one they are opaque and last. */
  refreshTokenLifetime_s: number | undefined;
  /** How often the right password was given. */
  signIns = 0;
  readonly #uid: string;
  readonly #now: () => number;
  readonly #codes = new Set<string>();
  readonly #byAccessToken = new Map<string, Session>();
  readonly #byRefreshToken = new Map<string, Session>();
  readonly #ccsTokens = new Map<string, IssuedCcsToken>();
  readonly #known = new Set<string>();

  constructor({ uid, now }: { readonly uid: string; readonly now: () => number }) {
    this.#uid = uid;
    this.#now = now;
  }

  /** A code that the client can turn into tokens, once. */
  openCode(): string {
    const code = randomUUID();
    this.signIns += 1;
    this.#codes.add(code);
    this.#known.add(code);
    return code;
  }

  redeem(code: string): TokenFamily | undefined {
    return this.#codes.delete(code) ? this.#open('sign_in_step') : undefined;
  }

  /** The new family takes the place of the old one, whose refresh token is used up. */
  refresh(given: (name: keyof TokenFamily) => string): TokenFamily | undefined {
    const refreshToken = given('refreshToken');
    const session = this.#byRefreshToken.get(refreshToken);
    if (session === undefined || !belongTogether(session.family, given)) return undefined;
    if (this.#now() >= endOf(refreshToken)) return undefined;
    this.#byRefreshToken.delete(refreshToken);
    return this.#open('refresh');
  }

  exchange(accessToken: string, device: string): CcsToken | undefined {
    if (this.familyOf(accessToken) === undefined) return undefined;
    const until = this.#now() + this.ccsTokenLifetime_s * 1000;
    const token = jwt({ ...this.#claims(until), uid: this.#uid, pid: randomUUID() });
    this.#ccsTokens.set(token, { until, device });
    this.#known.add(token);
    return { accessToken: token, expiresTime: this.ccsTokenLifetime_s };
  }

  /** The family of a token of the sign-in service that is still good. */
  familyOf(accessToken: string): TokenFamily | undefined {
    const session = this.#byAccessToken.get(accessToken);
    return session !== undefined && this.#now() < session.until ? session.family : undefined;
  }

  originOf(accessToken: string): Session['origin'] | undefined {
    return this.#byAccessToken.get(accessToken)?.origin;
  }

  /** The device of a token of the vehicle servers that is still good. */
  deviceOf(ccsToken: string): string | undefined {
    const issued = this.#ccsTokens.get(ccsToken);
    return issued !== undefined && this.#now() < issued.until ? issued.device : undefined;
  }

  /** Whether a token of the vehicle servers that is still good was given to this device. */
  hasDevice(device: string): boolean {
    const now = this.#now();
    return [...this.#ccsTokens.values()].some((one) => one.device === device && now < one.until);
  }

  /** Whether this code or token is or was one of this account. */
  hasIssued(codeOrToken: string): boolean {
    return this.#known.has(codeOrToken);
  }

  revokeCcsTokens(): void {
    this.#ccsTokens.clear();
  }

  /** The tokens of the sign-in service, without those that renew them. */
  revokeCciTokens(): void {
    this.#byAccessToken.clear();
  }

  revokeRefreshTokens(): void {
    this.#byRefreshToken.clear();
  }

  #open(origin: Session['origin']): TokenFamily {
    const until = this.#now() + this.cciTokenLifetime_s * 1000;
    const family = {
      accessToken: opaque(),
      refreshToken: this.#refreshToken(),
      exchangeableAccessToken: opaque(),
      exchangeableRefreshToken: opaque(),
      nonCcsToken: opaque(),
      nonCcsRefreshToken: opaque(),
      idToken: jwt({ ...this.#claims(until), sub: this.#uid }),
      expiresIn: this.cciTokenLifetime_s,
    };
    const session = { origin, family, until };
    this.#byAccessToken.set(family.accessToken, session);
    this.#byRefreshToken.set(family.refreshToken, session);
    this.#known.add(family.accessToken).add(family.refreshToken);
    return family;
  }

  #refreshToken(): string {
    if (this.refreshTokenLifetime_s === undefined) return opaque();
    return jwt(this.#claims(this.#now() + this.refreshTokenLifetime_s * 1000));
  }

  #claims(until: number): object {
    const iat = Math.floor(this.#now() / 1000);
    const exp = Math.floor(until / 1000);
    return { sid: randomUUID(), iss: 'idpconnect-eu', iat, exp };
  }
}

function belongTogether(family: TokenFamily, given: (name: keyof TokenFamily) => string): boolean {
  const names = ['accessToken', 'exchangeableRefreshToken', 'nonCcsRefreshToken'] as const;
  return names.every((name) => family[name] === given(name));
}

/** As long as the real ones. */
const opaque = (): string => randomBytes(64).toString('hex').slice(0, 87);

/** Of plain ASCII claims: their base64 has neither `-` nor `_`, which not every client reads. */
function jwt(claims: object): string {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${part({ alg: 'RS256', typ: 'JWT' })}.${part(claims)}.${opaque()}`;
}

/** When a refresh token ends (epoch ms). */
function endOf(refreshToken: string): number {
  const [, claims] = refreshToken.split('.');
  if (claims === undefined) return Infinity;
  const { exp } = JSON.parse(Buffer.from(claims, 'base64url').toString()) as { exp: number };
  return exp * 1000;
}
