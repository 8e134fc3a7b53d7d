import { senderId } from '../vehicle/command.js';
import type { LifeCycleEvent } from '../vehicle/life-cycle.js';
import type { Refusal } from './admission.js';
import { failureDetails } from './command-book.js';

const longestName = 64;

/** The one event of a command that is not taken: no part of any life cycle, so `seq` is 0. */
export function refusalEvent(
  refusal: Refusal,
  vehicle: string | null,
  { name, payload }: { readonly name: string; readonly payload: Uint8Array },
  ownId: string,
  at: string,
): LifeCycleEvent {
  const said =
    refusal.status === 'rejected' ? failureDetails(refusal.failure) : { message: refusal.message };
  return {
    schema: 1,
    id: refusal.id ?? senderId(payload) ?? ownId,
    seq: 0,
    vehicle,
    command: name.slice(0, longestName),
    ...(refusal.value === undefined ? {} : { value: refusal.value }),
    status: refusal.status,
    at,
    ...said,
  };
}
