import { pino } from 'pino';
import type { Logger } from '../../src/daemon/logger.js';

/** A logger that keeps its lines for the test. */
export function aLog(): { readonly log: Logger; readonly lines: { level: string; msg: string }[] } {
  const lines: { level: string; msg: string }[] = [];
  const log = pino(
    { level: 'debug', base: null, formatters: { level: (level) => ({ level }) } },
    {
      write: (line: string) => {
        lines.push(JSON.parse(line) as { level: string; msg: string });
      },
    },
  );
  return { log, lines };
}
