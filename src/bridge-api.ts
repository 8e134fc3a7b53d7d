import { v7 as uuidv7 } from 'uuid';
import type { Account } from './account.js';
import type { OwnCommands } from './bridge-own-commands.js';
import type { Clock } from './daemon/clock.js';
import type { CommandHistory } from './dispatch/command-history.js';
import type { BridgeApi } from './http/bridge-api.js';
import type { AuditLog } from './store/audit-log.js';
import { readFields } from './vehicle/command.js';
import type { LifeCycleEvent } from './vehicle/life-cycle.js';

export interface BridgeApiSources {
  readonly clock: Clock;
  readonly accounts: readonly Account[];
  readonly ownCommands: Pick<OwnCommands, 'handle'>;
  readonly state: { readonly document: unknown };
  readonly history: CommandHistory;
  readonly audit: Pick<AuditLog, 'page' | 'events'>;
}

/** What HTTP can ask of the bridge, answered by those whose business it is. */
export function createBridgeApi({
  clock,
  accounts,
  ownCommands,
  state,
  history,
  audit,
}: BridgeApiSources): BridgeApi {
  const find = (name: string): Account | undefined => accounts.find((one) => one.name === name);
  return {
    state: () => state.document,
    vehicles: () => accounts.flatMap(({ vehicles }) => vehicles.documents),
    vehicle: (id) => {
      for (const { vehicles } of accounts) {
        const car = vehicles.find(id);
        const found = vehicles.documents.find(({ vehicle }) => vehicle === car?.topic_id);
        if (found !== undefined) return found;
      }
      return undefined;
    },
    accounts: () => accounts.map((account) => account.report()),
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

    async command(name, payload) {
      const { id, identified } = withId(payload);
      let answer: LifeCycleEvent | undefined;
      await ownCommands.handle({
        name,
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
      answer ??= history.of(id)?.at(-1);
      if (answer === undefined) throw new Error(`the command ${id} left no event`);
      return answer;
    },
  };
}

/** The id by which this command can be told from the others: the sender's, else one of ours. */
function withId(payload: Uint8Array): { readonly id: string; readonly identified: Uint8Array } {
  const fields = readFields(payload);
  const own = uuidv7();
  if (!fields.ok) return { id: own, identified: payload };
  const { id = own } = fields.value;
  const identified = Buffer.from(JSON.stringify({ ...fields.value, id }));
  return { id: typeof id === 'string' ? id : own, identified };
}
