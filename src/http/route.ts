import { createRoute, type OpenAPIHono, type RouteConfig, type z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { refusalBody } from './documents.js';

type Handler = (c: Context<Access>) => Response | Promise<Response>;

/** What a request may do: `full` changes things, `read` does not. */
export interface Access {
  Variables: {
    access: 'full' | 'read';
    /** Epoch milliseconds at which the leave to look ends. */
    accessEndsAt: number | undefined;
  };
}

export type App = OpenAPIHono<Access>;

export interface Described extends RouteConfig {
  /** The name of the call in a client that was made from the document. */
  readonly operationId: string;
  readonly tags: readonly Tag[] & string[];
}

export const tags = {
  cars: 'The documents of the cars, and commands to them',
  bridge: 'The bridge itself, and commands to it',
  commands: 'What became of commands',
  accounts: 'The sign-in of accounts',
  session: 'The way in for a browser',
  watch: 'For those who watch the process',
} as const;

type Tag = keyof typeof tags;

/** A route with its part of the OpenAPI document, whose schemas check what comes. */
export function addRoute(app: App, route: Described, handle: Handler): void {
  // The answers are checked by tests against the document, not by the compiler.
  app.openapi(createRoute(route), handle as never);
}

export function json(description: string, schema: z.ZodType) {
  return { description, content: { 'application/json': { schema } } };
}

const meanings = {
  400: 'What was sent is wrong; the message names the field, what was expected and what came',
  401: 'A token is needed',
  403: 'It is not allowed',
  404: 'There is no such thing, or this car does not offer it',
  409: 'It does not go with what is under way',
  429: 'Too much of it, or too often',
  503: 'It cannot be done now',
} as const;

const mayWait: readonly number[] = [409, 429, 503];

const retryAfter = {
  'Retry-After': {
    description: 'Seconds, where it is known; `retry_after_s` in whole ones',
    schema: { type: 'integer' as const, minimum: 0 },
  },
};

/** The ways in which a route refuses. */
export function refusals(
  statuses: readonly (keyof typeof meanings)[],
  body: z.ZodType = refusalBody,
): RouteConfig['responses'] {
  return Object.fromEntries(
    statuses.map((status) => {
      const headers = mayWait.includes(status) ? { headers: retryAfter } : {};
      return [status, { ...json(meanings[status], body), ...headers }];
    }),
  );
}
