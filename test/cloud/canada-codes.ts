import { randomInt, randomUUID } from 'node:crypto';

export type CodeMethod = 'email' | 'sms';

interface CodeRequest {
  readonly userInfoUuid: string;
  readonly device: string;
  otpKey: string | undefined;
  code: string | undefined;
  validationKey: string | undefined;
  until: number;
}

/** The one-time codes of an account in Canada: each request for one is bound to the device that made it. */
export class CanadaCodes {
  /** A request that is older than this is not known any more; sending a code makes it new. */
  lifetime_s = 600;
  /** What went out last. */
  last: { readonly code: string; readonly method: CodeMethod } | undefined;
  readonly #now: () => number;
  readonly #requests = new Set<CodeRequest>();

  constructor(now: () => number) {
    this.#now = now;
  }

  /** A new request, by its `userInfoUuid`. */
  open(device: string): string {
    const userInfoUuid = randomUUID();
    const request = { userInfoUuid, device, until: this.#end() };
    this.#requests.add({
      ...request,
      otpKey: undefined,
      code: undefined,
      validationKey: undefined,
    });
    return userInfoUuid;
  }

  /** Sends a code and answers its `otpKey`; the code before is void. */
  send(userInfoUuid: string, device: string, method: CodeMethod): string | undefined {
    const request = this.#find(device, (one) => one.userInfoUuid === userInfoUuid);
    if (request === undefined) return undefined;
    request.otpKey = randomUUID();
    request.code = String(randomInt(100_000, 1_000_000));
    request.until = this.#end();
    this.last = { code: request.code, method };
    return request.otpKey;
  }

  /** The right code gives an `otpValidationKey`; a wrong one may be followed by another try. */
  verify(otpKey: string, device: string, code: string): string | undefined {
    const request = this.#find(device, (one) => one.otpKey === otpKey);
    if (request?.code !== code) return undefined;
    request.validationKey = randomUUID();
    return request.validationKey;
  }

  /** Takes an `otpValidationKey`, once. */
  redeem(validationKey: string, device: string): boolean {
    const request = this.#find(device, (one) => one.validationKey === validationKey);
    return request !== undefined && this.#requests.delete(request);
  }

  #find(device: string, is: (one: CodeRequest) => boolean): CodeRequest | undefined {
    return [...this.#requests].find(
      (one) => one.device === device && this.#now() < one.until && is(one),
    );
  }

  #end(): number {
    return this.#now() + this.lifetime_s * 1000;
  }
}
