import type { Context } from 'hono';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import type { LifeCycleEvent } from '../vehicle/life-cycle.js';
import type { Failure } from '../vehicle/outcome.js';
import { failureStatus } from './failure-status.js';

/** What is answered where there is no event of a command. */
export function refuse(
  c: Context,
  { code, message, retryable, retry_after_s }: Failure,
  status: ContentfulStatusCode = failureStatus(code),
): Response {
  const more = retry_after_s === undefined ? {} : { retry_after_s };
  return answer(c, status, { schema: 1, code, message, retryable, ...more }, retry_after_s);
}

/** The first event of a command, or the last one of a known id. */
export function answerCommand(c: Context, event: LifeCycleEvent): Response {
  if (event.replayed === true) return answer(c, 200, event);
  if (event.status === 'rejected' || event.status === 'expired') {
    return answer(c, failureStatus(event.code), event, event.retry_after_s);
  }
  const { id, status } = event;
  return answer(c, 202, { id, status, href: `/api/commands/${encodeURIComponent(id)}` });
}

function answer(
  c: Context,
  status: ContentfulStatusCode,
  body: object,
  retry_after_s?: number,
): Response {
  if (retry_after_s !== undefined) c.header('retry-after', String(Math.ceil(retry_after_s)));
  return c.json(body, status);
}
