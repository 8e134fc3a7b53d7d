import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { EnvironmentFault } from './environment-fault.js';
import { libraryName, lockOf } from './lock-file.js';
import type { Lock } from './lock-file.js';
import { pipInstall } from './pip.js';

const reportSchema = z.object({
  install: z.array(
    z.object({
      metadata: z.object({ name: z.string(), version: z.string() }),
      download_info: z.object({
        // Where a package came from an archive. `hash` is the older form, `hashes` the one that stays.
        archive_info: z
          .object({
            hash: z.string().startsWith('sha256=').optional(),
            hashes: z.object({ sha256: z.string().optional() }).optional(),
          })
          .optional(),
      }),
    }),
  ),
});

type Package = z.infer<typeof reportSchema>['install'][number];

export interface Resolving {
  /** The interpreter of an environment that holds nothing yet. */
  readonly python: string;
  /** Where pip may leave its report. */
  readonly folder: string;
  /** Without one the newest that pip finds. */
  readonly version?: string | undefined;
  readonly log: (line: string) => void;
}

/**
 * Asks pip which packages a release of the vendor library needs on this computer, and answers their lock. Installs
 * none of them. Throws `EnvironmentFault` with pip's reason in one line.
 */
export async function resolveLibrary(resolving: Resolving): Promise<Lock> {
  const { folder, version, log } = resolving;
  const wanted = version === undefined ? libraryName : `${libraryName}==${version}`;
  log(`asking pip for ${version === undefined ? `the newest ${libraryName}` : wanted}`);
  const report = join(folder, 'pip-report.json');
  const { ok, output } = await ask(resolving, [
    ...['--dry-run', '--ignore-installed', '--quiet'],
    // What has no ready-made package for this computer is built: an older release of everything else would not help.
    ...['--prefer-binary', '--report', report, wanted],
  ]);
  if (!ok) throw new EnvironmentFault(refusal(version, output));
  return lockOf(lockText(reportSchema.parse(JSON.parse(await readFile(report, 'utf8'))).install));
}

async function ask({ python, log }: Resolving, args: readonly string[]) {
  const first = await pipInstall(python, args);
  if (first.ok || !first.output.includes('no such option: --')) return first;
  log('the pip of this Python is too old to say what it would install; taking a newer one');
  const renewed = await pipInstall(python, ['--quiet', '--upgrade', 'pip']);
  return renewed.ok ? pipInstall(python, args) : renewed;
}

function lockText(packages: readonly Package[]): string {
  const sorted = packages
    .map((one) => ({ hash: hashOf(one), ...one.metadata }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  const lines = sorted.map(
    ({ name, version, hash }) => `${name}==${version} \\\n    --hash=sha256:${hash}\n`,
  );
  return `# What pip found for this computer and its Python.\n${lines.join('')}`;
}

function hashOf({ metadata, download_info }: Package): string {
  const { hash, hashes } = download_info.archive_info ?? {};
  const sha256 = hashes?.sha256 ?? hash?.slice('sha256='.length);
  if (sha256 !== undefined) return sha256;
  throw new EnvironmentFault(
    `pip tells no hash of ${metadata.name} ${metadata.version}: expected a package of an index, got a folder or a repository`,
  );
}

function refusal(version: string | undefined, output: string): string {
  const name = version === undefined ? libraryName : `${libraryName} ${version}`;
  return `${name} cannot be installed: ${reason(version, output)}`;
}

/** Of all that pip writes, the line that says why. */
function reason(version: string | undefined, output: string): string {
  const python = otherPython(version, output);
  if (python !== undefined) return `it wants Python ${python}`;
  if (output.includes('(from versions: none)')) {
    return `the package index gave no release of ${/requirement ([\w.-]+)/.exec(output)?.[1] ?? libraryName}; is there a connection to it?`;
  }
  const errors = output
    .split('\n')
    .flatMap((line) => /^ERROR: (.+)/.exec(line)?.[1]?.trim() ?? [])
    .filter((line) => !line.startsWith('Ignored '));
  const telling = errors.find((line) => /^(No matching distribution|Cannot install)/.test(line));
  return telling ?? errors.at(-1) ?? output.split('\n').at(-1) ?? 'pip does not say why';
}

function otherPython(version: string | undefined, output: string): string | undefined {
  const ignored = /different python version: (.*)/.exec(output)?.[1]?.split('; ') ?? [];
  const wanted = ignored.find((one) => one.startsWith(`${version ?? ''} Requires-Python `));
  return wanted?.split(' Requires-Python ')[1];
}
