import { readFile } from 'node:fs/promises';
import type { AccountSessionOptions } from '../account-session.js';
import type { AccountOptions } from '../account-options.js';
import { findBluelinky } from '../backends/bluelinky/installed.js';
import { notReached } from '../backends/bluelinky/reach.js';
import type { BackendSettings } from '../backends/create-backend.js';
import { findEnvironmentPython } from '../backends/hyundai-kia-connect/environment.js';
import { createSharedCars } from '../backends/simulator.js';
import type { BridgeOptions } from '../bridge.js';
import type { Config } from '../config/schema.js';
import type { VendorLimit } from '../dispatch/budget.js';
import { vendorLimit } from '../dispatch/vendor-limits.js';
import { controlPath } from '../http/control-path.js';
import { requestCosts } from '../schedule/request-costs.js';
import { mostProcesses } from './most-processes.js';

/** Something that only starting shows to be wrong with the configuration. */
export class StartFault extends Error {
  override readonly name = 'StartFault';
}

type AccountConfig = Config['accounts'][number];

/**
 * The slices of the configuration that the parts of the bridge take, and what they need of the machine.
 * @throws StartFault when a file that the configuration names, or the Python environment, is missing.
 */
export async function bridgeOptions(config: Config, version: string): Promise<BridgeOptions> {
  return {
    version,
    mqtt: await mqttOptions(config),
    home_assistant: config.home_assistant,
    accounts: config.accounts.map((account) => accountOptions(config, account)),
    allow: config.commands.allow,
    expiresIn_ms: config.commands.expires_in_ms,
    polling: config.polling,
    keepAudit_ms: config.audit.keep_ms,
    queueTotal: config.commands.queue_total,
    mostProcesses: config.workers.max === 'auto' ? mostProcesses() : config.workers.max,
    retry: config.retry,
    http: config.http.enabled ? config.http : undefined,
    control_path: controlPath(config.state_dir),
  };
}

async function mqttOptions({ mqtt }: Config): Promise<BridgeOptions['mqtt']> {
  const [ca, cert, key] = await Promise.all(
    [mqtt.ca_file, mqtt.cert_file, mqtt.key_file].map(readIfNamed),
  );
  return {
    ...mqtt,
    tls: {
      ...(ca === undefined ? {} : { ca }),
      ...(cert === undefined ? {} : { cert }),
      ...(key === undefined ? {} : { key }),
    },
  };
}

function readIfNamed(file: string | undefined): Promise<Buffer | undefined> {
  if (file === undefined) return Promise.resolve(undefined);
  return readFile(file).catch((error: unknown) => {
    throw new StartFault(`${file} cannot be read`, { cause: error });
  });
}

/**
 * What the bridge takes of one account.
 * @throws StartFault when this machine lacks what its backend needs.
 */
export function accountOptions(config: Config, account: AccountConfig): AccountOptions {
  const { deadline_ms, idle_ms } = config.workers;
  return {
    ...sessionOptions(config, account),
    region: String(account.region),
    backend: backendSettings(config, account),
    vehicles: Object.fromEntries(
      Object.entries(account.vehicles).map(([id, { commands, ...car }]) => [
        id,
        { ...car, ...(commands.allow === undefined ? {} : { allow: commands.allow }) },
      ]),
    ),
    allow: [config.commands.allow, account.commands.allow],
    readOnly: config.commands.read_only,
    rate: config.commands.rate,
    expiresIn_ms: config.commands.expires_in_ms,
    queuePerVehicle: config.commands.queue_per_vehicle,
    readOnStart: config.refresh.on_start === 'cached',
    // An account that has moved was not started: only what would be polled anyway is read.
    readOnStartAfter_ms: config.store.engine === 'nats' ? config.polling.every_ms : 0,
    maxAge_ms: config.refresh.max_age_ms,
    staleAfter_ms: config.polling.stale_after_ms,
    keepAudit_ms: config.audit.keep_ms,
    budget: budgetOf(config, account),
    guards: config.guards,
    usualRequests: requestCosts(String(account.region), String(account.brand), 'ev').cached,
    breaker: config.breaker,
    deadline_ms,
    confirm: config.confirm,
    idle_ms,
  };
}

export function budgetOf({ budget }: Config, { backend, region, brand }: AccountConfig) {
  const { daily, reserve_percent } = budget;
  // Nobody's requests are spent.
  const isFree = backend === 'simulator' && daily === 'auto';
  const limit: VendorLimit = isFree
    ? { daily: null, counts: 'requests' }
    : vendorLimit(String(region), String(brand), daily);
  return { limit, reserve_percent };
}

export function sessionOptions(config: Config, account: AccountConfig): AccountSessionOptions {
  return {
    name: account.name,
    credentials: credentialsOf(account),
    identity: identityOf(account),
    deadline_ms: config.workers.deadline_ms,
  };
}

/** Changes with whatever a person may mend when the vendor refuses the account. */
function credentialsOf({ username, password, pin, region, brand }: AccountConfig): string {
  return JSON.stringify([username, password, pin, region, brand]);
}

/** Changes when it is another account. */
function identityOf({ backend, username, region, brand }: AccountConfig): string {
  return JSON.stringify([backend, username, region, brand]);
}

export function backendSettings(config: Config, account: AccountConfig): BackendSettings {
  switch (account.backend) {
    case 'simulator':
      return {
        backend: 'simulator',
        ...account.simulator,
        region: String(account.region),
        brand: String(account.brand),
        shared: createSharedCars(account.simulator.vehicles),
      };
    case 'hyundai-kia-connect':
      return {
        backend: 'hyundai-kia-connect',
        python: pythonOf(config),
        region: account.region,
        brand: account.brand,
        username: account.username,
        password: account.password,
        pin: account.pin ?? null,
        language: account.language,
      };
    case 'bluelinky':
      return {
        backend: 'bluelinky',
        ...bluelinkyOf(config, account),
        username: account.username,
        password: account.password,
        pin: account.pin ?? null,
      };
  }
}

function bluelinkyOf(config: Config, { name, region, brand }: AccountConfig) {
  const reason = notReached(region, brand);
  if (reason !== undefined) throw new StartFault(`account ${name}: ${reason}`);
  const installed = findBluelinky(config.state_dir);
  if (installed.is === 'unusable') throw new StartFault(`account ${name}: ${installed.reason}`);
  const { entry, version } = installed;
  return { entry, version };
}

function pythonOf(config: Config): string {
  if (config.python !== 'auto') return config.python;
  const found = findEnvironmentPython(config.state_dir);
  if (found !== undefined) return found;
  throw new StartFault(
    `there is no Python environment in ${config.state_dir} yet: run "bluelink2mqtt setup" with the same configuration`,
  );
}
