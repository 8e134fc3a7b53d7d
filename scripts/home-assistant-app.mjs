import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { build } from './build.mjs';
import { root } from './run-program.mjs';

// Puts together a folder that Home Assistant takes as a repository of apps. The Supervisor builds an app from its own
// folder alone: so all that the image is made from has to lie in it, compiled already.
const target = resolve(process.argv[2] ?? join(root, '.cache/home-assistant-app'));
const source = join(root, 'home-assistant-addon');
const app = join(target, 'bluelink2mqtt');

if (!(await build())) process.exit(1);
rmSync(app, { recursive: true, force: true });
mkdirSync(app, { recursive: true });
unpackInto(app);
for (const name of ['package-lock.json', '.npmrc']) cpSync(join(root, name), join(app, name));
cpSync(source, target, { recursive: true });
writeFileSync(join(app, 'Dockerfile'), dockerfile());
rmSync(join(app, 'Dockerfile.app'));
console.log(target);

/** What npm would publish. */
function unpackInto(folder) {
  const packed = mkdtempSync(join(tmpdir(), 'bluelink2mqtt-app-'));
  try {
    const options = ['--json', '--pack-destination', packed];
    const said = execFileSync('npm', ['pack', ...options], { cwd: root, encoding: 'utf8' });
    const [{ filename }] = JSON.parse(said);
    const strip = ['--strip-components', '1'];
    execFileSync('tar', ['-xzf', join(packed, filename), '-C', folder, ...strip]);
  } finally {
    rmSync(packed, { recursive: true });
  }
}

/** That of the image, but nothing is compiled, and with the app's own end. */
function dockerfile() {
  const image = readFileSync(join(root, 'Dockerfile'), 'utf8');
  const withoutCompiler = image
    .replace(/^FROM node AS compile\n[^]*?(?=^(#.*\n)*FROM )/m, '')
    .replace(/^COPY --from=compile \S+ dist$/m, 'COPY dist dist');
  if (/compile\b.*dist|AS compile/.test(withoutCompiler)) throw new Error('Dockerfile has changed');
  return withoutCompiler + readFileSync(join(source, 'bluelink2mqtt/Dockerfile.app'), 'utf8');
}
