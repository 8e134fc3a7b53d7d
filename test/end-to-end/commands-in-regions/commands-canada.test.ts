import { canada } from './canada-home.js';
import { describeCommands } from './suite.js';

describeCommands('every command in Canada', [canada('kia'), canada('hyundai')]);
