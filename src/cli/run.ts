import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { AccountOptions } from '../account-options.js';
import { startBridge, type BridgeOptions } from '../bridge.js';
import type { AccountConfig } from '../config/accounts.js';
import type { Config } from '../config/schema.js';
import { secretsOf } from '../config/secrets.js';
import { watchAccounts } from '../config/watch-accounts.js';
import { systemClock } from '../daemon/clock.js';
import type { Health } from '../daemon/health.js';
import { createLogger, flushLogger, type Logger } from '../daemon/logger.js';
import { KnownSecrets } from '../daemon/redaction.js';
import { createServiceManager } from '../daemon/service-manager.js';
import { openLevelStore } from '../store/level-store.js';
import { StoreError } from '../store/store.js';
import { AccountRoster } from './account-roster.js';
import { bridgeOptions, StartFault } from './bridge-options.js';
import { exitCodes, type ExitCode } from './exit-codes.js';
import { readConfig, type ReadConfig } from './read-config.js';
import { statusLine } from './service/status-line.js';
import { packageVersion } from './version.js';

/** Something that goes on until it is stopped. */
export interface Running {
  stop(): Promise<void>;
}

/** The daemon. Answers an exit code when it could not start. */
export async function run(options: { readonly config?: string }): Promise<Running | ExitCode> {
  const read = await readConfig(options.config);
  return read === undefined ? exitCodes.configuration : runWith(read);
}

export async function runWith(read: ReadConfig): Promise<Running | ExitCode> {
  const { config, warnings } = read;
  const secrets = new KnownSecrets();
  for (const secret of secretsOf(config)) secrets.add(secret);
  const log = createLogger({ ...config.log, secrets });
  for (const warning of warnings) log.warn(warning);
  try {
    return await start(read, log, secrets);
  } catch (error) {
    if (!(error instanceof StartFault || error instanceof StoreError)) throw error;
    log.error(`cannot start: ${error.message}`);
    await flushLogger(log);
    return error instanceof StartFault ? exitCodes.configuration : exitCodes.crash;
  }
}

async function start(
  { config, disabled }: ReadConfig,
  log: Logger,
  secrets: KnownSecrets,
): Promise<Running> {
  const version = packageVersion();
  const options = await bridgeOptions(config, version);
  await mkdir(config.state_dir, { recursive: true, mode: 0o700 });
  log.info({ version, node: process.version, accounts: config.accounts.length }, 'starting');
  const { bridge, watchStored } = await startOf(config, options, log);
  const roster = new AccountRoster({ config, bridge, secrets, log });
  const watches = [
    watchStored?.((accounts) => {
      roster.follow('stored', accounts);
    }),
    config.accounts_dir === undefined
      ? undefined
      : watchAccounts({
          dir: config.accounts_dir,
          accounts: [...config.accounts, ...disabled],
          credentials: process.env['CREDENTIALS_DIRECTORY'],
          onChange: (accounts) => {
            roster.follow('configured', accounts);
          },
          log,
        }),
  ];
  const serviceManager = createServiceManager({
    ...{ environment: process.env, log, health: bridge.health },
    status: () => statusLine(bridge.document()),
  });
  serviceManager.ready();
  return {
    async stop() {
      log.info('stopping');
      serviceManager.stopping();
      for (const watch of watches) watch?.stop();
      await roster.stop();
      await bridge.stop();
      log.info('stopped');
      await flushLogger(log);
    },
  };
}

/** What the daemon needs of the bridge, alone or in a fleet. */
export interface RunningBridge {
  readonly health: () => Health;
  readonly document: () => ReturnType<Awaited<ReturnType<typeof startBridge>>['document']>;
  setAccount(account: AccountOptions): Promise<void>;
  removeAccount(name: string): Promise<void>;
  stop(): Promise<void>;
}

interface Started {
  readonly bridge: RunningBridge;
  /** Tells the accounts that the fleet keeps itself, whenever they have changed. */
  readonly watchStored?: (onChange: (accounts: readonly AccountConfig[]) => void) => {
    stop(): void;
  };
}

async function startOf(config: Config, options: BridgeOptions, log: Logger): Promise<Started> {
  if (config.store.engine === 'nats') {
    // Nothing of NATS is loaded where it is not used.
    const { startInFleet } = await import('./run-in-fleet.js');
    return startInFleet({ ...config, store: config.store }, options, { log, workerEntry });
  }
  const store = await openLevelStore(join(config.state_dir, 'store'));
  const bridge = await startBridge(options, { clock: systemClock, log, store, workerEntry });
  return { bridge };
}

const workerEntry = fileURLToPath(new URL('../worker/run-command.js', import.meta.url));
