import { once } from 'node:events';
import { request, type IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { z } from 'zod';
import type { Health } from '../daemon/health.js';
import { isSystemError } from '../daemon/system-error.js';
import { auditPageSchema, type AuditPage, type AuditQuery } from '../vehicle/audit-entry.js';
import { lifeCycleEventSchema, type LifeCycleEvent } from '../vehicle/life-cycle.js';
import { failureCodes, failure, type Failure } from '../vehicle/outcome.js';
import { accountReportSchema, type AccountReport } from './account-report.js';
import { writeAuditQuery } from './audit-query.js';
import { controlPathFault } from './control-path.js';

/** The daemon did not answer as it should. */
export class ControlFault extends Error {
  override readonly name: string = 'ControlFault';
}

/** No daemon serves this socket. */
export class NoDaemonError extends ControlFault {
  override readonly name = 'NoDaemonError';
}

export type Answer<T> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly failure: Failure };

export interface ControlClientOptions {
  readonly path: string;
  /** How long a sign-in may take. */
  readonly signIn_ms: number;
  /** Ends what is under way. */
  readonly signal?: AbortSignal;
}

const usual_ms = 10_000;
/** Who asks whether the daemon still turns does not wait long for one that does not. */
const health_ms = 5000;
/** Beyond what the daemon allows itself. */
const margin_ms = 30_000;

const accountsSchema = z.object({ accounts: z.array(accountReportSchema) });
const healthSchema = z.union([
  z.object({ ok: z.literal(true) }),
  z.object({ ok: z.literal(false), reasons: z.array(z.string()).readonly() }),
]);
const takenSchema = z.object({ id: z.string() });
const eventsSchema = z.object({ events: z.array(lifeCycleEventSchema) });
const refusalSchema = z.object({
  code: z.enum(failureCodes).catch('internal'),
  message: z.string(),
  retry_after_s: z.number().optional(),
});

/**
 * Speaks with the running daemon over its control socket.
 * Every call throws NoDaemonError where none runs, and another ControlFault where it does not answer as it should.
 */
export class ControlClient {
  readonly #options: ControlClientOptions;

  constructor(options: ControlClientOptions) {
    this.#options = options;
  }

  /** Whether the daemon does its work: the answer is the same with either status. */
  async health(): Promise<Health> {
    const { json } = await this.#exchange('GET', '/healthz', health_ms, undefined);
    return understood(healthSchema, json);
  }

  async accounts(): Promise<readonly AccountReport[]> {
    return must(await this.#ask('GET', '/api/accounts', accountsSchema)).accounts;
  }

  account(name: string): Promise<Answer<AccountReport>> {
    return this.#ask('GET', `/api/accounts/${encodeURIComponent(name)}`, accountReportSchema);
  }

  /** Answers when the sign-in has ended, one way or the other. */
  login(name: string): Promise<Answer<AccountReport>> {
    return this.#signIn(name, 'login');
  }

  /** Answers when the account has listed its cars anew, or could not. */
  list(name: string): Promise<Answer<AccountReport>> {
    return this.#signIn(name, 'list');
  }

  /** Hands a command to the bridge; the answer is its id. */
  async command(name: string, payload: Readonly<Record<string, string>>): Promise<Answer<string>> {
    const route = `/api/bridge/commands/${encodeURIComponent(name)}`;
    const taken = await this.#ask('POST', route, takenSchema, usual_ms, payload);
    return taken.ok ? { ok: true, value: taken.value.id } : taken;
  }

  /** What is known of a command, oldest first. */
  async events(id: string): Promise<readonly LifeCycleEvent[]> {
    return must(await this.#events(id)).events;
  }

  /** The same; nothing where the id is not known. */
  async eventsIfKnown(id: string): Promise<readonly LifeCycleEvent[]> {
    const answer = await this.#events(id);
    return !answer.ok && answer.failure.code === 'unknown_id' ? [] : must(answer).events;
  }

  /** A page of the audit log. */
  async commands(query: AuditQuery): Promise<AuditPage> {
    return must(await this.#ask('GET', `/api/commands?${writeAuditQuery(query)}`, auditPageSchema));
  }

  #events(id: string): Promise<Answer<z.infer<typeof eventsSchema>>> {
    return this.#ask('GET', `/api/commands/${encodeURIComponent(id)}`, eventsSchema);
  }

  #signIn(name: string, what: 'login' | 'list'): Promise<Answer<AccountReport>> {
    const route = `/api/accounts/${encodeURIComponent(name)}/${what}`;
    return this.#ask('POST', route, accountReportSchema, this.#options.signIn_ms + margin_ms);
  }

  async #ask<T>(
    method: 'GET' | 'POST',
    route: string,
    schema: z.ZodType<T>,
    timeout_ms = usual_ms,
    body?: unknown,
  ): Promise<Answer<T>> {
    const { status, json } = await this.#exchange(method, route, timeout_ms, body);
    if (status < 300) return { ok: true, value: understood(schema, json) };
    const { code, message, retry_after_s } = understood(refusalSchema, json);
    const more = retry_after_s === undefined ? {} : { retry_after_s };
    return { ok: false, failure: failure(code, message, more) };
  }

  async #exchange(method: string, route: string, timeout_ms: number, body: unknown) {
    const { path, signal } = this.#options;
    const fault = controlPathFault(path);
    if (fault !== undefined) throw new NoDaemonError(`no daemon can serve ${path}: ${fault}`);
    const late = AbortSignal.timeout(timeout_ms);
    try {
      const asked = request({
        socketPath: path,
        path: route,
        method,
        agent: false,
        headers: { 'content-type': 'application/json' },
        signal: signal === undefined ? late : AbortSignal.any([signal, late]),
      });
      asked.end(body === undefined ? undefined : JSON.stringify(body));
      const [response] = (await once(asked, 'response')) as [IncomingMessage];
      return { status: response.statusCode ?? 500, json: parse(await text(response)) };
    } catch (error) {
      throw explained(error, path, late.aborted ? timeout_ms : undefined);
    }
  }
}

function must<T>(answer: Answer<T>): T {
  if (answer.ok) return answer.value;
  throw new ControlFault(`the daemon answers ${answer.failure.code}: ${answer.failure.message}`);
}

function understood<T>(schema: z.ZodType<T>, json: unknown): T {
  const parsed = schema.safeParse(json);
  if (parsed.success) return parsed.data;
  throw new ControlFault(
    'the answer of the daemon cannot be understood; is it of another version than this program?',
  );
}

function parse(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}

function explained(error: unknown, path: string, waited_ms: number | undefined): Error {
  if (waited_ms !== undefined) {
    const waited_s = String(Math.round(waited_ms / 1000));
    return new ControlFault(`the daemon gave no answer on ${path} for ${waited_s} s`);
  }
  if (isSystemError(error, 'ENOENT') || isSystemError(error, 'ECONNREFUSED')) {
    return new NoDaemonError(`no daemon serves ${path}`);
  }
  if (isSystemError(error, 'EACCES') || isSystemError(error, 'EPERM')) {
    return new ControlFault(
      `${path} belongs to another user: run this as the user of the daemon, or as root`,
    );
  }
  const reason = error instanceof Error ? error.message : String(error);
  return new ControlFault(`the daemon on ${path} ended the conversation: ${reason}`);
}
