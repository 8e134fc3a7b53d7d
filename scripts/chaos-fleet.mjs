import { prepare } from './build.mjs';
import { install } from './install.mjs';
import { must } from './run-program.mjs';

// Random commands to a fleet of several instances while these, NATS and the broker are killed, again and again.
await install({ dev: true });
await prepare();
const loader = ['--import', './scripts/register-typescript.mjs'];
await must(process.execPath, [...loader, 'test/fleet-chaos/main.ts', ...process.argv.slice(2)]);
