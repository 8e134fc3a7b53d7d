import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { SimulatedCar } from '../src/vehicle/simulated-car.js';
import { tempDir } from '../test/support/temp-dir.js';
import { findProgram } from '../test/support/programs.js';
import type { BridgeOptions } from './bridge.js';

const sidecar = fileURLToPath(new URL('python/instant_sidecar.py', import.meta.url));

export const python = findProgram('python3');

/**
 * An account with one car behind a real Python process that answers at once. To the bridge the wrapper is the
 * interpreter of its environment; what it is asked to run, the real sidecar, it leaves alone.
 */
export async function pythonAccount(
  interpreter: string,
): Promise<Pick<BridgeOptions, 'account' | 'cars' | 'config'>> {
  const folder = await tempDir();
  const answers = join(folder, 'answers.json');
  const wrapper = join(folder, 'python');
  const car = SimulatedCar.create({ index: 0, seed: 1 }, { now: Date.now });
  const { id, vin, name, model, year, brand, drivetrain } = car.identity;
  const vehicles = [{ id, vin, name, model, year, brand, drivetrain }];
  await writeFile(answers, JSON.stringify({ vehicles, report: car.report() }));
  await writeFile(wrapper, `#!/bin/sh\nexec '${interpreter}' '${sidecar}' '${answers}'\n`);
  await chmod(wrapper, 0o700);
  const account = {
    region: 'europe',
    brand: 'hyundai',
    username: 'bench',
    password: 'bench-password',
  };
  return { cars: 1, account, config: { python: wrapper } };
}
