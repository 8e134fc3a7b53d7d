import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { sidecarCommand } from '../../../src/backends/hyundai-kia-connect/adapter.js';
import { hasTestPython, requireTestPython } from '../../support/python.js';
import { onTeardown } from '../../support/teardown.js';
import { aTask, startBackend } from './builders.js';

describe.skipIf(!hasTestPython)('the Python program', () => {
  test('greets, and answers a task that it can refuse by itself', async () => {
    const { backend, told } = startBackend(sidecarCommand(requireTestPython()));
    const outcome = await backend.run(aTask({ operation: 'cached', vehicle: 'car-1' }));
    expect(outcome).toMatchObject({ ok: false, requests: 0, failure: { code: 'auth_failed' } });
    expect(told.started).toHaveLength(1);
  });

  test('gets none of the secrets of our own environment', () => {
    process.env['BLUELINK2MQTT_TEST_SECRET'] = 'correct-horse';
    onTeardown(() => {
      delete process.env['BLUELINK2MQTT_TEST_SECRET'];
    });
    const { told } = startBackend(sidecarCommand(requireTestPython()));
    const environment = readFileSync(`/proc/${String(told.started[0])}/environ`, 'utf8');
    expect(environment).toContain('TZ=UTC');
    expect(environment).not.toContain('correct-horse');
  });

  test('is gone when close is done', async () => {
    const { backend, told } = startBackend(sidecarCommand(requireTestPython()));
    await backend.run(aTask({ operation: 'cached', vehicle: 'car-1' }));
    await backend.close();
    expect(told.ended).toEqual(told.started);
    expect(existsSync(`/proc/${String(told.started[0])}`)).toBe(false);
  });
});
