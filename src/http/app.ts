import { Hono, type Context } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import type { Logger } from '../daemon/logger.js';
import { payloadLimits } from '../vehicle/command.js';
import type { LifeCycleEvent } from '../vehicle/life-cycle.js';
import { failure, type Failure } from '../vehicle/outcome.js';
import { readAuditQuery } from './audit-query.js';
import type { AccountReport, BridgeApi } from './bridge-api.js';
import { failureStatus } from './failure-status.js';
import { commandPayload, tooLarge } from './json-body.js';

export interface AppOptions {
  readonly api: BridgeApi;
  readonly log: Logger;
}

const longestPath = 128;

/** The routes of the HTTP API (contract, section 8); those of `/api/accounts` are described in docs/http.md. */
export function createApp({ api, log }: AppOptions): Hono {
  const app = new Hono();

  app.use(async (c, next) => {
    const started = performance.now();
    await next();
    c.header('cache-control', 'no-store');
    // Neither query nor body: both may hold a secret.
    const { method, path } = c.req;
    const duration_ms = Math.round(performance.now() - started);
    log.debug(
      { method, path: path.slice(0, longestPath), status: c.res.status, duration_ms },
      'HTTP request',
    );
  });
  app.use(bodyLimit({ maxSize: payloadLimits.bytes, onError: (c) => refuse(c, tooLarge) }));

  app.get('/api/state', (c) => c.json(api.state()));
  app.get('/api/vehicles', (c) => c.json({ schema: 1, vehicles: api.vehicles() }));
  app.get('/api/vehicles/:vehicle', (c) => {
    const documents = api.vehicle(c.req.param('vehicle'));
    if (documents !== undefined) return c.json({ schema: 1, ...documents });
    return refuse(c, failure('unknown_vehicle', 'no account has a car that is called so'));
  });

  app.get('/api/accounts', (c) => c.json({ schema: 1, accounts: api.accounts() }));
  app.get('/api/accounts/:name', (c) => answer(c, api.account(c.req.param('name'))));
  app.post('/api/accounts/:name/login', async (c) =>
    answer(c, await api.login(c.req.param('name'))),
  );
  app.post('/api/accounts/:name/list', async (c) => answer(c, await api.list(c.req.param('name'))));

  app.post('/api/bridge/commands/:name', async (c) => {
    const body = await commandPayload(c);
    if (!body.ok) return refuse(c, body.failure);
    return answerCommand(c, await api.command(c.req.param('name'), body.payload));
  });
  app.get('/api/commands', async (c) => {
    const read = readAuditQuery(c.req.query());
    if (!read.ok) return refuse(c, read.failure);
    return c.json({ schema: 1, ...(await api.commands(read.query)) });
  });
  app.get('/api/commands/:id', async (c) => {
    const id = c.req.param('id');
    const events = await api.events(id);
    const last = events?.at(-1);
    if (last !== undefined) return c.json({ schema: 1, id, status: last.status, events });
    return refuse(c, failure('unknown_id', 'no command with this id is remembered'));
  });

  app.notFound((c) => refuse(c, failure('unknown_command', 'there is no such route')));
  app.onError((err, c) => {
    log.error({ err }, 'an HTTP request could not be answered');
    return refuse(c, failure('internal', 'something unexpected; the log says more'));
  });
  return app;
}

function answer(c: Context, report: AccountReport | undefined): Response {
  if (report !== undefined) return c.json({ schema: 1, ...report });
  return refuse(c, failure('unknown_id', 'no account is called so'));
}

/** The first event of a command, or the last one of a known id. */
function answerCommand(c: Context, event: LifeCycleEvent): Response {
  if (event.replayed === true) return c.json(event);
  if (event.status === 'rejected' || event.status === 'expired') {
    sayWhenToTryAgain(c, event.retry_after_s);
    return c.json(event, failureStatus(event.code));
  }
  const { id, status } = event;
  return c.json({ id, status, href: `/api/commands/${encodeURIComponent(id)}` }, 202);
}

function refuse(c: Context, { code, message, retryable, retry_after_s }: Failure): Response {
  sayWhenToTryAgain(c, retry_after_s);
  const more = retry_after_s === undefined ? {} : { retry_after_s };
  return c.json({ schema: 1, code, message, retryable, ...more }, failureStatus(code));
}

function sayWhenToTryAgain(c: Context, retry_after_s: number | undefined): void {
  if (retry_after_s !== undefined) c.header('retry-after', String(Math.ceil(retry_after_s)));
}
