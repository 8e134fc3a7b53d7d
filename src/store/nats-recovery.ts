import { inLanes } from './in-lanes.js';
import { LogIndex, type LoggedMessage } from './nats-index.js';
import type { LastMessage, NatsLog } from './nats-log.js';
import { openRecords, sealMessage, type SealingPlace, type StoredHeaders } from './nats-message.js';
import { StoreError } from './store.js';

const lanes = 32;
const mostReplays = 5;

/** Takes the log, of which `last` is the newest message, from whoever had it, and answers where in it what is. */
export async function takeAndRecover(
  log: NatsLog,
  place: SealingPlace,
  last: LastMessage | undefined,
): Promise<LogIndex> {
  if (last !== undefined) {
    // With a wrong key nobody is deposed.
    await openRecords({ ...last, payload_bytes: 0 }, place, () => log.read(last.sequence));
  }
  const end = await log.take(await sealMessage([], place));
  for (let replay = 0; replay < mostReplays; replay += 1) {
    const stored = await log.replay(end);
    const index = new LogIndex();
    for (const message of await openAll(stored, log, place)) index.apply(message);
    // What a former owner still deletes may have been read, and then not the deletion of its keys behind it.
    if ((await log.count()) >= stored.length) return index;
  }
  throw new StoreError('what is stored changes while it is read');
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
