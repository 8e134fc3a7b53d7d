import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { BackendLog } from '../../src/backends/contract.js';
import type { SimulatorSettings } from '../../src/backends/simulator.js';
import type { Outcome, Task } from '../../src/vehicle/task.js';
import { createSharedCars, createSimulator } from '../../src/backends/simulator.js';
import { outcomeSchema } from '../../src/vehicle/task.js';
import { onTeardown } from '../support/teardown.js';
import { tempDir } from '../support/temp-dir.js';

const session = { token: 'any' };

function settingsOf(part: Partial<SimulatorSettings> = {}): SimulatorSettings {
  return {
    backend: 'simulator',
    vehicles: 2,
    seed: 7,
    latency_ms: 0,
    force_latency_ms: 0,
    command_latency_ms: 0,
    region: 'europe',
    brand: 'hyundai',
    shared: createSharedCars(part.vehicles ?? 2),
    ...part,
  };
}

export function aSimulator(part: Partial<SimulatorSettings> = {}) {
  const settings = settingsOf(part);
  const logs: BackendLog[] = [];
  let requests = 0;
  const backend = createSimulator(settings, {
    request: () => (requests += 1),
    log: (line) => logs.push(line),
    process: () => expect.unreachable('the simulator has no process'),
  });
  onTeardown(() => backend.close());
  let attempts = 0;
  const run = async (task: Partial<Task> & Pick<Task, 'operation'>): Promise<Outcome> => {
    attempts += 1;
    const attempt = `attempt-${String(attempts)}`;
    const outcome = await backend.run({
      account: 'home',
      attempt,
      remaining_ms: 10_000,
      session,
      ...task,
    });
    return outcomeSchema.parse(outcome);
  };
  return { settings, backend, run, logs, requests: () => requests };
}

export async function listed(run: ReturnType<typeof aSimulator>['run']) {
  const outcome = await run({ operation: 'sign_in', session: null });
  if (!outcome.ok || outcome.result.operation !== 'sign_in') throw new Error('no sign-in');
  return outcome.result.vehicles;
}

export async function idOf(
  run: ReturnType<typeof aSimulator>['run'],
  index: number,
): Promise<string> {
  return (await listed(run))[index]?.id ?? expect.unreachable('no such car');
}

export function reportOf(outcome: Outcome) {
  if (!outcome.ok || !('report' in outcome.result)) {
    throw new Error(`no report: ${JSON.stringify(outcome)}`);
  }
  return outcome.result.report;
}

export const failureOf = (outcome: Outcome) => (outcome.ok ? undefined : outcome.failure);

export async function withControl(control: unknown, part: Partial<SimulatorSettings> = {}) {
  const control_file = join(await tempDir(), 'control.json');
  const write = (text: unknown) =>
    writeFile(control_file, typeof text === 'string' ? text : JSON.stringify(text));
  await write(control);
  return { ...aSimulator({ control_file, ...part }), write };
}
