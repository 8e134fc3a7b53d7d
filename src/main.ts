#!/usr/bin/env node
import { runSubcommand } from './cli/program.js';

/** What the daemon writes is for its own user alone: the store holds sessions. */
process.umask(0o077);

const result = await runSubcommand(process.argv.slice(2));
if (typeof result === 'number') process.exitCode = result;
else stopOnSignal(() => result.stop());

/** npm passes a Ctrl-C on that the terminal has sent already: so soon it is the same one. */
const sameSignal_ms = 1000;

/** The first signal stops cleanly, a second one at once. */
function stopOnSignal(stop: () => Promise<void>): void {
  let firstAt: number | undefined;
  const onSignal = (): void => {
    const now = performance.now();
    if (firstAt !== undefined) {
      if (now - firstAt > sameSignal_ms) process.exit(1);
      return;
    }
    firstAt = now;
    stop().then(
      () => process.exit(0),
      (error: unknown) => {
        process.stderr.write(`${String(error)}\n`);
        process.exit(1);
      },
    );
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
}
