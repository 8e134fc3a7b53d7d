import { Option, type Command } from 'commander';
import type { AddOptions } from '../accounts.js';
import { exitCodes, type ExitCode } from '../exit-codes.js';

const configOption = ['--config <file>', 'the configuration file'] as const;
const secretFile = 'a file with it, which is named and not copied';

interface Common {
  readonly config?: string;
}

/** `accounts`, with subcommands of its own. */
export function addAccounts(program: Command, done: (code: ExitCode) => void): void {
  const accounts = program
    .command('accounts')
    .description('the accounts that come and go while the bridge runs');
  const end = (code: ExitCode): void => {
    done(code);
    // A connection to NATS that was given up goes on trying.
    if (code === exitCodes.crash) process.exit(code);
  };
  accounts
    .command('list')
    .description('show every account, where it is written and how it stands')
    .option(...configOption)
    .option('--json', 'as one JSON list')
    .action(async (options: Common & { json?: boolean }) => {
      const { listAccounts } = await import('../accounts.js');
      end(await listAccounts(options));
    });
  addAdd(accounts, end);
  accounts
    .command('remove')
    .description('remove an account; what is stored of it stays')
    .argument('<name>')
    .option(...configOption)
    .action(async (name: string, options: Common) => {
      const { removeAccount } = await import('../accounts.js');
      end(await removeAccount({ ...options, name }));
    });
  for (const [verb, isEnabled] of [
    ['disable', false],
    ['enable', true],
  ] as const) {
    accounts
      .command(verb)
      .description(isEnabled ? 'take a disabled account up again' : 'leave an account alone')
      .argument('<name>')
      .option(...configOption)
      .action(async (name: string, options: Common) => {
        const { enableAccount } = await import('../accounts.js');
        end(await enableAccount({ ...options, name, isEnabled }));
      });
  }
}

function addAdd(accounts: Command, end: (code: ExitCode) => void): void {
  accounts
    .command('add')
    .description('add an account; its password and PIN are asked for')
    .argument('<name>', 'a-z, 0-9, _ and -')
    .option(...configOption)
    .option('--region <region>', 'such as europe')
    .option('--brand <brand>', 'hyundai, kia or genesis')
    .option('--username <name>', 'the user name at the maker')
    .option('--backend <backend>', 'how the cars are reached')
    .option('--language <language>', 'such as en')
    .option('--from <file>', 'a YAML file with keys of the account, such as `vehicles`')
    .addOption(
      new Option('--password-file <file>', `the password: ${secretFile}`).conflicts(
        'passwordStdin',
      ),
    )
    .option('--pin-file <file>', `the PIN: ${secretFile}`)
    .option('--password-stdin', 'read them from the input: the password, then the PIN, a line each')
    .action(async (name: string, options: Omit<AddOptions, 'name'>) => {
      const { addAccount } = await import('../accounts.js');
      end(await addAccount({ ...options, name }));
    });
}
