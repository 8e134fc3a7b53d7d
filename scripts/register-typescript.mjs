// Lets this Node run the TypeScript of `bench/` where it stands: `node --import ./scripts/register-typescript.mjs`.
import { register } from 'node:module';

register('./load-typescript.mjs', import.meta.url);
