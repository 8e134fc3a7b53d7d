import { expect, test, vi } from 'vitest';
import { Polling, type KeptPolling } from '../../src/schedule/polling.js';
import { hour_ms, minute_ms, usualSettings } from './a-schedule.js';

function aPolling(kept?: KeptPolling, configured = usualSettings) {
  const keep = vi.fn<(kept: KeptPolling) => Promise<void>>(() => Promise.resolve());
  const onChange = vi.fn();
  return { polling: new Polling({ configured, kept, keep, onChange }), keep, onChange };
}

const configured = { enabled: true, every_ms: 30 * minute_ms };

test('without anything else it is as configured', () => {
  expect(aPolling().polling.settings).toEqual(usualSettings);
});

test('what a person sets is stored first, and then in force', async () => {
  const { polling, keep, onChange } = aPolling();
  let stored = (): void => undefined;
  keep.mockReturnValueOnce(new Promise((resolve) => (stored = resolve)));
  const changed = polling.change({ every_ms: hour_ms });
  await vi.waitFor(() => {
    expect(keep).toHaveBeenCalledWith({ enabled: true, every_ms: hour_ms, configured });
  });
  expect(polling.settings.every_ms).toBe(30 * minute_ms);
  stored();
  await changed;
  expect(polling.settings).toEqual({ ...usualSettings, every_ms: hour_ms });
  expect(onChange).toHaveBeenCalledTimes(1);
});

test('what cannot be stored changes nothing', async () => {
  const { polling, keep, onChange } = aPolling();
  keep.mockRejectedValueOnce(new Error('the disk is full'));
  await expect(polling.change({ enabled: false })).rejects.toThrow('the disk is full');
  expect(polling.settings).toEqual(usualSettings);
  expect(onChange).not.toHaveBeenCalled();
});

test('it outlives a restart', () => {
  const { polling } = aPolling({ enabled: false, every_ms: hour_ms, configured });
  expect(polling.settings).toEqual({ ...usualSettings, enabled: false, every_ms: hour_ms });
});

test('until the configuration says something new, and then only where it does', () => {
  const kept = { enabled: false, every_ms: hour_ms, configured };
  const { polling } = aPolling(kept, { ...usualSettings, every_ms: 20 * minute_ms });
  expect(polling.settings).toMatchObject({ enabled: false, every_ms: 20 * minute_ms });
});

test('what the configuration has overruled does not come back with it', async () => {
  const kept = { enabled: false, every_ms: hour_ms, configured };
  const other = { ...usualSettings, every_ms: 20 * minute_ms };
  const between = aPolling(kept, other);
  await between.polling.forgetOverruled();
  const [[left] = []] = between.keep.mock.calls;
  expect(aPolling(left).polling.settings).toMatchObject({
    ...{ enabled: false, every_ms: usualSettings.every_ms },
  });
  const same = aPolling(kept);
  await same.polling.forgetOverruled();
  expect(same.keep).not.toHaveBeenCalled();
});

test('of two changes, the later keeps what the earlier has set', async () => {
  const { polling, keep } = aPolling();
  await polling.change({ every_ms: hour_ms });
  await polling.change({ enabled: false });
  expect(keep).toHaveBeenLastCalledWith({ enabled: false, every_ms: hour_ms, configured });
});

test('two changes at once do not undo each other', async () => {
  const { polling, keep } = aPolling();
  await Promise.all([polling.change({ every_ms: hour_ms }), polling.change({ enabled: false })]);
  expect(polling.settings).toMatchObject({ enabled: false, every_ms: hour_ms });
  expect(keep).toHaveBeenLastCalledWith({ enabled: false, every_ms: hour_ms, configured });
});
