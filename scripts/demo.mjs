import { become } from './become.mjs';
import { prepare } from './build.mjs';

await prepare();
await become(['demo', ...process.argv.slice(2)]);
