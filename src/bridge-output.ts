import type { AccountOutput } from './account-options.js';
import { flatValues } from './mqtt/flat-values.js';
import type { LiveEvents } from './http/live-events.js';
import type { LegacyTopics } from './mqtt/legacy-topics.js';
import type { Publisher } from './mqtt/publisher.js';
import type { Topics } from './mqtt/topics.js';

export interface BridgeOutputOptions {
  readonly publisher: Publisher;
  readonly topics: Topics;
  /** Each value of a car bare on a topic of its own, too. */
  readonly flatTopics: boolean;
  /** The topics of the Python predecessor, too. */
  readonly legacy: LegacyTopics | undefined;
  /** Whoever looks on over HTTP. */
  readonly live: Pick<LiveEvents, 'tell'>;
  readonly step: AccountOutput['step'];
  readonly carsChanged: AccountOutput['carsChanged'];
  readonly changed: AccountOutput['changed'];
  readonly trouble: AccountOutput['trouble'];
}

/** What an account says, on the topics of the contract. */
export function createBridgeOutput(options: BridgeOutputOptions): AccountOutput {
  const { publisher, topics, flatTopics, legacy, live, step } = options;
  return {
    address: (event, response) => {
      const payload = JSON.stringify(event);
      const own =
        event.vehicle === null ? topics.bridge.result : topics.vehicle(event.vehicle).result;
      return [
        { topic: own, payload },
        ...(response === undefined ? [] : [{ ...response, payload }]),
      ];
    },
    deliver: (parcel, delivered) => {
      publisher.deliver(parcel, delivered);
    },
    publish: (messages) => {
      publisher.say(messages);
    },
    state: (document) => {
      const own = topics.vehicle(document.id);
      publisher.retain(own.state, JSON.stringify(document));
      legacy?.state(document);
      live.tell({ kind: 'state', data: document });
      if (!flatTopics) return;
      for (const [path, value] of flatValues(document)) publisher.retain(own.value(path), value);
    },
    info: (info) => {
      publisher.retain(topics.vehicle(info.id).info, JSON.stringify(info));
      live.tell({ kind: 'info', data: info });
    },
    availability: (vehicle, online) => {
      live.tell({ kind: 'availability', data: { vehicle, available: online } });
      publisher.retain(topics.vehicle(vehicle).availability, online ? 'online' : 'offline');
    },
    trips: (vehicle, month) => {
      publisher.retain(topics.vehicle(vehicle).trips(month.month), JSON.stringify(month));
    },
    step: (event, ...more) => {
      legacy?.step(event);
      step(event, ...more);
    },
    carsChanged: options.carsChanged,
    changed: options.changed,
    trouble: options.trouble,
  };
}
