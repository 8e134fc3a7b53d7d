import type { Clock } from '../../src/daemon/clock.js';
import { CommandBook, type NewCommand } from '../../src/dispatch/command-book.js';
import { createJournal } from '../../src/store/journal.js';
import type { Store, Write } from '../../src/store/store.js';
import type { Parcel } from '../../src/vehicle/journal-record.js';
import { lifeCycleEventSchema, type LifeCycleEvent } from '../../src/vehicle/life-cycle.js';

/** A book of one account on this store, and everything it has said, in order. */
export function aBook(
  store: Store,
  clock: Clock,
  boot = 1,
  onStep: (event: LifeCycleEvent) => void = () => undefined,
) {
  const said: LifeCycleEvent[] = [];
  const delivered: Parcel[] = [];
  const journal = createJournal(store, 'account/home/');
  const note = (payload: string): void => {
    said.push(lifeCycleEventSchema.parse(JSON.parse(payload)));
  };
  const book = new CommandBook<Write>({
    clock,
    boot,
    retry: { initial_ms: 1000, factor: 2, max_ms: 8000, jitter: 0 },
    journal,
    address: (event, response) => [
      { topic: 'car/result', payload: JSON.stringify(event) },
      ...(response === undefined ? [] : [{ ...response, payload: JSON.stringify(event) }]),
    ],
    deliver: (parcel) => {
      delivered.push(parcel);
      note(parcel.messages[0]?.payload ?? '');
    },
    publish: (messages) => {
      note(messages[0]?.payload ?? '');
    },
    onEvent: onStep,
    onReplay: onStep,
    onStoreTrouble: () => undefined,
  });
  return { book, journal, said, delivered };
}

export function aCommand(clock: Clock, more: Partial<NewCommand<Write>> = {}): NewCommand<Write> {
  return {
    id: undefined,
    vendorId: 'vendor-id',
    vehicle: 'car',
    command: 'refresh',
    value: 'force',
    request: { name: 'refresh', mode: 'force', override: false },
    fingerprint: 'the same',
    received_at: clock.now(),
    received: clock.monotonic(),
    deadline: clock.now() + 300_000,
    response: undefined,
    position: 0,
    also: [],
    ...more,
  };
}
