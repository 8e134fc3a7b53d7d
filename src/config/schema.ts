import { z } from 'zod';
import { account } from './accounts.js';
import { commands } from './commands.js';
import { duration } from './duration.js';
import { breaker, retry, workers } from './endurance.js';
import { mqtt } from './mqtt.js';
import { homeAssistant, http, log } from './outlets.js';
import { budget, confirm, guards, polling, refresh } from './reading.js';
import { instance, store } from './store.js';
import { path, text } from './values.js';

const audit = z
  .strictObject({
    keep: duration({ min: '1d', max: '3650d' })
      .prefault('90d')
      .describe('How long finished commands stay in the audit log.'),
  })
  .transform(({ keep }) => ({ keep_ms: keep }));

const accountsExpected = 'a list of at most 1000 accounts';

/**
 * Every setting, its bounds and its default. What the file calls a duration is a number of milliseconds here, and
 * its name ends in `_ms`; the words `off`, `never` and `auto` in the place of a duration are null.
 */
export const configSchema = z.strictObject({
  mqtt: mqtt.prefault({ url: '' }).describe('The broker.'),
  accounts: z
    .array(account, { error: accountsExpected })
    .max(1_000, { error: accountsExpected })
    .default([])
    .describe(
      "The vendor's accounts. At least one, unless `accounts_dir` is set or `store.engine` is `nats`.",
    ),
  accounts_dir: path(
    'A folder with a YAML file for each account, besides the list: `<name>.yaml` holds the same keys. The files may come, change and go while the bridge runs: see [accounts.md](accounts.md#accounts-in-a-folder).',
  ).exactOptional(),
  store: store.prefault({}).describe('Where everything that must survive a restart is kept.'),
  instance,
  commands: commands.prefault({}).describe('What may be asked of the cars.'),
  audit: audit.prefault({}),
  refresh: refresh.prefault({}),
  polling: polling.prefault({}).describe('Reads that the bridge makes by itself.'),
  budget: budget.prefault({}).describe("The vendor's daily limit of requests."),
  guards: guards.prefault({}).describe('What protects the 12 V battery.'),
  breaker: breaker.prefault({}).describe('When the bridge stops asking a vendor that fails.'),
  workers: workers.prefault({}).describe('Threads, processes and the time a call may take.'),
  confirm: confirm.prefault({}).describe('How a remote command is found to be done.'),
  retry: retry.prefault({}).describe('The waits between tries to connect and sign in.'),
  home_assistant: homeAssistant.prefault({}),
  http: http.prefault({}),
  state_dir: path(
    'The folder of what must survive a restart; under systemd `$STATE_DIRECTORY`.',
  ).default('./state'),
  log: log.prefault({}),
  python: text(4096)
    .default('auto')
    .describe(
      "The Python with the sidecar's packages; `auto` finds the project's own environment.",
    ),
});

export type Config = z.output<typeof configSchema>;
