import type { Clock } from '../daemon/clock.js';
import type { AccountReport, BridgeApi } from '../http/bridge-api.js';
import { apiMethods } from './api-methods.js';
import { CallError } from './call-error.js';
import type { Directory } from './directory.js';
import { fullestLife, mergePages } from './fleet-audit.js';
import { createFleetCommand } from './fleet-command.js';
import { answer_ms, createFleetLists, nobody, outOfReach } from './fleet-lists.js';
import type { InstanceCalls } from './instance-calls.js';

export { serveBridgeApi } from './api-methods.js';

export interface FleetApiOptions {
  readonly clock: Clock;
  readonly calls: InstanceCalls;
  /** What this instance says of its own accounts. */
  readonly local: BridgeApi;
  readonly directory: Pick<Directory, 'find'>;
  /** The accounts of the whole fleet. */
  readonly accountNames: () => readonly string[];
  /** The instances that are there now, this one among them. */
  readonly instances: () => readonly string[];
  /** Who has an account now. */
  readonly ownerOf: (account: string) => string | undefined;
  /** Who takes commands to the bridge, and answers what is for nobody's car. */
  readonly speaker: () => string | undefined;
}

/** A sign-in tries more than once, each time as long as a vendor may take. */
const signIn_ms = 300_000;
const watch_ms = 5000;

/**
 * What HTTP asks of the bridge, over the whole fleet. An instance that does not answer in time is left out; health and
 * metrics are of this one alone.
 */
export function createFleetApi(options: FleetApiOptions): BridgeApi {
  const { calls, local, directory, instances, ownerOf, speaker } = options;
  const others = () => instances().filter((name) => name !== calls.instance);
  const soon = { timeout_ms: answer_ms };
  const events: BridgeApi['events'] = async (id) => {
    const told = await calls.askAll(others(), apiMethods.events, { id }, soon);
    return fullestLife([await local.events(id), ...told.values()]);
  };
  const lists = createFleetLists({ ...options, others });
  const take = createFleetCommand({ clock: options.clock, calls, local, events });

  const ofOwner = createOwnerQuestions(options);

  return {
    health: () => local.health(),
    readiness: () => local.readiness(),
    metrics: () => local.metrics(),
    listen: (listener) => local.listen(listener),

    async state() {
      const name = speaker();
      if (name === undefined || name === calls.instance) return local.state();
      const told = await calls.askAll([name], apiMethods.state, null, soon);
      return told.get(name) ?? local.state();
    },

    vehicles: () => lists.vehicles(),
    async vehicle(id) {
      const found = directory.find(id);
      const owner = found && ownerOf(found.account);
      if (owner === undefined || owner === calls.instance) return local.vehicle(id);
      const told = await calls.askAll([owner], apiMethods.oneCar, { id }, soon);
      return told.get(owner);
    },

    accounts: () => lists.accounts(),
    account: (name) => ofOwner('account', name, answer_ms),
    login: (name) => ofOwner('login', name, signIn_ms),
    list: (name) => ofOwner('list', name, signIn_ms),

    command(target, name, payload) {
      const found = target === 'bridge' ? undefined : directory.find(target);
      const owner = found === undefined ? speaker() : ownerOf(found.account);
      return take({ target, name, payload }, owner);
    },

    events,

    async commands(query) {
      const told = await calls.askAll(others(), apiMethods.commands, query, soon);
      const pages = [...told.values()].filter((page) => page !== undefined);
      return mergePages([await local.commands(query), ...pages], query.limit);
    },
  };
}

type OwnerQuestion = 'account' | 'login' | 'list';

/** What the owner of an account answers; without one the account is out of reach. */
function createOwnerQuestions({ calls, local, accountNames, ownerOf }: FleetApiOptions) {
  const starting = 'the instance that has the account is just starting it';
  const ask = (
    owner: string,
    question: OwnerQuestion,
    account: string,
    timeout_ms: number,
  ): AccountReport | undefined | Promise<AccountReport | undefined> =>
    owner === calls.instance
      ? local[question](account)
      : calls.ask(owner, apiMethods[question], { account }, { timeout_ms, watch_ms });

  return async (
    question: OwnerQuestion,
    account: string,
    timeout_ms: number,
  ): Promise<AccountReport | undefined> => {
    if (!accountNames().includes(account)) return undefined;
    const owner = ownerOf(account);
    if (owner === undefined) return outOfReach(account, nobody);
    try {
      const told = await ask(owner, question, account, timeout_ms);
      return told ?? outOfReach(account, starting);
    } catch (error) {
      if (!(error instanceof CallError)) throw error;
      return outOfReach(account, error.message);
    }
  };
}
