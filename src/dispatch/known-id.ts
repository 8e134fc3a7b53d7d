import type { ResponseAddress } from '../vehicle/journal-record.js';
import type { LifeCycleEvent } from '../vehicle/life-cycle.js';
import { failure, type Failure } from '../vehicle/outcome.js';
import type { CommandBook } from './command-book.js';

/** What is to be done with a command, once it is known whether its id is. */
export interface ByItsId {
  readonly response: ResponseAddress | undefined;
  /** The id is free, or the bridge's own. */
  readonly admit: () => Promise<void>;
  readonly refuse: (reason: Failure) => void;
  readonly onReplayed?: ((event: LifeCycleEvent) => void) | undefined;
}

/** Runs a command once for its id: the same one again is answered with its last event, another one is refused. */
export async function admitOnce<W>(
  book: CommandBook<W>,
  id: string | undefined,
  fingerprint: string,
  { response, admit, refuse, onReplayed }: ByItsId,
): Promise<void> {
  if (id === undefined) {
    await admit();
    return;
  }
  await book.claim(id, async () => {
    const status = await book.statusOf(id, fingerprint);
    switch (status.is) {
      case 'free':
        await admit();
        return;
      case 'same':
        book.replay(status.record, response, onReplayed);
        return;
      case 'reused':
        refuse(failure('id_reused', 'this id belongs to another command of the last hour'));
        return;
      case 'unreadable':
        refuse(
          failure('not_stored', 'whether this id is known could not be read, so it will not run'),
        );
        return;
    }
  });
}
