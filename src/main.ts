#!/usr/bin/env node
import { runSubcommand } from './cli/program.js';

/** What the daemon writes is for its own user alone: the store holds sessions. */
process.umask(0o077);

const result = await runSubcommand(process.argv.slice(2));
if (typeof result === 'number') process.exitCode = result;
else stopOnSignal(() => result.stop());

/** The first signal stops cleanly, the second at once. */
function stopOnSignal(stop: () => Promise<void>): void {
  let isStopping = false;
  const onSignal = (): void => {
    if (isStopping) process.exit(1);
    isStopping = true;
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
