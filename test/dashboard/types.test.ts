import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { expect, test } from 'vitest';

test('the modules of the page fit the documents of the bridge', () => {
  const file = fileURLToPath(new URL('tsconfig.json', import.meta.url));
  const host = { ...ts.sys, onUnRecoverableConfigFileDiagnostic: () => undefined };
  const config = ts.getParsedCommandLineOfConfigFile(file, {}, host);
  const names = config?.fileNames ?? [];
  expect(names.filter((name) => name.endsWith('/main.js'))).toHaveLength(1);
  const program = ts.createProgram(names, config?.options ?? {});
  const found = ts
    .getPreEmitDiagnostics(program)
    .map(({ file: at, messageText }) => [
      at?.fileName,
      ts.flattenDiagnosticMessageText(messageText, '\n'),
    ]);
  expect(found).toEqual([]);
}, 60_000);
