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
  /** Shell text run in the place of `pip install`. */
  readonly pip?: string;
}

/** A shell script that behaves like an interpreter, as far as `setup` looks at one. */
export async function fakePython(
  file: string,
  options: FakePythonOptions = {},
): Promise<FakePython> {
  const { version = [3, 13, 0], venv = true, pip = 'exit 0' } = options;
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
"-W ignore") echo "import" >>'${log}' ;;
esac
`,
  );
  await chmod(file, 0o700);
  return {
    file,
    calls: async () => (await readFile(log, 'utf8')).split('\n').filter((line) => line !== ''),
  };
}
