import { loadConfig, type LoadedConfig } from '../config/load-config.js';
import { secretsOf } from '../config/secrets.js';
import { KnownSecrets } from '../daemon/redaction.js';
import { accountChecks } from './doctor/accounts.js';
import { brokerCheck } from './doctor/broker.js';
import { clockCheck } from './doctor/clock.js';
import { daemonCheck, findDaemon } from './doctor/daemon.js';
import { diskCheck } from './doctor/disk.js';
import { findingsOf, type Check, type Finding } from './doctor/finding.js';
import { httpCheck } from './doctor/http.js';
import { natsChecks } from './doctor/nats.js';
import { nodeCheck } from './doctor/node.js';
import { closeStore, openStore } from './doctor/own-store.js';
import { libraryChecks } from './doctor/python.js';
import { asJson, lineOf } from './doctor/report.js';
import { serviceCheck } from './doctor/service.js';
import { exitCodes, type ExitCode } from './exit-codes.js';

export interface DoctorOptions {
  readonly config?: string;
  readonly json?: boolean;
  /** Signs in where that is needed, though it may count as a try or send a one-time code. */
  readonly signIn?: boolean;
}

type Loaded = Extract<LoadedConfig, { ok: true }>;

/** Looks at everything, and says what to do. */
export async function doctor(options: DoctorOptions): Promise<ExitCode> {
  const file = options.config === undefined ? {} : { file: options.config };
  const loaded = await loadConfig({ ...file, env: process.env, cwd: process.cwd() });
  const secrets = new KnownSecrets();
  if (loaded.ok) secrets.add(...secretsOf(loaded.config));
  const findings: Finding[] = [];
  // Each is printed as soon as it and all before it are known.
  for await (const some of lookAtAll(loaded, options)) {
    for (const finding of some) {
      findings.push(finding);
      if (options.json !== true) console.log(secrets.hideIn(lineOf(finding)));
    }
  }
  if (options.json === true) console.log(secrets.hideIn(asJson(findings)));
  if (!loaded.ok) return exitCodes.configuration;
  return findings.some(({ verdict }) => verdict === 'fault') ? exitCodes.crash : exitCodes.clean;
}

async function* lookAtAll(
  loaded: LoadedConfig,
  options: DoctorOptions,
): AsyncGenerator<readonly Finding[]> {
  if (!loaded.ok) {
    yield* inOrder([nodeCheck()]);
    yield loaded.faults.map(({ message }) => ({
      verdict: 'fault',
      what: 'configuration',
      found: message,
    }));
    yield* inOrder([clockCheck(undefined), serviceCheck()]);
    return;
  }
  const { config } = loaded;
  const daemon = findDaemon(config);
  const opened = openStore(config, daemon);
  const signIn = options.signIn === true;
  try {
    yield* inOrder([
      nodeCheck(),
      configurationCheck(loaded),
      ...libraryChecks(config),
      brokerCheck(config, daemon),
      ...natsChecks(config),
      daemonCheck(config, daemon),
      ...accountChecks({ config, daemon, opened, signIn }),
      clockCheck(config),
      diskCheck(config, opened),
      serviceCheck(),
      httpCheck(config, daemon),
    ]);
  } finally {
    await closeStore(opened);
  }
}

/** All at once; told in their order. */
function inOrder(checks: readonly Check[]): Promise<readonly Finding[]>[] {
  return checks.map(findingsOf);
}

function configurationCheck({ file, warnings }: Loaded): Check {
  return {
    what: 'configuration',
    limit_ms: 1000,
    look: (tell) => {
      tell('ok', `${file ?? 'the environment'}: no faults`);
      for (const warning of warnings) tell('warn', warning);
      return Promise.resolve();
    },
  };
}
