import { execFile, spawn } from 'node:child_process';
import { existsSync, readdirSync, realpathSync } from 'node:fs';
import { symlink } from 'node:fs/promises';
import { dirname, join, normalize } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { testedLock } from '../../src/backends/hyundai-kia-connect/lock-file.js';
import { packageVersion } from '../../src/cli/version.js';
import { page, root } from '../docs/pages.js';
import { Daemon } from '../support/daemon.js';
import { startRecorder } from '../support/recorder.js';
import { onTeardown } from '../support/teardown.js';
import { tempDir } from '../support/temp-dir.js';

const runFile = promisify(execFile);
const packedSchema = z.tuple([
  z.object({ filename: z.string(), files: z.array(z.object({ path: z.string() })) }),
]);

/** What a person has: none of the settings of these tests, and of npm's those of the computer only. */
const environment = Object.fromEntries(
  Object.entries(process.env).filter(
    ([name]) => !/^(BLUELINK2MQTT|VITEST|NODE_OPTIONS)/.test(name),
  ),
);

async function npm(folder: string, ...words: string[]): Promise<string> {
  const { stdout } = await runFile('npm', words, { cwd: folder, env: environment });
  return stdout;
}

describe('the package', { timeout: 120_000 }, () => {
  let tarball: string;
  let files: readonly string[];

  beforeAll(async () => {
    if (!existsSync(join(root, 'dist/main.js'))) throw new Error('run `npm run build` first');
    const folder = await tempDir();
    const said = await npm(root, 'pack', '--json', '--pack-destination', folder);
    const [packed] = packedSchema.parse(JSON.parse(said));
    tarball = join(folder, packed.filename);
    files = packed.files.map(({ path }) => path);
  });

  test('has nothing but what runs, its settings and its pages', () => {
    const wanted = [
      /^(?:package\.json|README\.md|CHANGELOG\.md|SECURITY\.md|LICENSE)$/,
      /^dist\/[\w./-]+$/,
      /^sidecar\/bluelink_sidecar\/[\w/]+\.py$/,
      /^sidecar\/requirements\/py3\d+\.txt$/,
      /^(?:config|systemd|docs)\/[\w./-]+$/,
    ];
    expect(files.filter((file) => !wanted.some((one) => one.test(file)))).toEqual([]);
    const folders =
      /(?:^|\/)(?:src|tests?|bench|scripts|decisions|node_modules|__pycache__|\.[^/]*)\//;
    const endings = /\.(?:ts|map|pyc|tgz|log|pem|key|crt|password|pin)$/;
    expect(files.filter((file) => folders.test(file) || endings.test(file))).toEqual([]);
  });

  test('has each module of the sources compiled, and no other', () => {
    const modules = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
      .filter((file) => /\.(?:ts|js)$/.test(file))
      .map((file) => `dist/${file.replace(/ts$/, 'js')}`);
    const compiled = files.filter((file) => /^dist\/.*\.js$/.test(file));
    expect(compiled.toSorted()).toEqual(modules.toSorted());
  });

  test('has what its pages lead to', () => {
    // Of use to who has the source; and pictures of screens, which would be most of the package.
    const elsewhere =
      /^(?:src|test|bench|scripts|docs\/decisions|home-assistant-addon)(?:\/|$)|^CONTRIBUTING\.md$|\.png$/;
    const broken = files
      .filter((file) => file.endsWith('.md'))
      .flatMap((file) =>
        page(file)
          .links.filter((target) => !/^(?:[a-z]+:|#)/.test(target))
          .map((target) => normalize(join(dirname(file), target.replace(/#.*/, ''))))
          .filter((target) => !elsewhere.test(target))
          .filter((target) => !files.some((one) => one === target || one.startsWith(`${target}/`)))
          .map((target) => `${file}: ${target}`),
      );
    expect(broken).toEqual([]);
  });

  test('installed elsewhere it runs the demo, carries a command out and stops', async () => {
    const folder = await tempDir();
    await npm(
      folder,
      'install',
      '--omit=dev',
      '--no-audit',
      '--no-fund',
      '--prefer-offline',
      tarball,
    );
    const installed = join(folder, 'node_modules/bluelink2mqtt');
    expect(existsSync(join(folder, 'node_modules/typescript'))).toBe(false);

    const words = ['--no', 'bluelink2mqtt', 'demo', '--port', '0'];
    const child = spawn('npx', words, {
      cwd: folder,
      env: environment,
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    const demo = new Daemon(child, await tempDir());
    onTeardown(() => demo.end());
    const line = await demo.waitForLine(/a broker on port \d+/, 60_000);
    const port = /port (\d+)/.exec(line)?.[1] ?? '';
    const recorder = await startRecorder(`mqtt://127.0.0.1:${port}`, {
      client: { protocolVersion: 4 },
    });
    await recorder.waitForTopic('bluelink/ioniq5/availability', 'online');
    const command = JSON.stringify({ value: 'cached', id: 'first' });
    await recorder.publish('bluelink/ioniq5/commands/refresh', command);
    expect(await recorder.waitForEnding('first')).toMatchObject({ status: 'succeeded' });
    await recorder.client.endAsync();
    // As Ctrl-C on a terminal: everybody is told.
    process.kill(-demo.pid, 'SIGINT');
    await demo.exit;
    await demo.expectNothingLeft();
    expect(demo.lines.some((one) => one.includes('"stopped"'))).toBe(true);

    // A link from another folder, as `npm install -g` makes one.
    const link = join(await tempDir(), 'bluelink2mqtt');
    await symlink(realpathSync(join(folder, 'node_modules/.bin/bluelink2mqtt')), link);
    const run = (...args: string[]) => runFile(link, args, { cwd: folder, env: environment });
    expect((await run('--version')).stdout.trim()).toBe(packageVersion());
    expect((await run('setup', '--help')).stdout).toContain('--upgrade');
    for (const minor of [10, 12]) {
      const requirements = join(installed, 'sidecar/requirements');
      expect(testedLock(minor, requirements).sha256).toBe(testedLock(minor).sha256);
    }
  });
});
