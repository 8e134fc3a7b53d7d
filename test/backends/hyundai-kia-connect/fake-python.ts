import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';

export interface FakePython {
  readonly file: string;
  /** The calls so far, without the texts of programs. */
  readonly calls: () => Promise<string[]>;
}

export interface FakePythonOptions {
  readonly version?: readonly [number, number, number];
  readonly venv?: boolean;
  /** Shell text run in the place of `pip install`; `$*` is what was asked. */
  readonly pip?: string;
  /** Shell text run in the place of the sidecar; without it, `fakeSidecar`. */
  readonly sidecar?: string;
}

const installed = `$(sed -n 's/^hyundai.kia.connect.api==\\([^ ]*\\).*/\\1/p' "$(dirname "$0")/../requirements.txt")`;

/** A sidecar that says hello with the library of its environment, whose methods are named here, and ends with its input. */
export function fakeSidecar(methods: string): string {
  const hello = `{"type":"hello","protocol":1,"python":"3.13.0","supported":true,"library":"%s","features":{"methods":[%s]}}`;
  return `printf '${hello}\\n' "${installed}" "${methods}"; cat >/dev/null`;
}

/** Shell text of a pip that finds this release, and writes what it would install where it is told to. */
export function fakeReport(library: string): string {
  const packages = [
    ['hyundai_kia_connect_api', library],
    ['certifi', '2026.1'],
  ];
  const install = packages.map(([name, version], place) => {
    const sha256 = `${String(name)}-${String(version)}`;
    // Old pips write the one, new ones the other.
    const archive_info = place === 0 ? { hash: `sha256=${sha256}` } : { hashes: { sha256 } };
    return { metadata: { name, version }, download_info: { archive_info } };
  });
  return `while [ "$#" -gt 0 ]; do
  if [ "$1" = --report ]; then echo '${JSON.stringify({ install })}' >"$2"; fi
  shift
done`;
}

/** A shell script that behaves like an interpreter, as far as `setup` looks at one. */
export async function fakePython(
  file: string,
  options: FakePythonOptions = {},
): Promise<FakePython> {
  const { version = [3, 13, 0], venv = true, pip = 'exit 0', sidecar = fakeSidecar('') } = options;
  const log = `${file}.log`;
  const self = JSON.stringify({ file, version, venv });
  await mkdir(dirname(file), { recursive: true });
  await writeFile(log, '');
  await writeFile(
    file,
    `#!/bin/sh
case "$1 $2" in
"-c "*) echo '${self}' ;;
"-m venv") echo "venv" >>'${log}'; mkdir -p "$3/bin" && cp "$0" "$3/bin/python" ;;
"-m pip") echo "$*" >>'${log}'; ${pip} ;;
"-W ignore") echo "hello" >>'${log}'; ${sidecar} ;;
esac
`,
  );
  await chmod(file, 0o700);
  return {
    file,
    calls: async () => (await readFile(log, 'utf8')).split('\n').filter((line) => line !== ''),
  };
}
