import { prepare } from './build.mjs';
import { install } from './install.mjs';
import { must } from './run-program.mjs';

await install({ dev: true });
await prepare();
const loader = ['--import', './scripts/register-typescript.mjs'];
await must(process.execPath, [...loader, 'test/fuzz/main.ts', ...process.argv.slice(2)]);
