import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import type { Check } from './finding.js';

const manifestSchema = z.object({ engines: z.object({ node: z.string().regex(/^>=\d+\.\d+$/) }) });

export function nodeCheck(): Check {
  return {
    what: 'node',
    limit_ms: 5000,
    look: async (tell) => {
      const file = new URL('../../../package.json', import.meta.url);
      const manifest = manifestSchema.parse(JSON.parse(await readFile(file, 'utf8')));
      const oldest = manifest.engines.node.slice('>='.length);
      const found = `Node ${process.versions.node}`;
      if (isAtLeast(process.versions.node, oldest)) tell('ok', found);
      else tell('fault', `${found}, older than ${oldest}`, `install Node ${oldest} or newer`);
    },
  };
}

export function isAtLeast(version: string, oldest: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const [oldestMajor = 0, oldestMinor = 0] = oldest.split('.').map(Number);
  return major > oldestMajor || (major === oldestMajor && minor >= oldestMinor);
}
