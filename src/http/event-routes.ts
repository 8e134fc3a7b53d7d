import { z } from '@hono/zod-openapi';
import { streamSSE } from 'hono/streaming';
import { failure } from '../vehicle/outcome.js';
import { refuse } from './answers.js';
import type { BridgeApi } from './bridge-api.js';
import { EventQueue } from './event-queue.js';
import { addRoute, refusals, type App } from './route.js';

const mostReaders = 32;
/** Something is sent at least so often, so that both ends notice when the other is gone. */
const silence_ms = 15_000;
const heartbeat = ': \n\n';
const streamType = 'text/event-stream';

/** What happens, as it happens. Answers how to end every stream. */
export function addEventRoutes(app: App, api: BridgeApi): () => void {
  const open = new Set<EventQueue>();
  addRoute(app, { method: 'get', path: '/api/events', ...events }, (c) => {
    // Nobody would ever read the stream.
    if (c.req.method === 'HEAD') return c.body(null, 200, { 'content-type': streamType });
    if (open.size >= mostReaders) {
      return refuse(c, failure('queue_full', 'too many read events already'));
    }
    const queue = new EventQueue();
    open.add(queue);
    const removeListener = api.listen((event) => {
      queue.put(event);
    });
    // Or a proxy would keep events until it has some more.
    c.header('x-accel-buffering', 'no');
    const endsAt = c.get('accessEndsAt') ?? Infinity;
    return streamSSE(c, async (stream) => {
      stream.onAbort(() => {
        queue.close();
      });
      try {
        // The headers go out with the first byte: who asked knows at once that it is heard.
        await stream.write(heartbeat);
        while (!queue.isClosed && !stream.aborted && Date.now() < endsAt) {
          const event = await queue.next(Math.min(silence_ms, endsAt - Date.now()));
          if (event === undefined) await stream.write(heartbeat);
          else await stream.writeSSE({ event: event.kind, data: JSON.stringify(event.data) });
        }
      } finally {
        removeListener();
        queue.close();
        open.delete(queue);
      }
    });
  });
  return () => {
    for (const queue of open) queue.close();
  };
}

const events = {
  operationId: 'getEvents',
  tags: ['commands' as const],
  summary:
    'Server-sent events: `state`, `info`, `availability` of cars, `result` and `progress` of commands, `bridge`',
  responses: {
    200: {
      description: 'A stream that goes on',
      content: { [streamType]: { schema: z.string() } },
    },
    ...refusals([401, 403, 429]),
  },
};
