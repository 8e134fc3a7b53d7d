import { z } from 'zod';
import type { Logger } from './daemon/logger.js';
import { instanceDocumentSchema, type InstanceDocument } from './fleet-summary.js';
import type { CallMethod } from './fleet/call-wire.js';
import type { InstanceCalls } from './fleet/instance-calls.js';
import type { KeptPolling } from './schedule/polling.js';

const nothing = z.null();

const document = {
  name: 'bridge.document',
  params: nothing,
  result: instanceDocumentSchema.nullable(),
} satisfies CallMethod<null, InstanceDocument | null>;

const configured = z.object({ enabled: z.boolean(), every_ms: z.number() });
const kept = z.object({ enabled: z.boolean(), every_ms: z.number(), configured });

const setPolling = {
  name: 'bridge.polling',
  params: kept.nullable(),
  result: nothing,
} satisfies CallMethod<KeptPolling | null, null>;

const announce = {
  name: 'bridge.announce',
  params: nothing,
  result: nothing,
} satisfies CallMethod<null, null>;

const answer_ms = 4000;

/** What an instance does when the one that speaks for the fleet asks for it. */
export interface InstanceDuties {
  /** What it says of itself. */
  readonly document: () => unknown;
  /** What a person has set of the polls; null: nothing. */
  readonly setPolling: (kept: KeptPolling | null) => void;
  /** Publishes everything retained again. */
  readonly announce: () => void;
}

export function serveInstance(calls: InstanceCalls, duties: InstanceDuties): void {
  calls.serve(document, () => instanceDocumentSchema.nullable().parse(duties.document()));
  calls.serve(setPolling, (polling) => {
    duties.setPolling(polling);
    return null;
  });
  calls.serve(announce, () => {
    duties.announce();
    return null;
  });
}

/** What the instance that speaks for the fleet asks of all of them. */
export function createSpeakerCalls(
  calls: InstanceCalls,
  instances: () => readonly string[],
  log: Logger,
) {
  const tell = <P>(method: CallMethod<P, null>, params: P): void => {
    const told = calls.askAll(instances(), method, params, { timeout_ms: answer_ms });
    void told.then((answers) => {
      const away = [...answers].flatMap(([name, one]) => (one === undefined ? [name] : []));
      if (away.length > 0)
        log.warn({ instances: away, what: method.name }, 'instances did not hear');
    });
  };
  return {
    async documents(): Promise<ReadonlyMap<string, InstanceDocument>> {
      const told = await calls.askAll(instances(), document, null, { timeout_ms: answer_ms });
      return new Map([...told].flatMap(([name, one]) => (one == null ? [] : [[name, one]])));
    },
    tellPolling: (polling: KeptPolling | undefined): void => {
      tell(setPolling, polling ?? null);
    },
    announce: (): void => {
      tell(announce, null);
    },
  };
}
