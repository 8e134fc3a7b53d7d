import {
  canadaCommands,
  hyundaiUsaCommands,
  kiaUsaCommands,
} from './error-table/command-rows-america.js';
import { limitsByStatusInTurns } from './error-table/command-row.js';
import { describeCommands } from './error-table/describe-commands.js';

describeCommands(
  'the table of errors, with commands in North America',
  limitsByStatusInTurns([kiaUsaCommands, hyundaiUsaCommands, canadaCommands]),
);
