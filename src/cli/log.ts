import type { Config } from '../config/schema.js';
import { ControlClient, ControlFault, NoDaemonError } from '../http/control-client.js';
import { controlPath } from '../http/control-path.js';
import { StoreError } from '../store/store.js';
import type { AuditEntry } from '../vehicle/audit-entry.js';
import { exitCodes, type ExitCode } from './exit-codes.js';
import { follow } from './follow-log.js';
import { newest, type LogOptions } from './log-query.js';
import { LogTable } from './log-table.js';
import { openOwnLog } from './own-log.js';
import { readConfig } from './read-config.js';
import { ownTerminal, type Terminal } from './terminal.js';

/** Shows the audit log, oldest first: through the daemon where one runs, else from the store itself. */
export async function log(
  options: LogOptions,
  terminal: Terminal = ownTerminal(),
): Promise<ExitCode> {
  try {
    const read = await readConfig(options.config);
    return read === undefined
      ? exitCodes.configuration
      : await show(read.config, options, terminal);
  } catch (error) {
    if (terminal.interrupted.aborted) return exitCodes.clean;
    if (!(error instanceof ControlFault || error instanceof StoreError)) throw error;
    terminal.complain(error.message);
    return exitCodes.crash;
  } finally {
    terminal.close();
  }
}

async function show(config: Config, options: LogOptions, terminal: Terminal): Promise<ExitCode> {
  const client = new ControlClient({
    path: controlPath(config.state_dir),
    signIn_ms: config.workers.deadline_ms.sign_in,
    signal: terminal.interrupted,
  });
  const table = new LogTable(terminal, options);
  if (options.follow === true) return follow(client, options, table, terminal);
  const entries =
    (await throughDaemon(client, options)) ?? (await fromStore(config, options, terminal));
  if (entries.length === 0 && options.json !== true) terminal.complain('no commands');
  table.show(entries);
  return exitCodes.clean;
}

/** Undefined where no daemon runs. */
async function throughDaemon(
  client: ControlClient,
  options: LogOptions,
): Promise<readonly AuditEntry[] | undefined> {
  try {
    return await newest((query) => client.commands(query), options);
  } catch (error) {
    if (error instanceof NoDaemonError) return undefined;
    throw error;
  }
}

async function fromStore(
  config: Config,
  options: LogOptions,
  { interrupted }: Terminal,
): Promise<readonly AuditEntry[]> {
  const own = await openOwnLog(config);
  if (own === undefined) return [];
  try {
    return await newest((query) => {
      interrupted.throwIfAborted();
      return own.page(query);
    }, options);
  } finally {
    await own.close();
  }
}
