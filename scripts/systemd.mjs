import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { prepare } from './build.mjs';
import { install } from './install.mjs';
import { missingPrograms } from './missing-programs.mjs';
import { must, root } from './run-program.mjs';
import { count, nameSkips, resultsFolder, runVitest } from './suites.mjs';

// Does the service do under a real systemd what docs/operations.md says? A Debian 13 is made once, outside of the
// repository; each run boots a copy of it with systemd-nspawn and installs the package there as a person would. The
// copy is an overlay that is gone afterwards, and has a network of its own.
const folder = join(
  process.env.XDG_CACHE_HOME || join(homedir(), '.cache'),
  'bluelink2mqtt',
  'systemd',
);
const system = join(folder, 'debian-13');

const missing = missingPrograms(['debootstrap', 'systemd-nspawn', 'nsenter', 'unshare', 'tar']);
if (process.getuid() !== 0) missing.unshift('root');
if (missing.length > 0) {
  console.log(`skipped: no systemd can be tried without ${missing.join(', ')}`);
  console.log('(packages debootstrap and systemd-container)');
  process.exit(process.env.CI === 'true' ? 1 : 0);
}

await makeSystem();
await install({ dev: true });
await prepare();
const run = mkdtempSync(join(folder, 'run-'));
process.on('exit', () => rmSync(run, { recursive: true, force: true }));
const stdio = ['ignore', 2, 2];
await must('npm', ['pack', '--loglevel=error', '--ignore-scripts', '--pack-destination', run], {
  stdio,
});
const results = resultsFolder('systemd-results');
const environment = { BLUELINK2MQTT_TEST_SYSTEM: system, BLUELINK2MQTT_TEST_MACHINE: run };
const options = ['--config', join(root, 'test/systemd/vitest.config.ts'), ...process.argv.slice(2)];
const suites = [await runVitest(results, environment, options)];
console.log('');
nameSkips(suites);
process.exitCode = count(suites).failed > 0 ? 1 : 0;

/** What a person has after Debian's installer and the first step of docs/operations.md. */
async function makeSystem() {
  if (existsSync(system)) return;
  console.error('Making a Debian 13 ...');
  mkdirSync(folder, { recursive: true });
  const fresh = `${system}.new`;
  rmSync(fresh, { recursive: true, force: true });
  const base = 'systemd,systemd-sysv,dbus,ca-certificates,iproute2,procps,tzdata';
  const stdio = ['ignore', 2, 2];
  await must('debootstrap', ['--variant=minbase', `--include=${base}`, 'trixie', fresh], { stdio });
  await must('cp', ['/etc/resolv.conf', join(fresh, 'etc/resolv.conf')]);
  const packages = ['nodejs', 'npm', 'python3', 'python3-venv', 'mosquitto', 'mosquitto-clients'];
  await must(
    'chroot',
    [fresh, 'apt-get', 'install', '-y', '-q', '--no-install-recommends', ...packages],
    { stdio, env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive', LC_ALL: 'C' } },
  );
  renameSync(fresh, system);
}
