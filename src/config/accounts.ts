import { z } from 'zod';
import { ownCommands } from './commands.js';
import { duration } from './duration.js';
import { path, secret, secretFile, text, wholeNumber } from './values.js';
import { brand, region } from './vendor.js';

const backends = ['hyundai-kia-connect', 'bluelinky', 'simulator'] as const;

/** Names of sections that have files of their own in the folder of credentials. */
const takenNames = ['mqtt', 'http', 'store'];

export const accountName = text(64)
  .regex(/^[a-z0-9_-]+$/, { error: 'letters a-z, digits, _ and -' })
  .refine((name) => !takenNames.includes(name), {
    error: `another name: ${takenNames.join(', ')} are taken by the files in $CREDENTIALS_DIRECTORY`,
  })
  .meta({
    type: 'text of a-z, 0-9, _ and -',
    description: 'The account, in topics, logs and metrics. Unique.',
  });

const alias = text(64)
  .regex(/^[a-z0-9_-]+$/, { error: 'letters a-z, digits, _ and -' })
  .refine((name) => name !== 'bridge', { error: "another alias: bridge is the bridge's own topic" })
  .meta({ type: 'text of a-z, 0-9, _ and -' });

const vehicleId = z.string().regex(/^[A-Za-z0-9_-]{1,64}$/, {
  error: "a VIN or the vendor's id: letters, digits, _ and -",
});

const vehicle = z.strictObject({
  alias: alias.exactOptional().describe('The name of the car in topics; else its VIN or id.'),
  name: text(128).exactOptional().describe('The name shown to people.'),
  enabled: z.boolean().default(true).describe('False leaves the car alone.'),
  commands: ownCommands.prefault({}),
});

const ofEveryBackend = {
  name: accountName,
  enabled: z
    .boolean()
    .default(true)
    .describe('False leaves the account alone; what is stored of it stays.'),
  vehicles: z
    .record(vehicleId, vehicle)
    .prefault({})
    .describe(
      "By VIN or the vendor's id. A car of the account that is not named has the defaults.",
    ),
  commands: ownCommands.prefault({}),
};

const simulator = z
  .strictObject({
    vehicles: wholeNumber(1, 1_000).default(1).describe('How many cars there are.'),
    seed: wholeNumber(0, 2 ** 31 - 1)
      .default(1)
      .describe('The same seed makes the same cars.'),
    latency: duration({ min: '0s', max: '10m' })
      .prefault('200ms')
      .describe('How long the simulated cloud takes.'),
    force_latency: duration({ min: '0s', max: '10m' })
      .prefault('20s')
      .describe('How long a simulated car takes to answer.'),
    command_latency: duration({ min: '0s', max: '10m' })
      .prefault('2s')
      .describe('How long a simulated car takes for what it is told to do.'),
    control_file: path(
      'A file that says which faults to make. For trials and tests.',
    ).exactOptional(),
    log_file: path('A file that each call is written to. For trials and tests.').exactOptional(),
  })
  .transform(({ latency, force_latency, command_latency, ...rest }) => ({
    ...rest,
    latency_ms: latency,
    force_latency_ms: force_latency,
    command_latency_ms: command_latency,
  }));

const passwordExpected =
  'the password: as password, password_file, or <account>.password in $CREDENTIALS_DIRECTORY';

const signIn = {
  region: region.describe('Where the account is.'),
  brand: brand.describe('Whose account it is.'),
  username: text(256).describe("The account's user name."),
  password: secret(passwordExpected).describe("The account's password."),
  password_file: secretFile,
  pin: secret('the PIN').exactOptional(),
  pin_file: secretFile,
  language: text(16)
    .regex(/^[A-Za-z]{2,3}(?:[-_][A-Za-z]{2,4})?$/, { error: 'a language such as en or de' })
    .default('en')
    .describe('The language of what the vendor says.'),
};

const noSimulator = z
  .undefined({ error: 'no settings of the simulator: they need backend: simulator' })
  .optional();

const libraryAccount = z
  .strictObject({
    ...ofEveryBackend,
    backend: z
      .literal('hyundai-kia-connect')
      .optional()
      .meta({
        type: backends.map((name) => `\`${name}\``).join(', '),
        description: 'How the cars are reached; `hyundai-kia-connect` where it is left out.',
      }),
    ...signIn,
    simulator: noSimulator,
  })
  .transform((account) => ({
    ...account,
    backend: 'hyundai-kia-connect' as const,
  }));

const bluelinkyAccount = z.strictObject({
  ...ofEveryBackend,
  backend: z.literal('bluelinky'),
  ...signIn,
  simulator: noSimulator,
});

const simulatorAccount = z.strictObject({
  ...ofEveryBackend,
  backend: z.literal('simulator'),
  region: signIn.region.prefault('europe'),
  brand: signIn.brand.prefault('hyundai'),
  username: signIn.username.exactOptional(),
  password: signIn.password.exactOptional(),
  password_file: secretFile,
  pin: signIn.pin,
  pin_file: secretFile,
  language: signIn.language,
  simulator: simulator.prefault({}).describe('The simulated cars; with `backend: simulator` only.'),
});

/** Where an account is written: in the list of the configuration, in a file of its own, or in the store of a fleet. */
export type AccountOrigin = 'list' | 'folder' | 'fleet';

export const account = z
  .discriminatedUnion('backend', [libraryAccount, bluelinkyAccount, simulatorAccount], {
    error: `one of ${backends.join(', ')}`,
  })
  .transform((account) => ({ ...account, origin: 'list' as AccountOrigin }));

export type AccountConfig = z.output<typeof account>;
