import { limitsByStatusInTurns } from './error-table/command-row.js';
import { europeCciCommands } from './error-table/command-rows-europe-cci.js';
import { europeCommands } from './error-table/command-rows-platform.js';
import { describeCommands } from './error-table/describe-commands.js';

describeCommands(
  'the table of errors, with commands in Europe',
  limitsByStatusInTurns([...europeCommands, europeCciCommands]),
);
