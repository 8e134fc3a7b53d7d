import { describe, expect, test } from 'vitest';
import type { FailureCode } from '../../src/vehicle/outcome.js';
import type { Answer, Sent } from '../support/http-client.js';
import { aCar, MemoryBridge } from './memory-bridge.js';
import { Described, operationsOf, type OpenApiDocument } from './openapi-document.js';
import { serveWeb, token, type ServedWeb } from './served.js';

const { ask: askOnce } = await serveWeb({ token });
const { text } = await askOnce('GET /api/openapi.json', { token });
const document = JSON.parse(text) as OpenApiDocument;
const described = new Described(document);

/** A request that goes well, by the name of the call. */
const lines: Readonly<Record<string, string>> = {
  getHealth: 'GET /healthz',
  getReadiness: 'GET /readyz',
  getMetrics: 'GET /metrics',
  getOpenApi: 'GET /api/openapi.json',
  getBridgeState: 'GET /api/state',
  getVehicles: 'GET /api/vehicles',
  getVehicle: 'GET /api/vehicles/ioniq5',
  getAccounts: 'GET /api/accounts',
  getAccount: 'GET /api/accounts/home',
  signInAccount: 'POST /api/accounts/home/login',
  listVehiclesAnew: 'POST /api/accounts/home/list',
  commandVehicle: 'POST /api/vehicles/ioniq5/commands/lock',
  commandBridge: 'POST /api/bridge/commands/announce',
  cancelCommand: 'DELETE /api/commands/known',
  getAuditLog: 'GET /api/commands?limit=5',
  getCommand: 'GET /api/commands/known',
  getEvents: 'GET /api/events',
  getSession: 'GET /api/session',
  signIn: 'POST /api/session',
  signOut: 'DELETE /api/session',
};

const bodies: Readonly<Record<string, string>> = {
  commandVehicle: '"lock"',
  signIn: JSON.stringify({ token }),
};

type Case = (served: ServedWeb, line: string, sent: Sent) => Promise<Answer>;

const well: Case = async (served, line, sent) => {
  await served.ask('POST /api/bridge/commands/announce', { token, body: '{"id":"known"}' });
  return served.ask(line, sent);
};

const failing: Case = ({ bridge, ask }, line, sent) => {
  bridge.fails = new Error('the disk is gone');
  return ask(line, sent);
};

const rejecting =
  (code: FailureCode): Case =>
  ({ bridge, ask }, line, sent) => {
    bridge.rejects = { code, message: 'no', retryable: false };
    return ask(line, sent);
  };

const another =
  (part: string): Case =>
  ({ ask }, line, sent) =>
    ask(line.replace(/ioniq5|home|known/, part), sent);

/** Ten wrong tokens, and even the right one has to wait. */
const guessed: Case = async ({ ask }, line, sent) => {
  for (let at = 0; at < 10; at += 1) await ask('GET /api/state', { token: `wrong-${String(at)}` });
  return ask(line, sent);
};

/** For what is asked without a token. */
const asked: Case = async ({ ask }, line) => {
  for (;;) {
    const answers = await Promise.all(Array.from({ length: 32 }, () => ask(line)));
    const limited = answers.find(({ status }) => status === 429);
    if (limited !== undefined) return limited;
  }
};

const replayed: Case = async ({ ask }, line, sent) => {
  const withId = { ...sent, body: '{"id":"twice","value":"lock"}' };
  await ask(line, withId);
  return ask(line, withId);
};

/** Where every call answers the same way. */
const usual: Readonly<Record<string, Case>> = {
  200: well,
  401: ({ ask }, line, { body }) => ask(line, body === undefined ? {} : { body }),
  403: ({ ask }, line, sent) => ask(line, { ...sent, headers: { host: 'evil.example' } }),
  429: guessed,
};

const ofCommand: Readonly<Record<string, Case>> = {
  202: well,
  200: replayed,
  400: ({ ask }, line, sent) => ask(line, { ...sent, body: 'half an obj' }),
  404: rejecting('unsupported'),
  409: rejecting('battery_guard'),
  503: rejecting('breaker_open'),
};

const cases: Readonly<Record<string, Readonly<Record<string, Case>>>> = {
  getHealth: {
    503: ({ bridge, ask }, line, sent) => {
      bridge.faults.push('the event loop stood still for 6 s');
      return ask(line, sent);
    },
  },
  getReadiness: {
    503: ({ bridge, ask }, line, sent) => {
      bridge.absences.push('the broker is not connected');
      return ask(line, sent);
    },
  },
  getBridgeState: {
    503: ({ bridge, ask }, line, sent) => {
      bridge.document = null;
      return ask(line, sent);
    },
  },
  getVehicle: { 404: another('unknown') },
  getAccount: { 404: another('unknown') },
  signInAccount: { 404: another('unknown'), 503: failing },
  listVehiclesAnew: { 404: another('unknown'), 503: failing },
  commandVehicle: ofCommand,
  commandBridge: ofCommand,
  cancelCommand: {
    ...ofCommand,
    200: async (served, line, sent) => {
      const { bridge } = served;
      bridge.rejects = { status: 'succeeded', replayed: true };
      return served.ask(line, sent);
    },
    400: rejecting('invalid_payload'),
  },
  getAuditLog: { 400: ({ ask }, line, sent) => ask(line.replace('=5', '=0'), sent), 503: failing },
  getCommand: { 404: another('unknown'), 503: failing },
  getEvents: {
    200: async (served, line, sent) => {
      const answer = served.ask(line, sent);
      await expect.poll(() => served.bridge.listeners, { timeout: 15_000 }).toBe(1);
      await served.web.stop();
      return answer;
    },
  },
  signIn: {
    400: ({ ask }, line) => ask(line, { body: '{"token":5}' }),
    401: ({ ask }, line) => ask(line, { body: '{"token":"another"}' }),
  },
  signOut: { 204: well, 429: asked },
};

const documented = operationsOf(document).flatMap(({ operation: { operationId, responses } }) =>
  Object.keys(responses).map((status) => [operationId, status] as const),
);

describe('what the document says is answered', () => {
  test.each(documented)('%s %s', async (operationId, status) => {
    const line = lines[operationId];
    const provoke = cases[operationId]?.[status] ?? usual[status];
    if (line === undefined || provoke === undefined) throw new Error('there is no case for it');
    const served = await serveWeb({ token }, new MemoryBridge());
    served.bridge.documents.push(aCar);
    const body = bodies[operationId];
    const answer = await provoke(served, line, { token, ...(body === undefined ? {} : { body }) });
    expect(String(answer.status), answer.text).toBe(status);
    described.expectDocumented(operationId, answer);
  });

  test('no case is left over', () => {
    const ids = new Set(documented.map(([operationId]) => operationId));
    expect(new Set(Object.keys(lines))).toEqual(ids);
  });
});
