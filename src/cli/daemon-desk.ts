import { setTimeout as pause } from 'node:timers/promises';
import type { AccountReport } from '../http/account-report.js';
import { ControlFault, type Answer, type ControlClient } from '../http/control-client.js';
import { isEnding, type LifeCycleEvent } from '../vehicle/life-cycle.js';
import { failure, type Failure } from '../vehicle/outcome.js';
import type { CodeMethod } from '../vehicle/task.js';
import type { CodeStep, LoginDesk } from './desk.js';

/** How often the socket is asked whether a command has ended: it pushes nothing. */
const look_ms = 200;

/** Signs in through the running daemon. */
export class DaemonDesk implements LoginDesk {
  readonly #client: ControlClient;
  readonly #stopping: AbortController;

  /** @param stopping The abort signal that the client was made with is its own. */
  constructor(client: ControlClient, stopping: AbortController) {
    this.#client = client;
    this.#stopping = stopping;
  }

  accounts(): Promise<readonly AccountReport[]> {
    return this.#client.accounts();
  }

  async login(account: string): Promise<AccountReport> {
    return must(await this.#client.login(account));
  }

  requestCode(account: string, method: CodeMethod): Promise<CodeStep> {
    return this.#otp({ account, method });
  }

  submitCode(account: string, code: string): Promise<CodeStep> {
    return this.#otp({ account, code });
  }

  close(): Promise<void> {
    this.#stopping.abort();
    return Promise.resolve();
  }

  async #otp(fields: { readonly account: string } & Record<string, string>): Promise<CodeStep> {
    const taken = await this.#client.command('otp', fields);
    const reason = taken.ok ? await this.#endOf(taken.value) : taken.failure;
    return { account: must(await this.#client.account(fields.account)), failure: reason };
  }

  /** Why the command failed. It ends by itself: it has an expiry, and a sign-in has a deadline. */
  async #endOf(id: string): Promise<Failure | undefined> {
    const { signal } = this.#stopping;
    for (;;) {
      const last = (await this.#client.events(id)).at(-1);
      if (last !== undefined && isEnding(last)) return failureOf(last);
      await pause(look_ms, undefined, { signal });
    }
  }
}

function failureOf({ status, code, message, retry_after_s }: LifeCycleEvent): Failure | undefined {
  if (status === 'succeeded') return undefined;
  const more = retry_after_s === undefined ? {} : { retry_after_s };
  return failure(code ?? 'internal', message ?? status, more);
}

function must<T>(answer: Answer<T>): T {
  if (answer.ok) return answer.value;
  const { code, message } = answer.failure;
  throw new ControlFault(`the daemon answers ${code}: ${message}`);
}
