import { platformCommands } from './error-table/command-rows-platform.js';
import { describeCommands } from './error-table/describe-commands.js';

describeCommands('the table of errors, with commands elsewhere', platformCommands);
