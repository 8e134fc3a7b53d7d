import { inLanes } from './in-lanes.js';
import type { LogIndex, LoggedMessage } from './nats-index.js';
import type { LastMessage, NatsLog } from './nats-log.js';
import { openRecords, sealMessage, type SealingPlace, type StoredHeaders } from './nats-message.js';

const lanes = 32;

/** Takes the log, of which `last` is the newest message, from whoever had it, and notes in the index where in it what is. */
export async function takeAndRecover(
  log: NatsLog,
  place: SealingPlace,
  last: LastMessage | undefined,
  index: LogIndex,
): Promise<void> {
  if (last !== undefined) {
    // With a wrong key nobody is deposed.
    await openRecords({ ...last, payload_bytes: 0 }, place, () => log.read(last.sequence));
  }
  const end = await log.take(await sealMessage([], place));
  for (const message of await openAll(await log.replay(end), log, place)) index.apply(message);
}

async function openAll(
  stored: readonly StoredHeaders[],
  log: NatsLog,
  place: SealingPlace,
): Promise<LoggedMessage[]> {
  const messages: LoggedMessage[] = [];
  await inLanes(lanes, stored.entries(), async ([number, one]) => {
    const opened = await openRecords(one, place, () => log.read(one.sequence));
    messages[number] = { sequence: one.sequence, ...opened };
  });
  return messages;
}
