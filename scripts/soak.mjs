import { prepare } from './build.mjs';
import { install } from './install.mjs';
import { must } from './run-program.mjs';

// One daemon for hours, among commands, requests and faults: what it holds must not grow.
await install({ dev: true });
await prepare();
const loader = ['--import', './scripts/register-typescript.mjs'];
await must(process.execPath, [...loader, 'test/soak/main.ts', ...process.argv.slice(2)]);
