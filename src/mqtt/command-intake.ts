import type { IPublishPacket } from 'mqtt';
import type { Clock } from '../daemon/clock.js';
import type { Logger } from '../daemon/logger.js';
import { sourceLimits, type CommandSource } from '../vehicle/command-source.js';
import type { ResponseAddress } from '../vehicle/journal-record.js';
import type { Received } from './connection.js';
import type { Redelivery } from './redelivery.js';
import { isSafeResponseTopic, type Topics } from './topics.js';

/** A command as it came from the broker; nothing of its payload has been looked at. */
export interface Arrived<W> {
  /** `bridge`, or what the sender calls a car. */
  readonly target: string;
  readonly name: string;
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly retained: boolean;
  readonly messageExpiry_s?: number;
  /** Epoch and monotonic milliseconds. */
  readonly received_at: number;
  readonly received: number;
  readonly response: ResponseAddress | undefined;
  /** Who asked. */
  readonly source: CommandSource;
  /** Goes into the journal's batch: the packet that brought it. */
  readonly also: readonly W[];
}

export interface CommandIntakeOptions<W> {
  readonly topics: Topics;
  readonly redelivery: Redelivery<W>;
  readonly responseLimits: {
    readonly prefix: string | undefined;
    readonly discoveryPrefix: string;
  };
  readonly clock: Clock;
  readonly log: Logger;
  /** Resolves when the packet may be acknowledged. */
  readonly take: (arrived: Arrived<W>) => Promise<void>;
  /** Removes a retained command at the broker. */
  readonly clear: (topic: string) => void;
}

/** From packets to commands: what is empty, redelivered or no command goes no further. */
export function createCommandIntake<W>(options: CommandIntakeOptions<W>) {
  const { topics, redelivery, clock, log } = options;
  /** What is being stored: its redelivery is acknowledged no sooner than it would be itself. */
  const underWay = new Map<number, Promise<void>>();
  let hasWarnedOfResponse = false;

  const responseOf = (packet: IPublishPacket): ResponseAddress | undefined => {
    const topic = packet.properties?.responseTopic;
    if (topic === undefined) return undefined;
    if (!isSafeResponseTopic(topic, topics, options.responseLimits)) {
      if (!hasWarnedOfResponse)
        log.warn('a response topic is ignored: it is none that may be written to');
      hasWarnedOfResponse = true;
      return undefined;
    }
    const correlation = packet.properties?.correlationData?.toString('base64');
    return correlation === undefined ? { topic } : { topic, correlation };
  };

  const take = async (packet: IPublishPacket): Promise<void> => {
    const addressed = topics.parseCommand(packet.topic);
    const payload = toBytes(packet.payload);
    if (addressed === undefined || payload.length === 0) return;
    if (packet.retain) options.clear(packet.topic);
    const { messageId, topic } = packet;
    const came = { topic, payload, isSecret: isSecret(addressed) };
    if (packet.dup && messageId !== undefined && (await redelivery.isKnown(messageId, came))) {
      log.debug({ topic }, 'a redelivered command is known already');
      await underWay.get(messageId);
      return;
    }
    const entry = messageId === undefined ? undefined : redelivery.enter(messageId, came);
    const expiry = packet.properties?.messageExpiryInterval;
    const response = responseOf(packet);
    const taken = options.take({
      ...addressed,
      topic,
      payload,
      retained: packet.retain,
      ...(expiry === undefined ? {} : { messageExpiry_s: expiry }),
      received_at: clock.now(),
      received: clock.monotonic(),
      response,
      source: sourceOf(packet, response),
      also: entry === undefined ? [] : [entry],
    });
    if (messageId === undefined) return taken;
    underWay.set(messageId, taken);
    return taken.finally(() => {
      if (underWay.get(messageId) === taken) underWay.delete(messageId);
    });
  };

  return {
    receive({ packet, acknowledge }: Received): void {
      take(packet)
        .catch((err: unknown) => {
          log.error({ err }, 'a command could not be taken');
        })
        .finally(acknowledge);
    },
  };
}

function sourceOf(
  { topic, properties }: IPublishPacket,
  response: ResponseAddress | undefined,
): CommandSource {
  const named = [properties?.userProperties?.['client']].flat()[0]?.slice(0, sourceLimits.client);
  return {
    via: 'mqtt',
    topic: topic.slice(0, sourceLimits.topic),
    ...(response === undefined ? {} : { response_topic: response.topic }),
    ...(named === undefined || named === '' ? {} : { client: named }),
  };
}

/** A one-time code. */
function isSecret({ target, name }: { readonly target: string; readonly name: string }): boolean {
  return target === 'bridge' && name === 'otp';
}

function toBytes(payload: string | Buffer): Uint8Array {
  return typeof payload === 'string' ? Buffer.from(payload) : payload;
}
