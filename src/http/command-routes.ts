import { z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { failure } from '../vehicle/outcome.js';
import { answerCommand, refuse } from './answers.js';
import { auditQuerySchema, readAuditQuery } from './audit-query.js';
import type { BridgeApi } from './bridge-api.js';
import {
  bodyOf,
  bridgePayloads,
  vehiclePayloads,
  type CommandPayload,
} from './command-payloads.js';
import { auditPage, carName, commandEvent, commandLife, refusalBody, taken } from './documents.js';
import { commandPayload } from './json-body.js';
import { addRoute, json, refusals, type App } from './route.js';

/** Commands to cars and to the bridge, what became of them, and the audit log. */
export function addCommandRoutes(app: App, api: BridgeApi): void {
  const take = async (c: Context, target: string): Promise<Response> => {
    const body = await commandPayload(c);
    if (!body.ok) return refuse(c, body.failure);
    return answerCommand(c, await api.command(target, c.req.param('name') ?? '', body.payload));
  };
  addRoute(
    app,
    { method: 'post', path: '/api/vehicles/{vehicle}/commands/{name}', ...toCar(app) },
    (c) => {
      const car = c.req.param('vehicle') ?? '';
      // No car can be called so; the bridge has a route of its own.
      if (car === 'bridge') return refuse(c, failure('unknown_vehicle', 'the bridge is no car'));
      return take(c, car);
    },
  );
  addRoute(app, { method: 'post', path: '/api/bridge/commands/{name}', ...toBridge(app) }, (c) =>
    take(c, 'bridge'),
  );
  addRoute(app, { method: 'delete', path: '/api/commands/{id}', ...cancelled }, async (c) => {
    const payload = JSON.stringify({ value: c.req.param('id') });
    return answerCommand(c, await api.command('bridge', 'cancel', Buffer.from(payload)));
  });
  addRoute(app, { method: 'get', path: '/api/commands', ...auditLog }, async (c) => {
    const read = readAuditQuery(c.req.query());
    if (!read.ok) return refuse(c, read.failure);
    return c.json({ schema: 1, ...(await api.commands(read.query)) });
  });
  addRoute(app, { method: 'get', path: '/api/commands/{id}', ...oneCommand }, async (c) => {
    const id = c.req.param('id') ?? '';
    const events = await api.events(id);
    const last = events?.at(-1);
    if (last !== undefined) return c.json({ schema: 1, id, status: last.status, events });
    return refuse(c, failure('unknown_id', 'no command with this id is remembered'));
  });
}

const always = refusals([401, 429]);
const id = z.string().openapi({ description: 'The id of a command', example: 'morning-1' });

/** An unknown name is answered as on its topic, so the route takes any. */
function nameOf(payloads: readonly CommandPayload[]) {
  const names = payloads.map(({ name }) => name);
  return z.string().openapi({ description: 'As on its topic `…/commands/<name>`', enum: names });
}

const answers = {
  200: json('The id is known: the last event of its command', commandEvent),
  202: json('Valid, stored, and waiting', taken),
  ...refusals([400, 403, 404, 409, 429, 503], z.union([commandEvent, refusalBody])),
  ...refusals([401]),
};

const car = z.string().openapi({ description: carName, example: 'ioniq5' });

const toCar = (app: App) => ({
  ...{ operationId: 'commandVehicle', tags: ['cars' as const] },
  summary: 'Takes a command to a car',
  request: { params: z.object({ vehicle: car, name: nameOf(vehiclePayloads) }) },
  requestBody: bodyOf(app, vehiclePayloads),
  responses: answers,
});

const toBridge = (app: App) => ({
  ...{ operationId: 'commandBridge', tags: ['bridge' as const] },
  summary: 'Takes a command to the bridge',
  request: { params: z.object({ name: nameOf(bridgePayloads) }) },
  requestBody: bodyOf(app, bridgePayloads),
  responses: answers,
});

const ofCommands = { tags: ['commands' as const] };

const cancelled = {
  ...{ operationId: 'cancelCommand', ...ofCommands },
  summary: 'Cancels a command that has not started, or a job, as the command `cancel` does',
  request: { params: z.object({ id }) },
  responses: answers,
};

const auditLog = {
  ...{ operationId: 'getAuditLog', ...ofCommands },
  summary: 'The audit log, newest first: who asked for what, and what became of it',
  request: { query: auditQuerySchema },
  responses: { 200: json('A page', auditPage), ...always, ...refusals([400, 403, 503]) },
};

const oneCommand = {
  ...{ operationId: 'getCommand', ...ofCommands },
  summary: 'All that is remembered of a command, oldest event first',
  request: { params: z.object({ id }) },
  responses: { 200: json('Its events', commandLife), ...always, ...refusals([403, 404, 503]) },
};
