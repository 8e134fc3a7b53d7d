import { become } from './become.mjs';
import { prepare } from './build.mjs';

await prepare();
await become(['plan', ...process.argv.slice(2)]);
