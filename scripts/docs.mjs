import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { prepare } from './build.mjs';
import { root } from './run-program.mjs';

// Pages that say what the code says; a test compares each with what this would write.
await prepare();
const { renderReference } = await import('../dist/cli/configuration-reference.js');
await writeFile(join(root, 'docs/configuration.md'), renderReference());
console.log('written: docs/configuration.md');
