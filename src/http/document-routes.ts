import { z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { failure } from '../vehicle/outcome.js';
import type { AccountReport, BridgeApi } from './bridge-api.js';
import { refuse } from './answers.js';
import { account, accounts, bridgeState, carName, vehicle, vehicles } from './documents.js';
import { addRoute, json, refusals, type App } from './route.js';

const name = z
  .string()
  .openapi({ description: 'As the configuration calls the account', example: 'home' });

/** The bridge's documents as they are now, and the sign-in of its accounts. */
export function addDocumentRoutes(app: App, api: BridgeApi): void {
  addRoute(app, { ...documented, path: '/api/state', ...bridge }, async (c) => {
    const document = await api.state();
    if (document !== null) return c.json(document);
    return refuse(c, failure('not_ready', 'the bridge is starting or stopping'));
  });
  addRoute(app, { ...documented, path: '/api/vehicles', ...everyVehicle }, async (c) =>
    c.json({ schema: 1, vehicles: await api.vehicles() }),
  );
  addRoute(app, { ...documented, path: '/api/vehicles/{vehicle}', ...oneVehicle }, async (c) => {
    const documents = await api.vehicle(c.req.param('vehicle') ?? '');
    if (documents !== undefined) return c.json({ schema: 1, ...documents });
    return refuse(c, failure('unknown_vehicle', 'no account has a car that is called so'));
  });
  addRoute(app, { ...documented, path: '/api/accounts', ...everyAccount }, async (c) =>
    c.json({ schema: 1, accounts: await api.accounts() }),
  );
  const of = (c: Context): string => c.req.param('name') ?? '';
  addRoute(app, { ...documented, path: '/api/accounts/{name}', ...oneAccount }, async (c) =>
    answer(c, await api.account(of(c))),
  );
  addRoute(app, { method: 'post', path: '/api/accounts/{name}/login', ...signIn }, async (c) =>
    answer(c, await api.login(of(c))),
  );
  addRoute(app, { method: 'post', path: '/api/accounts/{name}/list', ...listAnew }, async (c) =>
    answer(c, await api.list(of(c))),
  );
}

function answer(c: Context, report: AccountReport | undefined): Response {
  if (report !== undefined) return c.json({ schema: 1, ...report });
  return refuse(c, failure('unknown_id', 'no account is called so'));
}

const documented = { method: 'get' } as const;
const always = refusals([401, 403, 429]);

const bridge = {
  ...{ operationId: 'getBridgeState', tags: ['bridge' as const] },
  summary: 'The state of the bridge itself, as `<base>/bridge/state` has it',
  responses: { 200: json('The document', bridgeState), ...always, ...refusals([503]) },
};

const everyVehicle = {
  ...{ operationId: 'getVehicles', tags: ['cars' as const] },
  summary: 'Every car with its two documents',
  responses: { 200: json('The cars', vehicles), ...always },
};

const oneVehicle = {
  ...{ operationId: 'getVehicle', tags: ['cars' as const] },
  summary: 'A car with its two documents',
  request: {
    params: z.object({
      vehicle: z.string().openapi({ description: carName, example: 'ioniq5' }),
    }),
  },
  responses: { 200: json('The car', vehicle), ...always, ...refusals([404]) },
};

const ofAccounts = { tags: ['accounts' as const] };

const everyAccount = {
  ...{ operationId: 'getAccounts', ...ofAccounts },
  summary: 'How every account stands',
  responses: { 200: json('The accounts', accounts), ...always },
};

const byName = { request: { params: z.object({ name }) } };
const told = { 200: json('How it stands', account), ...always, ...refusals([404]) };

const oneAccount = {
  ...{ operationId: 'getAccount', ...ofAccounts },
  summary: 'How an account stands',
  ...byName,
  responses: told,
};

const signIn = {
  ...{ operationId: 'signInAccount', ...ofAccounts },
  summary: 'Signs in now, whatever was refused before; answers when that has ended',
  ...byName,
  responses: { ...told, ...refusals([503]) },
};

const listAnew = {
  ...{ operationId: 'listVehiclesAnew', ...ofAccounts },
  summary: "Lists the account's cars anew; answers when that has ended",
  ...byName,
  responses: { ...told, ...refusals([503]) },
};
