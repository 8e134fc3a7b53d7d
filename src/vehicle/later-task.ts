import { failure, type Failure } from './outcome.js';
import type { Task } from './task.js';

/** A command that waited too long on its way is not sent any more. */
export const tooLateToSend: Failure = failure(
  'timeout',
  'its time was over before it could be sent',
  { sent: false },
);

/** The task as it stands so much later: its times count from when it was handed over. Undefined when it may not be sent any more. */
export function laterTask(task: Task, waited_ms: number): Task | undefined {
  const remaining_ms = Math.max(1, task.remaining_ms - waited_ms);
  if (task.send_within_ms === undefined) return { ...task, remaining_ms };
  const send_within_ms = task.send_within_ms - waited_ms;
  return send_within_ms > 0 ? { ...task, remaining_ms, send_within_ms } : undefined;
}
