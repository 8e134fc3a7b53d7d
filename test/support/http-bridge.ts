import type { Daemon } from './daemon.js';
import { ask, readEvents, type Answer, type EventReader, type Sent } from './http-client.js';
import { keepSecret } from './secret-scan.js';

export const token = 'token-of-the-end-to-end-tests-4711';

/** The HTTP API of a daemon that was started with `httpSection`, asked with its token unless another is named. */
export interface WebOfDaemon {
  readonly port: number;
  readonly ask: (line: string, sent?: Sent) => Promise<Answer>;
  /** A command as JSON; to a car, or to the `bridge`. */
  readonly command: (target: string, name: string, body: unknown) => Promise<Answer>;
  readonly events: () => Promise<EventReader>;
}

/** Any free port, and a token that nothing may show. */
export function httpSection(): { readonly http: Readonly<Record<string, unknown>> } {
  keepSecret(token);
  return { http: { port: 0, token } };
}

/** Resolves when it listens. */
export async function webOf(daemon: Daemon): Promise<WebOfDaemon> {
  const line = await daemon.waitForLine(/the HTTP API are served/, 30_000);
  const { port } = JSON.parse(line) as { readonly port: number };
  const asked = (what: string, sent: Sent = {}): Promise<Answer> =>
    ask({ port }, what, { token, ...sent });
  return {
    port,
    ask: asked,
    command: (target, name, body) => {
      const to = target === 'bridge' ? target : `vehicles/${target}`;
      return asked(`POST /api/${to}/commands/${name}`, { body: JSON.stringify(body) });
    },
    events: () => readEvents({ port }, { token }),
  };
}
