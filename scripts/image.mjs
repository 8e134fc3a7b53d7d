import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { install } from './install.mjs';
import { missingPrograms } from './missing-programs.mjs';
import { must, root, run } from './run-program.mjs';
import { count, nameSkips, resultsFolder, runVitest } from './suites.mjs';

// Does the image build from plain Debian, and does it run as tightly locked up as docs/container.md promises? Built with
// buildah, run with podman; bases, images and layers are kept outside of the repository. With `--build-only` nothing is run.
const buildOnly = process.argv.includes('--build-only');
const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'bluelink2mqtt/image');
const storage = [
  ...['--root', join(cache, 'storage'), '--runroot', join(cache, 'run')],
  ...['--storage-driver', 'overlay'],
];
const suite = 'trixie';
const base = `localhost/debian:${suite}`;
const image = 'localhost/bluelink2mqtt:test';
const app = 'localhost/bluelink2mqtt-app:test';
const ownNamespace = 'BLUELINK2MQTT_IMAGE_NAMESPACE';

if (process.platform !== 'linux' || process.getuid() !== 0) skip('it needs root on Linux');
if (process.env[ownNamespace] === undefined) await inOwnNamespace();
await installPrograms();
leaveHybridGroups();
mkdirSync(cache, { recursive: true, mode: 0o700 });
if ((await podman(['image', 'exists', base])) !== 0) await makeBase();
await build(root, image);
await buildApp();
await podman(['image', 'ls', '--format', '{{.Repository}}:{{.Tag}} {{.Size}}', image], 'inherit');
if (!buildOnly) await test();

function skip(reason) {
  console.log(`skipped: the image cannot be tried: ${reason}`);
  process.exit(process.env.CI === 'true' ? 1 : 0);
}

/** Mounts that are made from here on are seen by nobody else, and end with us. */
async function inOwnNamespace() {
  const missing = missingPrograms(['unshare', 'apt-get']);
  if (missing.length > 0) skip(`${missing.join(' and ')} is missing`);
  const again = [process.execPath, import.meta.filename, ...process.argv.slice(2)];
  const env = { ...process.env, [ownNamespace]: 'yes' };
  process.exit(await run('unshare', ['--mount', '--propagation', 'private', ...again], { env }));
}

async function installPrograms() {
  const packages = ['debootstrap', 'buildah', 'podman', 'catatonit', 'mosquitto'].filter(
    (name) => missingPrograms([name]).length > 0,
  );
  if (missingPrograms(['mosquitto_pub']).length > 0) packages.push('mosquitto-clients');
  if (packages.length === 0) return;
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const apt = (...words) =>
    run('apt-get', ['-q', '-o', 'DPkg::Lock::Timeout=600', ...words], { env });
  await apt('update');
  if ((await apt('install', '-y', '--no-install-recommends', ...packages)) !== 0) {
    skip(`${packages.join(', ')} cannot be installed`);
  }
}

/** The container runtime takes either generation of control groups, but not both at once. */
function leaveHybridGroups() {
  const unified = '/sys/fs/cgroup/unified';
  if (existsSync(unified)) execFileSync('umount', [unified]);
}

/** Debian as its official slim image is: without manuals and translations. */
async function makeBase() {
  const folder = mkdtempSync(join(cache, 'base-'));
  try {
    const options = ['--variant=minbase', '--include=ca-certificates'];
    await must('debootstrap', [...options, suite, folder]);
    const absent = ['doc', 'info', 'locale', 'man'].map((name) => `/usr/share/${name}/*`);
    const exclusions = absent.map((path) => `path-exclude=${path}\n`).join('');
    writeFileSync(join(folder, 'etc/dpkg/dpkg.cfg.d/slim'), exclusions);
    const caches = ['/var/cache/apt/*', '/var/lib/apt/lists/*', '/var/log/*', '/dev/*'];
    const excluded = [...absent, ...caches].map((path) => `--exclude=.${path}`);
    const archive = `${folder}.tar`;
    await must('tar', ['-C', folder, '-cf', archive, ...excluded, '.']);
    if ((await podman(['import', archive, base], 'inherit')) !== 0) process.exit(1);
  } finally {
    for (const path of [folder, `${folder}.tar`]) rmSync(path, { recursive: true, force: true });
  }
}

/** From the folder that Home Assistant's Supervisor would build it from. */
async function buildApp() {
  const folder = mkdtempSync(join(tmpdir(), 'bluelink2mqtt-app-'));
  try {
    await must(process.execPath, [join(root, 'scripts/home-assistant-app.mjs'), folder]);
    await build(join(folder, 'bluelink2mqtt'), app);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function build(context, tag) {
  const secrets = mkdtempSync(join(tmpdir(), 'bluelink2mqtt-image-'));
  const args = [
    ...['--isolation', 'chroot', '--format', 'docker', '--layers', '--tag', tag],
    ...['--build-arg', `BASE=${base}`, '--build-arg', `NODE=${base}`],
    ...clientSettings(secrets),
  ];
  try {
    await must('buildah', [...storage, 'build', ...args, context]);
    // What no build of the last days has used.
    await podman(['image', 'prune', '--force', '--filter', 'until=240h']);
  } finally {
    rmSync(secrets, { recursive: true });
  }
}

/** This machine may reach the registries in a way of its own; none of it gets into a layer. */
function clientSettings(folder) {
  const authorities = process.env.NODE_EXTRA_CA_CERTS ?? process.env.SSL_CERT_FILE;
  const registry = ask('npm', ['config', 'get', 'registry']);
  const index = ask('pip', ['config', 'get', 'global.index-url']);
  const hasAuthorities = authorities !== undefined && existsSync(authorities);
  if (hasAuthorities) copyFileSync(authorities, join(folder, 'ca'));
  const at = '/run/secrets/ca';
  writeFileSync(
    join(folder, 'npmrc'),
    [...(registry ? [`registry=${registry}`] : []), ...(hasAuthorities ? [`cafile=${at}`] : [])]
      .map((line) => `${line}\n`)
      .join(''),
  );
  writeFileSync(
    join(folder, 'pip'),
    [
      '[global]',
      ...(index ? [`index-url = ${index}`] : []),
      ...(hasAuthorities ? [`cert = ${at}`] : []),
    ].join('\n'),
  );
  const names = ['npmrc', 'pip', ...(hasAuthorities ? ['ca'] : [])];
  return names.flatMap((name) => ['--secret', `id=${name},src=${join(folder, name)}`]);
}

/** Nothing where the program, or its answer, is not there. */
function ask(program, args) {
  try {
    const stdio = ['ignore', 'pipe', 'ignore'];
    return execFileSync(program, args, { cwd: root, encoding: 'utf8', stdio }).trim();
  } catch {
    return '';
  }
}

function podman(args, output = 'ignore') {
  return run('podman', [...storage, ...args], { stdio: ['ignore', output, output] });
}

async function test() {
  await install({ dev: true });
  const environment = {
    IMAGE_UNDER_TEST: image,
    APP_UNDER_TEST: app,
    PODMAN_STORAGE: JSON.stringify(storage),
  };
  const results = resultsFolder('image-results');
  const suites = [await runVitest(results, environment, ['test/image/'])];
  nameSkips(suites);
  process.exitCode = count(suites).failed > 0 ? 1 : 0;
}
