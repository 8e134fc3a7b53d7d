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

/** What happens, as it happens. Answers how to end every stream. */
export function addEventRoutes(app: App, api: BridgeApi): () => void {
  const open = new Set<EventQueue>();
  addRoute(app, { method: 'get', path: '/api/events', ...events }, (c) => {
    if (open.size >= mostReaders) {
      return refuse(c, failure('queue_full', 'too many read events already'));
    }
    const queue = new EventQueue();
    open.add(queue);
    const removeListener = api.listen((event) => {
      queue.put(event);
    });
    const endsAt = c.get('accessEndsAt');
    return streamSSE(c, async (stream) => {
      stream.onAbort(() => {
        queue.close();
      });
      try {
        // The headers go out with the first byte: who asked knows at once that it is heard.
        await stream.write(': \n\n');
        while (!queue.isClosed && !stream.aborted && Date.now() < (endsAt ?? Infinity)) {
          const event = await queue.next(silence_ms);
          if (event === undefined) await stream.write(': \n\n');
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
  summary:
    'Server-sent events: `state`, `info`, `availability` of cars, `result` and `progress` of commands, `bridge`',
  responses: {
    200: {
      description: 'A stream that goes on',
      content: { 'text/event-stream': { schema: z.string() } },
    },
    ...refusals([401, 403, 429]),
  },
};
