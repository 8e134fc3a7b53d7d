import type { CommandBook } from './command-book.js';
import type { JobLife } from './job.js';

/** The life of jobs whose events and records this book keeps. */
export function createJobLife<W>(
  book: Pick<CommandBook<W>, 'markStarted' | 'say' | 'checkpoint' | 'end'>,
): JobLife<W> {
  return {
    begin: (open) => book.markStarted([open.record.id]),
    running: (open, details) => {
      open.phase = 'running';
      book.say(open, 'running', details);
    },
    progress: (open, details) => {
      book.say(open, 'progress', details);
    },
    checkpoint: (open, checkpoint, also) => book.checkpoint(open, checkpoint, also),
    end: (open, status, details) => {
      book.end(open, status, details);
    },
  };
}
