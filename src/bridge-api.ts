import { v7 as uuidv7 } from 'uuid';
import type { Account } from './account.js';
import type { Clock } from './daemon/clock.js';
import type { Health } from './daemon/health.js';
import type { Metrics } from './daemon/metrics.js';
import type { Incoming } from './dispatch/admission.js';
import type { CommandHistory } from './dispatch/command-history.js';
import type { BridgeApi } from './http/bridge-api.js';
import type { LiveEvents } from './http/live-events.js';
import type { AuditLog } from './store/audit-log.js';
import type { Write } from './store/store.js';
import type { CommandSource } from './vehicle/command-source.js';
import { readFields } from './vehicle/command.js';
import type { ResponseAddress } from './vehicle/journal-record.js';
import type { LifeCycleEvent } from './vehicle/life-cycle.js';

/** A command, wherever it came from, before it is known who is meant. */
export interface Asked extends Incoming {
  /** `bridge`, or what the sender calls a car. */
  readonly target: string;
  readonly response: ResponseAddress | undefined;
  readonly source: CommandSource;
  readonly also: readonly Write[];
}

export interface BridgeApiSources {
  readonly clock: Clock;
  readonly accounts: () => readonly Account[];
  /** Resolves when it is on the disk, or was refused. */
  readonly take: (command: Asked) => Promise<void>;
  readonly health: () => Health;
  readonly readiness: () => Health;
  readonly registry: Metrics['registry'];
  readonly live: Pick<LiveEvents, 'listen'>;
  readonly state: { readonly document: unknown };
  readonly history: CommandHistory;
  readonly audit: Pick<AuditLog, 'page' | 'events'>;
}

/** What HTTP can ask of the bridge, answered by those whose business it is. */
export function createBridgeApi({
  clock,
  accounts,
  take,
  health,
  readiness,
  registry,
  live,
  state,
  history,
  audit,
}: BridgeApiSources): BridgeApi {
  const find = (name: string): Account | undefined => accounts().find((one) => one.name === name);
  return {
    health,
    readiness,
    metrics: async () => ({ contentType: registry.contentType, text: await registry.metrics() }),
    state: () => state.document,
    vehicles: () => accounts().flatMap(({ vehicles }) => vehicles.documents),
    vehicle: (id) => {
      for (const { vehicles } of accounts()) {
        const car = vehicles.find(id);
        const found = vehicles.documents.find(({ vehicle }) => vehicle === car?.topic_id);
        if (found !== undefined) return found;
      }
      return undefined;
    },
    accounts: () => accounts().map((account) => account.report()),
    account: (name) => find(name)?.report(),
    async login(name) {
      const account = find(name);
      await account?.login();
      return account?.report();
    },
    async list(name) {
      const account = find(name);
      const reason = await account?.list();
      // An account may be ready and still not have listed its cars.
      return account && { ...account.report(), ...(reason === undefined ? {} : { reason }) };
    },
    // Behind a restart only the journal knows of it.
    events: async (id) => history.of(id) ?? (await audit.events(id)),
    commands: (query) => audit.page(query),
    listen: (listener) => live.listen(listener),

    async command(target, name, payload) {
      const { id, identified } = withId(payload);
      let answer: LifeCycleEvent | undefined;
      await take({
        ...{ target, name },
        payload: identified,
        retained: false,
        received_at: clock.now(),
        received: clock.monotonic(),
        response: undefined,
        source: { via: 'http' },
        also: [],
        onAnswer: (event) => {
          answer = event;
        },
      });
      // Of a known id whose ending is being stored nothing is said before that.
      answer ??= asReplayed(history.of(id)?.at(-1));
      if (answer === undefined) throw new Error(`the command ${id} left no event`);
      return answer;
    },
  };
}

function asReplayed(event: LifeCycleEvent | undefined): LifeCycleEvent | undefined {
  return event && { ...event, replayed: true };
}

/** The id by which this command can be told from the others: the sender's, else this one. */
export function withId(
  payload: Uint8Array,
  own = uuidv7(),
): { readonly id: string; readonly identified: Uint8Array } {
  const fields = readFields(payload);
  if (!fields.ok) return { id: own, identified: payload };
  const { id = own } = fields.value;
  const identified = Buffer.from(JSON.stringify({ ...fields.value, id }));
  return { id: typeof id === 'string' ? id : own, identified };
}
