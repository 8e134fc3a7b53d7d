import { fileURLToPath } from 'node:url';
import { findBluelinky } from '../../../src/backends/bluelinky/installed.js';
import { isAvailable } from '../../support/programs.js';

const root = fileURLToPath(new URL('../../..', import.meta.url));

/** The library as `npm run test:environment` has installed it, which is where a user's state directory has it. */
const installed = findBluelinky(`${root}/.cache/bluelinky`, '/');

export const hasBluelinky = isAvailable(
  installed.is === 'there',
  'bluelinky in .cache (npm run test:environment)',
);

export function requireBluelinky() {
  if (installed.is === 'there') return installed;
  throw new Error('run `npm run test:environment` first');
}
