import { cpSync, existsSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { install } from './install.mjs';
import { root, run } from './run-program.mjs';

const dist = join(root, 'dist');
const fresh = join(root, 'dist.new');

/**
 * Compiles src into a dist that holds nothing else. With a fault in the sources the old dist stays.
 * @returns {Promise<boolean>} whether it was built
 */
export async function build() {
  await install({ dev: true });
  console.error('Building dist ...');
  rmSync(fresh, { recursive: true, force: true });
  const compiler = join(root, 'node_modules/typescript/bin/tsc');
  const stdio = ['ignore', 2, 2];
  const code = await run(process.execPath, [compiler, '-p', '.', '--outDir', fresh], { stdio });
  if (code === 0) {
    // The dashboard is sent as it is written.
    cpSync(join(root, 'src/http/public'), join(fresh, 'http/public'), { recursive: true });
    rmSync(dist, { recursive: true, force: true });
    renameSync(fresh, dist);
  }
  return code === 0;
}

/** What a subcommand needs: the packages, and a dist that is newer than its sources. Otherwise we end. */
export async function prepare() {
  if (!isStale()) await install({ dev: false });
  else if (!(await build())) process.exit(1);
}

function isStale() {
  const built = join(dist, 'main.js');
  if (!existsSync(built)) return true;
  const sources = ['src', 'tsconfig.json', 'package-lock.json'].map((name) => join(root, name));
  return Math.max(...sources.map(newest)) > statSync(built).mtimeMs;
}

/** The newest change of a file or a folder with all it holds; a folder changes when a file of it is deleted. */
function newest(path) {
  const stat = statSync(path);
  if (!stat.isDirectory()) return stat.mtimeMs;
  const inside = readdirSync(path).map((name) => newest(join(path, name)));
  return Math.max(stat.mtimeMs, ...inside);
}

if (import.meta.filename === process.argv[1] && !(await build())) process.exitCode = 1;
