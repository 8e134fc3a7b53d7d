import { OpenAPIHono, z } from '@hono/zod-openapi';
import type { MiddlewareHandler } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { routePath } from 'hono/route';
import { secureHeaders } from 'hono/secure-headers';
import type { Logger } from '../daemon/logger.js';
import { payloadLimits } from '../vehicle/command.js';
import { describeIssues } from '../vehicle/describe-issues.js';
import { failure } from '../vehicle/outcome.js';
import { refuse } from './answers.js';
import type { BridgeApi } from './bridge-api.js';
import { addCommandRoutes } from './command-routes.js';
import { addDocumentRoutes } from './document-routes.js';
import { addEventRoutes } from './event-routes.js';
import { addHealthRoutes } from './health-routes.js';
import { tooLarge } from './json-body.js';
import { addRoute, json, refusals, tags, type Access, type App } from './route.js';

export interface AppOptions {
  readonly api: BridgeApi;
  readonly log: Logger;
  readonly version: string;
  /** Who may do what; looked at before any route. */
  readonly guard: (app: App) => void;
  /** Told of each answer: the route's pattern, never what was put into it. */
  readonly onAnswered?: (route: string, status: number) => void;
}

/** Everything that is answered over HTTP (contract, section 8; docs/http.md). */
export interface HttpApp {
  readonly fetch: App['fetch'];
  /** Ends what would go on by itself. */
  stop(): void;
}

const longestPath = 128;

/** The routes, the same over TCP and on the control socket, behind a guard. */
export function createApp({ api, log, version, guard, onAnswered }: AppOptions): HttpApp {
  const app: App = new OpenAPIHono<Access>({
    defaultHook: (result, c) => {
      if (result.success) return undefined;
      const got = 'data' in result ? result.data : {};
      return refuse(c, failure('invalid_payload', describeIssues(result.error, got)));
    },
  });
  app.use(logged(log, onAnswered));
  app.use(secureHeaders(headers));
  app.use(bodyLimit({ maxSize: payloadLimits.bytes, onError: (c) => refuse(c, tooLarge) }));
  guard(app);
  addHealthRoutes(app, api);
  addDocumentRoutes(app, api);
  addCommandRoutes(app, api);
  const stop = addEventRoutes(app, api);
  addOpenApi(app, version);

  app.notFound((c) => refuse(c, failure('unknown_command', 'there is no such route')));
  app.onError((err, c) => {
    log.error({ err }, 'an HTTP request could not be answered');
    return refuse(c, failure('internal', 'something unexpected; the log says more'));
  });
  return { fetch: app.fetch, stop };
}

/** Nothing may be loaded from elsewhere, and nobody else's page may show ours; Home Assistant's is the same origin. */
const headers: Parameters<typeof secureHeaders>[0] = {
  contentSecurityPolicy: {
    defaultSrc: ["'none'"],
    scriptSrc: ["'self'"],
    styleSrc: ["'self'"],
    imgSrc: ["'self'", 'data:'],
    connectSrc: ["'self'"],
    manifestSrc: ["'self'"],
    baseUri: ["'none'"],
    formAction: ["'self'"],
    frameAncestors: ["'self'"],
  },
  // Spoken without TLS, or behind somebody who decides on that.
  strictTransportSecurity: false,
  referrerPolicy: 'no-referrer',
  xFrameOptions: 'SAMEORIGIN',
};

function logged(log: Logger, onAnswered: AppOptions['onAnswered']): MiddlewareHandler {
  return async (c, next) => {
    const started = performance.now();
    await next();
    if (!c.res.headers.has('cache-control')) c.header('cache-control', 'no-store');
    // Neither query nor body: both may hold a secret.
    const { method, path } = c.req;
    const { status } = c.res;
    const duration_ms = Math.round(performance.now() - started);
    log.debug({ method, path: path.slice(0, longestPath), status, duration_ms }, 'HTTP request');
    onAnswered?.(routePath(c, -1), status);
  };
}

function addOpenApi(app: App, version: string): void {
  app.openAPIRegistry.registerComponent('securitySchemes', 'token', {
    description: '`http.token` of the configuration; the control socket wants none',
    type: 'http',
    scheme: 'bearer',
  });
  app.openAPIRegistry.registerComponent('securitySchemes', 'cookie', {
    description: 'What `POST /api/session` sets in a browser',
    type: 'apiKey',
    in: 'cookie',
    name: 'bluelink2mqtt',
  });
  const described = () =>
    app.getOpenAPI31Document({
      openapi: '3.1.0',
      info: {
        title: 'bluelink2mqtt',
        version,
        license: { name: 'MIT' },
        description:
          'Hyundai, Kia and Genesis cars: their documents, commands and events. Where no token is configured reading needs none, and nothing can be changed.',
      },
      // Relative to this document: behind a proxy the path is another one.
      servers: [{ url: '..' }],
      tags: Object.entries(tags).map(([name, description]) => ({ name, description })),
      security: [{ token: [] }, { cookie: [] }],
    });
  let kept: ReturnType<typeof described> | undefined;
  addRoute(app, { method: 'get', path: '/api/openapi.json', ...openApi }, (c) =>
    c.json((kept ??= described())),
  );
}

const openApi = {
  operationId: 'getOpenApi',
  tags: ['watch' as const],
  summary: 'This document',
  responses: {
    200: json('The OpenAPI document', z.looseObject({ openapi: z.string() })),
    ...refusals([401, 403, 429]),
  },
};
