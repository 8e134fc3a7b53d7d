import { chmod, readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { prepare } from './a-setup.js';
import { fakePython, fakeReport, fakeSidecar } from './fake-python.js';

async function callsOf(calls: () => Promise<string[]>, pattern: RegExp): Promise<number> {
  return (await calls()).filter((call) => pattern.test(call)).length;
}

/** Shell text of a pip that refuses to say what it would install, with these words. */
function refusing(output: string): string {
  return `case "$*" in *--report*) cat >&2 <<'END'\n${output}\nEND\nexit 1;; esac`;
}

/** The methods of each release: the tested one has two. */
const sidecar = fakeSidecar(
  `$(case "$(cat "$(dirname "$0")/../requirements.txt")" in *api==2*) echo '"lock","unlock"';; *) echo '"lock","honk"';; esac)`,
);

describe('the newest library that pip finds', () => {
  test('is installed from a lock of its own, and says what is new and how to go back', async () => {
    const { stateDir, lines, ensure } = await prepare({ pip: fakeReport('3'), sidecar });
    await ensure();
    expect(await ensure('newest')).toMatchObject({ library: '3', tested: '2' });
    expect(await readdir(stateDir)).toEqual(['python']);
    expect(await readFile(join(stateDir, 'python/requirements.txt'), 'utf8')).toBe(
      '# What pip found for this computer and its Python.\n' +
        'certifi==2026.1 \\\n    --hash=sha256:certifi-2026.1\n' +
        'hyundai_kia_connect_api==3 \\\n    --hash=sha256:hyundai_kia_connect_api-3\n',
    );
    expect(lines).toContain('pip finds 3; this release is tested with 2');
    expect(lines).toContain('  methods: + honk, - unlock');
    expect(lines).toContain('before it was hyundai_kia_connect_api 2 on Python 3.13.0');
    expect(lines).toContain('`bluelink2mqtt setup --tested` goes back to it');
  });

  test('stays, also when another one is tested, until the tested one is asked for', async () => {
    const { requirements, interpreter, lines, ensure } = await prepare({ pip: fakeReport('3') });
    await ensure('newest');
    await writeFile(join(requirements, 'py312.txt'), 'hyundai-kia-connect-api==4\n');
    const before = await interpreter.calls();
    expect(await ensure()).toMatchObject({ library: '3', tested: '4' });
    expect((await interpreter.calls()).slice(before.length)).toEqual(['hello']);
    expect(lines.at(-1)).toContain('tested with 4');
    expect(await ensure('tested')).toMatchObject({ library: '4' });
    expect(await ensure()).toMatchObject({ library: '4' });
  });

  test('that is the tested one is no choice: the next tested one follows it', async () => {
    const { requirements, interpreter, lines, ensure } = await prepare({ pip: fakeReport('2') });
    await ensure();
    await ensure('newest');
    expect(lines).toContain('pip finds nothing newer than 2, which this release is tested with');
    expect(await callsOf(interpreter.calls, /--require-hashes/)).toBe(1);
    await writeFile(join(requirements, 'py312.txt'), 'hyundai-kia-connect-api==4\n');
    expect(await ensure()).toMatchObject({ library: '4' });
  });

  test('that does not start leaves the one that does', async () => {
    const broken = `case "$(cat "$(dirname "$0")/../requirements.txt")" in *api==3*) echo 'no Token' >&2; exit 1;; esac`;
    const { stateDir, ensure } = await prepare({
      pip: fakeReport('3'),
      sidecar: `${broken}; ${sidecar}`,
    });
    await ensure();
    await expect(ensure('newest')).rejects.toThrow(
      /^the sidecar does not start with hyundai_kia_connect_api 3: .*no Token.*stays as it was, with hyundai_kia_connect_api 2$/,
    );
    expect(await readdir(stateDir)).toEqual(['python']);
    expect(await ensure()).toMatchObject({ library: '2' });
  });

  test('is asked for with a newer pip where that of Python cannot answer', async () => {
    const pip = `case "$*" in
      *"--upgrade pip"*) touch "$0.renewed";;
      *--report*) if [ -e "$0.renewed" ]; then ${fakeReport('3')}; else echo 'no such option: --dry-run'; exit 2; fi;;
    esac`;
    const { lines, ensure } = await prepare({ pip });
    expect(await ensure('newest')).toMatchObject({ library: '3' });
    expect(lines.join('\n')).toContain('taking a newer one');
  });
});

describe('a version of the library', () => {
  test('is asked for by its number, and says how to go back', async () => {
    const { interpreter, lines, ensure } = await prepare({ pip: fakeReport('1.5') });
    await ensure({ version: '1.5' });
    expect(await callsOf(interpreter.calls, /--report .* hyundai_kia_connect_api==1\.5$/)).toBe(1);
    await ensure('tested');
    expect(lines).toContain('`bluelink2mqtt setup --version 1.5` goes back to it');
  });

  test('is asked for again when Python is another one, whose packages are others', async () => {
    const { folder, interpreter, ensure } = await prepare({ pip: fakeReport('1.5') });
    await ensure({ version: '1.5' });
    const patched = await fakePython(join(folder, 'patched'), { version: [3, 13, 7] });
    expect(await ensure(undefined, patched.file)).toMatchObject({ library: '1.5' });
    expect(await callsOf(patched.calls, /--report/)).toBe(0);
    const newer = await fakePython(join(folder, 'newer'), {
      version: [3, 14, 0],
      pip: fakeReport('1.5'),
    });
    await chmod(interpreter.file, 0o600);
    expect(await ensure(undefined, newer.file)).toMatchObject({ library: '1.5' });
    expect(await callsOf(newer.calls, /--report .* hyundai_kia_connect_api==1\.5$/)).toBe(1);
  });

  test.each([
    [
      'whose packages are not served',
      'ERROR: Ignored the following yanked versions: 2022.5.18\n' +
        'ERROR: Could not find a version that satisfies the requirement certifi>=2026.10.23 (from hyundai-kia-connect-api) (from versions: 2026.7.22, 2026.10.18)\n' +
        'ERROR: No matching distribution found for certifi>=2026.10.23',
      'No matching distribution found for certifi>=2026.10.23',
    ],
    [
      'that wants another Python',
      'ERROR: Ignored the following versions that require a different python version: 4.41.3 Requires-Python >=3.12; 4.41.4 Requires-Python >=3.13; 4.41.5 Requires-Python >=3.14\n' +
        'ERROR: Could not find a version that satisfies the requirement hyundai_kia_connect_api==4.41.4 (from versions: 4.23.0)\n' +
        'ERROR: No matching distribution found for hyundai_kia_connect_api==4.41.4',
      'it wants Python >=3.13',
    ],
    [
      'without a network',
      'WARNING: Retrying (Retry(total=0)) after connection broken\n' +
        'ERROR: Could not find a version that satisfies the requirement hyundai_kia_connect_api==4.41.4 (from versions: none)\n' +
        'ERROR: No matching distribution found for hyundai_kia_connect_api==4.41.4',
      'the package index gave no release of hyundai_kia_connect_api; is there a connection to it?',
    ],
    [
      'whose packages contradict each other',
      'ERROR: Cannot install a and b because these package versions have conflicting dependencies.\n' +
        '\nThe conflict is caused by:\n    a 1 depends on c<1\n' +
        'ERROR: ResolutionImpossible: for help visit a page',
      'Cannot install a and b because these package versions have conflicting dependencies.',
    ],
  ])('%s is refused in one line, and nothing changes', async (_, output, reason) => {
    const { stateDir, interpreter, ensure } = await prepare({ pip: refusing(output) });
    await ensure();
    const before = await interpreter.calls();
    await expect(ensure({ version: '4.41.4' })).rejects.toThrow(
      `hyundai_kia_connect_api 4.41.4 cannot be installed: ${reason}; ` +
        'the environment stays as it was, with hyundai_kia_connect_api 2',
    );
    expect(await readdir(stateDir)).toEqual(['python']);
    const since = (await interpreter.calls()).slice(before.length);
    expect(since.filter((call) => call.includes('--require-hashes'))).toEqual([]);
    expect(await ensure()).toMatchObject({ library: '2' });
  });
});
