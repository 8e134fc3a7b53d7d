import type { Context } from 'hono';
import { z } from '@hono/zod-openapi';
import type { Health } from '../daemon/health.js';
import type { BridgeApi } from './bridge-api.js';
import { healthReport } from './documents.js';
import { addRoute, json, refusals, type App } from './route.js';

/** For those who watch the process: service manager, container, Prometheus. */
export function addHealthRoutes(app: App, api: BridgeApi): void {
  addRoute(
    app,
    {
      method: 'get',
      path: '/healthz',
      ...named('getHealth'),
      summary: 'Whether the event loop and the worker threads turn. Needs no token',
      security: [],
      responses: {
        200: json('They turn', healthReport),
        503: json('They do not, and why', healthReport),
      },
    },
    (c) => report(c, api.health()),
  );
  addRoute(
    app,
    {
      method: 'get',
      path: '/readyz',
      ...named('getReadiness'),
      summary: 'Whether the broker is connected and every account is signed in, too',
      responses: {
        200: json('Everything is', healthReport),
        503: json('Something is not, and why', healthReport),
        ...refusals([401, 403, 429]),
      },
    },
    (c) => report(c, api.readiness()),
  );
  addRoute(
    app,
    {
      method: 'get',
      path: '/metrics',
      ...named('getMetrics'),
      summary: 'Figures for Prometheus',
      responses: {
        200: {
          description: "Prometheus' text format",
          content: { 'text/plain': { schema: z.string() } },
        },
        ...refusals([401, 403, 429]),
      },
    },
    async (c) => {
      const { contentType, text } = await api.metrics();
      return c.body(text, 200, { 'content-type': contentType });
    },
  );
}

const named = (operationId: string) => ({ operationId, tags: ['watch' as const] });

function report(c: Context, health: Health): Response {
  const reasons = health.ok ? [] : health.reasons;
  return c.json({ schema: 1, ok: health.ok, reasons }, health.ok ? 200 : 503);
}
