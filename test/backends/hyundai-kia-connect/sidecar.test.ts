import { expect, test } from 'vitest';
import { Sidecar } from '../../../src/backends/hyundai-kia-connect/sidecar.js';
import type { SidecarCommand } from '../../../src/backends/hyundai-kia-connect/sidecar-process.js';
import { onTeardown } from '../../support/teardown.js';
import { fixture } from './builders.js';

function createSidecar(command: SidecarCommand, hello_ms = 20_000) {
  const told = { started: 0, ended: 0, lost: [] as string[] };
  const time = { ms: 0 };
  const sidecar = new Sidecar({
    command,
    hello_ms,
    clock: { now: () => time.ms, monotonic: () => time.ms },
    listener: {
      message: () => undefined,
      stderr: () => undefined,
      process: (event) => (told[event === 'started' ? event : 'ended'] += 1),
    },
    onReady: () => undefined,
    onLost: (message) => told.lost.push(message),
  });
  onTeardown(() => sidecar.end('kill'));
  return { sidecar, told, time };
}

test('starts that fail are paced, ever more slowly', async () => {
  const { sidecar, told, time } = createSidecar(fixture('crashes', 'start'));
  expect(await sidecar.ready()).toMatchObject({ is: 'failed', retryAfter_s: 1 });
  time.ms = 999;
  expect(await sidecar.ready()).toMatchObject({ is: 'failed', retryAfter_s: 1 });
  expect(told.started).toBe(1);
  time.ms = 1000;
  expect(await sidecar.ready()).toMatchObject({ is: 'failed', retryAfter_s: 2 });
  time.ms = 3000;
  expect(await sidecar.ready()).toMatchObject({ is: 'failed', retryAfter_s: 4 });
  expect(told).toMatchObject({ started: 3, ended: 3, lost: [] });
});

test('a process that says nothing is ended, and the start has failed', async () => {
  const { sidecar, told } = createSidecar(fixture('mute'), 200);
  expect(await sidecar.ready()).toMatchObject({
    is: 'failed',
    why: 'the Python process said nothing for 0.2 s',
  });
  expect(told.ended).toBe(1);
});

test('all who ask while it starts get the same process', async () => {
  const { sidecar, told } = createSidecar(fixture('answers'));
  const [first, second] = await Promise.all([sidecar.ready(), sidecar.ready()]);
  expect(first).toBe(second);
  expect(told.started).toBe(1);
});

test('one that is told to go while it starts is gone, and was never ready', async () => {
  const { sidecar, told } = createSidecar(fixture('mute'));
  const started = sidecar.ready();
  await sidecar.end('stop');
  expect(await started).toEqual({ is: 'ended' });
  expect(told).toEqual({ started: 1, ended: 1, lost: [] });
});

test('who asks while it goes gets the next process', async () => {
  const { sidecar, told } = createSidecar(fixture('answers'));
  await sidecar.ready();
  const going = sidecar.end('stop');
  expect(await sidecar.ready()).toMatchObject({ is: 'ready' });
  await going;
  expect(told).toMatchObject({ started: 2, ended: 1 });
});
