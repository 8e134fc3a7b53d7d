import {
  type CloudOperation,
  type CloudRequest,
  type Maker,
  type Reply,
  type Route,
  belongsTo,
  html,
  json,
} from '../wire.js';
import type { EuropeAccount } from './account.js';
import { brandOf, europeBrands } from './brands.js';
import { PasswordKey } from './password-key.js';

const authorizePath = '/auth/api/v2/user/oauth2/authorize';
const certsPath = '/auth/api/v1/accounts/certs';
const signInPath = '/auth/account/signin';

/** The pages where a user of Europe signs in, one site for each brand. */
export class EuropeSignIn implements Maker {
  readonly hosts = europeBrands.map((brand) => `idpconnect-eu.${brand}.com`);
  readonly #accounts: readonly EuropeAccount[];
  #key: PasswordKey | undefined;

  constructor(accounts: readonly EuropeAccount[]) {
    this.#accounts = accounts;
  }

  stop(): void {
    // Nothing of it goes on by itself.
  }

  route(request: CloudRequest): Route {
    const form = new URLSearchParams(request.path === signInPath ? request.text : '');
    const brand = brandOf(request.host);
    const account = this.#accounts.find(
      (one) => one.brand === brand && one.username === form.get('username'),
    );
    return {
      operation: operationOf(request),
      ...belongsTo(account),
      answer: () => this.#answer(request, form, account),
      sessionRevoked: () => toLoginPage(request, form),
      rateLimited: () => html(429, 'Too many requests'),
    };
  }

  #answer(request: CloudRequest, form: URLSearchParams, account: EuropeAccount | undefined): Reply {
    switch (request.path) {
      case authorizePath:
        return this.#isBlocked(request)
          ? html(403, 'Abusing request detected')
          : html(200, 'Sign in');
      case certsPath:
        return json({ retCode: 'S', retValue: this.#passwordKey().public });
      case signInPath:
        return this.#signIn(request, form, account);
      default:
        return html(404, 'Not found');
    }
  }

  #isBlocked({ host }: CloudRequest): boolean {
    const brand = brandOf(host);
    return this.#accounts.some((one) => one.brand === brand && one.blockedByFirewall);
  }

  #signIn(request: CloudRequest, form: URLSearchParams, account: EuropeAccount | undefined): Reply {
    const password = this.#passwordKey().open(form.get('password') ?? '');
    const rightKey = form.get('kid') === this.#passwordKey().kid;
    if (account === undefined || !rightKey || password !== account.password) {
      return toLoginPage(request, form);
    }
    if (account.consentRequired) {
      return redirect(`https://${request.host}/web/v1/user/authorization?${back(form)}`);
    }
    const query = new URLSearchParams({ code: account.sessions.openCode() });
    query.set('state', form.get('state') ?? '');
    return redirect(`${form.get('redirect_uri') ?? ''}?${query.toString()}`);
  }

  /** Made when it is first needed: most clouds never are asked for it. */
  #passwordKey(): PasswordKey {
    return (this.#key ??= new PasswordKey());
  }
}

function operationOf({ path }: CloudRequest): CloudOperation | 'unknown' {
  if (path === signInPath) return 'sign_in';
  return path === authorizePath || path === certsPath ? 'sign_in_step' : 'unknown';
}

/** What the makers do with wrong credentials. */
function toLoginPage({ host }: CloudRequest, form: URLSearchParams): Reply {
  return redirect(`https://${host}${authorizePath}?${back(form)}`);
}

function back(form: URLSearchParams): string {
  const query = new URLSearchParams();
  for (const name of ['client_id', 'redirect_uri', 'state']) query.set(name, form.get(name) ?? '');
  return query.toString();
}

function redirect(location: string): Reply {
  return { status: 302, headers: { location }, body: '' };
}
