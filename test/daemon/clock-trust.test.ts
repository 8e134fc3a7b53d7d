import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import { ClockTrust } from '../../src/daemon/clock-trust.js';
import { tempDir } from '../support/temp-dir.js';
import { waitUntil } from '../support/wait.js';

const now = 1_000_000_000;
const minute = 60_000;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
});
afterEach(() => {
  vi.useRealTimers();
});

function aTrust(newestStored: number, synchronisedFile = '/nowhere/at/all') {
  const time = { now, monotonic: 0 };
  const onTrusted = vi.fn();
  const trust = new ClockTrust({
    clock: { now: () => time.now, monotonic: () => time.monotonic },
    newestStored,
    synchronisedFile,
    onTrusted,
  });
  onTestFinished(() => {
    trust.stop();
  });
  const pass = async (time_ms: number): Promise<void> => {
    time.monotonic += time_ms;
    await vi.advanceTimersByTimeAsync(time_ms);
    // The look at the file is real.
    await turn();
    await turn();
  };
  return { trust, time, onTrusted, pass };
}

test.each([
  ['never stored anything', 0, true],
  ['is ahead of what was stored', now - 1, true],
  ['is behind by a minute', now + minute, true],
  ['is behind by more', now + minute + 1, false],
])('a clock that %s is trusted or not', (_, newestStored, isTrusted) => {
  expect(aTrust(newestStored).trust.isTrusted).toBe(isTrusted);
});

test('it is trusted once it has passed what was stored, and that is told once', async () => {
  const { trust, time, onTrusted, pass } = aTrust(now + 10 * minute);
  time.now = now + 10 * minute - 1;
  await pass(5000);
  expect(trust.isTrusted).toBe(false);
  time.now += 1;
  await waitUntil(
    async () => {
      await pass(5000);
      return trust.isTrusted;
    },
    5000,
    () => 'trust',
  );
  await pass(minute);
  expect(onTrusted).toHaveBeenCalledTimes(1);
});

test('it is trusted when the system says that it is set', async () => {
  const file = join(await tempDir(), 'synchronized');
  const { trust, pass } = aTrust(now + 10 * minute, file);
  await pass(5000);
  expect(trust.isTrusted).toBe(false);
  await writeFile(file, '');
  await waitUntil(
    async () => {
      await pass(5000);
      return trust.isTrusted;
    },
    5000,
    () => 'trust',
  );
});

test('after ten minutes it is trusted whatever it says', async () => {
  const { trust, time, pass } = aTrust(now + 1000 * minute);
  await waitUntil(
    async () => {
      await pass(5000);
      return trust.isTrusted;
    },
    10_000,
    () => 'trust',
  );
  expect(time.monotonic).toBeGreaterThanOrEqual(10 * minute);
});
