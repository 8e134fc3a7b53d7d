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

export interface Described extends Omit<RouteConfig, 'responses'> {
  readonly responses: RouteConfig['responses'];
}

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
  429: 'Too much of it; `Retry-After` says when to try again',
  503: 'It cannot be done now',
} as const;

/** The ways in which a route refuses. */
export function refusals(
  statuses: readonly (keyof typeof meanings)[],
  body: z.ZodType = refusalBody,
): RouteConfig['responses'] {
  return Object.fromEntries(statuses.map((status) => [status, json(meanings[status], body)]));
}
