import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { parseDuration } from '../config/duration.js';
import { statuses } from '../vehicle/life-cycle.js';
import { codeMethods } from '../vehicle/task.js';
import { addAccounts } from './accounts/subcommands.js';
import { exitCodes, type ExitCode } from './exit-codes.js';
import { addService } from './install-service.js';
import type { DoctorOptions } from './doctor.js';
import type { LoginOptions } from './login.js';
import type { LogOptions } from './log-query.js';
import { addPlanOptions, type PlanOptions } from './plan-options.js';
import type { Running } from './run.js';
import type { SetUpOptions } from './set-up.js';
import { packageVersion } from './version.js';

const configOption = ['--config <file>', 'the configuration file'] as const;

/**
 * Runs what the arguments ask for: something that goes on, or the exit code of something that is done. Each subcommand
 * is loaded when it is wanted: a container asks for `health` twice a minute.
 */
export async function runSubcommand(args: readonly string[]): Promise<Running | ExitCode> {
  let result: Running | ExitCode = exitCodes.clean;
  const program = new Command('bluelink2mqtt')
    .description('Hyundai, Kia and Genesis cars on MQTT')
    .version(packageVersion(), '--version')
    // `setup` has a --version of its own.
    .enablePositionalOptions()
    .exitOverride();
  program
    .command('run')
    .description('run the bridge')
    .option(...configOption)
    .action(async (options: { config?: string }) => {
      const { run } = await import('./run.js');
      result = await run(options);
    });
  program
    .command('demo')
    .description('run the bridge with two simulated cars and a broker of its own')
    .option('--port <port>', 'the port of its broker; another free one if it is taken', portNumber)
    .action(async (options: { port?: number }) => {
      const { demo } = await import('./demo.js');
      result = await demo(options);
    });
  addSetup(program, (code) => {
    result = code;
  });
  program
    .command('check-config')
    .description('show every fault of the configuration')
    .option(...configOption)
    .action(async (options: { config?: string }) => {
      const { checkConfig } = await import('./check-config.js');
      result = await checkConfig(options);
    });
  program
    .command('vehicles')
    .description('sign in and list the cars of each account')
    .option(...configOption)
    .option('--json', 'as one JSON list, an entry for each account')
    .action(async (options: { config?: string; json?: boolean }) => {
      const { vehicles } = await import('./vehicles.js');
      result = await vehicles(options);
    });
  addAccounts(program, (code) => {
    result = code;
  });
  program
    .command('login')
    .description('sign in, with a one-time code where the maker wants one')
    .argument('[account]', 'the account; without it every one that is not signed in')
    .option(...configOption)
    .addOption(new Option('--method <method>', 'how the code is to be sent').choices(codeMethods))
    .action(async (account: string | undefined, options: Omit<LoginOptions, 'account'>) => {
      const { login } = await import('./login.js');
      result = await login({ ...options, ...(account === undefined ? {} : { account }) });
    });
  program
    .command('health')
    .description('ask the running bridge whether it does its work; exit code 0 if so')
    .option(...configOption)
    .action(async (options: { config?: string }) => {
      const { health } = await import('./health.js');
      result = await health(options);
    });
  addLog(program, (code) => {
    result = code;
  });
  addPlan(program, (code) => {
    result = code;
  });
  program
    .command('doctor')
    .description('look at all that the bridge needs, and say what to do about what is wrong')
    .option(...configOption)
    .option('--json', 'as one JSON object')
    .option('--sign-in', 'sign in where that is needed; the maker may count it, or want a code')
    .action(async (options: DoctorOptions) => {
      const { doctor } = await import('./doctor.js');
      result = await doctor(options);
    });
  addService(program, (code) => {
    result = code;
  });
  program
    .command('schema')
    .description('print the JSON Schemas of what the bridge publishes')
    .action(async () => {
      const { schemas } = await import('./schema.js');
      console.log(JSON.stringify(schemas(), null, 2));
    });
  try {
    await program.parseAsync(args, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    return error.exitCode === 0 ? exitCodes.clean : exitCodes.usage;
  }
  return result;
}

function portNumber(text: string): number {
  const port = Number(text);
  if (Number.isInteger(port) && port >= 0 && port <= 65_535) return port;
  throw new InvalidArgumentError('expected a number from 0 to 65535');
}

function addLog(program: Command, done: (code: ExitCode) => void): void {
  program
    .command('log')
    .description('show every command: who asked for what, and what became of it')
    .argument('[id]', 'only this command, with its steps')
    .option(...configOption)
    .option('--vehicle <car>', 'only of this car; `bridge` for what was asked of the bridge')
    .option(
      '--since <time>',
      'a duration such as 2h, or a time such as 2026-11-22T12:00',
      timeSince,
    )
    .addOption(new Option('--status <status>', 'only what stands like this').choices(statuses))
    .option('--limit <n>', 'the newest so many; 50 where no time is named', wholeNumber)
    .option('--steps', 'each step below its command')
    .addOption(
      new Option('-f, --follow', 'go on with each new command and step').conflicts('status'),
    )
    .option('--json', 'one JSON object on each line')
    .action(async (id: string | undefined, options: Omit<LogOptions, 'id'>) => {
      const { log } = await import('./log.js');
      done(await log({ ...options, ...(id === undefined ? {} : { id }) }));
    });
}

function timeSince(text: string): number {
  const ago_ms = parseDuration(text);
  if (ago_ms !== undefined) return Date.now() - ago_ms;
  // A date alone would be midnight in UTC.
  const time = Date.parse(/^\d{4}-\d\d-\d\d$/.test(text) ? `${text}T00:00` : text);
  if (/^\d{4}-\d\d-\d\d/.test(text) && !Number.isNaN(time)) return time;
  throw new InvalidArgumentError(
    'expected a duration such as 30m, 2h or 7d, or a time such as 2026-11-22T12:00',
  );
}

function wholeNumber(text: string): number {
  if (/^\d{1,6}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('expected a whole number');
}

function addPlan(program: Command, done: (code: ExitCode) => void): void {
  const command = program
    .command('plan')
    .description('show the requests and wakes a day that a configuration will make');
  addPlanOptions(command).action(async (options: PlanOptions) => {
    const { plan } = await import('./plan.js');
    done(await plan(options));
  });
}

function addSetup(program: Command, done: (code: ExitCode) => void): void {
  program
    .command('setup')
    .description('make or renew the Python environment that reaches the cars')
    .option(...configOption)
    .option('--python <file>', 'the interpreter to use; without it the newest that is found')
    .addOption(
      new Option(
        '--upgrade',
        'take the newest release of the vendor library that pip finds, and keep it',
      ).conflicts(['version', 'tested']),
    )
    .addOption(
      new Option('--version <x.y.z>', 'take this release of the vendor library, and keep it')
        .argParser(libraryVersion)
        .conflicts(['upgrade', 'tested']),
    )
    .addOption(
      new Option(
        '--tested',
        'return to the release of the vendor library that this bluelink2mqtt is tested with',
      ),
    )
    .action(async (options: SetUpOptions) => {
      const { setUp } = await import('./set-up.js');
      done(await setUp(options));
    });
}

function libraryVersion(text: string): string {
  if (/^\d+(\.\d+){1,3}((a|b|rc|\.post|\.dev)\d+)?$/.test(text)) return text;
  throw new InvalidArgumentError('expected a version such as 4.41.2');
}
