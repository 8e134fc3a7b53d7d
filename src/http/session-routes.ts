import { z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { readFields } from '../vehicle/command.js';
import { failure } from '../vehicle/outcome.js';
import type { AccessGuard } from './access.js';
import { refuse } from './answers.js';
import { session } from './documents.js';
import { commandPayload } from './json-body.js';
import { addRoute, json, refusals, type App } from './route.js';

const credentials = z.strictObject({ token: z.string().min(1).max(1024) });

/** How a browser gets in and out: its page never holds the token longer than it takes to send it. */
export function addSessionRoutes(app: App, guard: AccessGuard, version: string): void {
  addRoute(app, { method: 'get', path: '/api/session', ...look }, (c) =>
    c.json(standing(guard, version, c.get('access') === 'full')),
  );
  addRoute(app, { method: 'post', path: '/api/session', ...enter }, async (c) => {
    const read = credentials.safeParse(await bodyOf(c));
    if (!read.success) {
      return refuse(c, failure('invalid_payload', 'token: expected a text, got something else'));
    }
    const refusal = await guard.signIn(c, read.data.token);
    if (refusal !== undefined) return refusal;
    return c.json(standing(guard, version, true));
  });
  addRoute(app, { method: 'delete', path: '/api/session', ...leave }, (c) => {
    guard.signOut(c);
    return c.body(null, 204);
  });
}

function standing(guard: AccessGuard, version: string, mayAll: boolean) {
  return { schema: 1, access: mayAll ? 'full' : 'read', token: guard.hasToken, version };
}

/** A bare word has to be none that a parser would quote: it may be the token. */
async function bodyOf(c: Context): Promise<unknown> {
  const body = await commandPayload(c);
  const fields = body.ok ? readFields(body.payload) : undefined;
  return fields?.ok === true ? fields.value : undefined;
}

const tags = ['session' as const];

const look = {
  ...{ operationId: 'getSession', tags },
  summary: 'What this browser may do: `full`, or `read` where no token is configured',
  responses: { 200: json('What it may do', session), ...refusals([401, 403, 429]) },
};

const enter = {
  ...{ operationId: 'signIn', tags, security: [] },
  summary: 'Exchanges the token for a cookie that no script can read',
  requestBody: {
    required: true,
    content: {
      'application/json': {
        schema: {
          type: 'object' as const,
          properties: { token: { type: 'string' as const, minLength: 1, maxLength: 1024 } },
          required: ['token'],
          additionalProperties: false,
        },
      },
    },
  },
  responses: { 200: json('Signed in', session), ...refusals([400, 401, 403, 429]) },
};

const leave = {
  ...{ operationId: 'signOut', tags, security: [] },
  summary: 'Forgets the cookie',
  responses: { 204: { description: 'Signed out' }, ...refusals([403, 429]) },
};
