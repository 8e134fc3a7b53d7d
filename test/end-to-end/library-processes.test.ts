import { beforeAll, describe, expect, test } from 'vitest';
import { LibraryBridge, hyundaiAccount } from '../support/library-bridge.js';
import {
  type LibraryWorld,
  addHyundai,
  hasLibraryWorld,
  startLibraryWorld,
} from '../support/library-world.js';
import { listProcesses } from '../support/processes.js';
import { onTeardown } from '../support/teardown.js';

/** Long enough for the start of a new process, on a machine with much else to do. */
const deadline = { cached: '8s', force: '8s' };
const car = 'hyundai-0';

describe.skipIf(!hasLibraryWorld)('the Python processes of a daemon', () => {
  let world: LibraryWorld;

  beforeAll(async () => {
    world = await startLibraryWorld();
  });

  const start = async (config: Record<string, unknown> = {}): Promise<LibraryBridge> => {
    const accounts = [hyundaiAccount(addHyundai(world))];
    const bridge = await LibraryBridge.start({ ...world, accounts, config });
    await bridge.waitForAccount('hyundai', 'ready');
    return bridge;
  };

  test.each([
    { word: 'force', outcome: 'unknown' },
    { word: 'cached', outcome: undefined },
  ] as const)(
    'a $word past its deadline is ended with its process, and the next one has a new process',
    async ({ word, outcome }) => {
      const bridge = await start({ workers: { deadline } });
      const drip = world.cloud.fault({ operation: word, effect: { is: 'dripping_body' } });
      const [hung] = bridge.pythons();
      const id = await bridge.send(car, word);
      const ending = await bridge.ending(id);
      expect(ending).toMatchObject({ status: 'failed', code: 'timeout', retryable: true });
      expect(ending.message).toMatch(/killed/);
      expect(ending.outcome).toBe(outcome);
      expect(drip.struck).toBe(1);
      expect(hung).toBeDefined();
      expect(listProcesses().map(({ pid }) => pid)).not.toContain(hung?.pid);
      expect(bridge.defunct()).toEqual([]);

      drip.clear();
      expect(await bridge.refresh(car, word)).toMatchObject({ status: 'succeeded' });
      expect(bridge.pythons()).toHaveLength(1);
      expect(bridge.statuses(id)).toEqual(['accepted', 'running', 'failed']);
    },
  );

  test('a car that does not answer in time is a `vehicle_timeout`, told by a process that lives on', async () => {
    const bridge = await start({ workers: { deadline } });
    const held = world.cloud.hold({ operation: 'force' });
    onTeardown(held.release);
    const before = bridge.pythons();
    const ending = await bridge.refresh(car, 'force');
    expect(ending).toMatchObject({ status: 'failed', code: 'vehicle_timeout', retryable: true });
    held.release();
    expect(await bridge.refresh(car, 'force')).toMatchObject({ status: 'succeeded' });
    expect(before).toHaveLength(1);
    expect(bridge.pythons().map(({ pid }) => pid)).toEqual(before.map(({ pid }) => pid));
  });

  test('a process that is killed in mid-call costs that call, and nothing else', async () => {
    const bridge = await start();
    const [python] = bridge.pythons().map(({ pid }) => pid);
    world.cloud.requests.clear();
    const held = world.cloud.hold({ operation: 'cached' });
    onTeardown(held.release);
    const id = await bridge.send(car, 'cached');
    await world.cloud.requests.arrived('cached');
    process.kill(python ?? expect.unreachable('no process'), 'SIGKILL');
    expect(await bridge.ending(id)).toMatchObject({
      status: 'failed',
      code: 'interrupted',
      retryable: true,
    });
    held.release();
    expect(await bridge.refresh(car, 'cached')).toMatchObject({ status: 'succeeded' });
    expect(bridge.defunct()).toEqual([]);
    expect(bridge.statuses(id)).toEqual(['accepted', 'running', 'failed']);
  });

  test('none outlives a daemon that is killed in mid-call, and each command has one ending after all', async () => {
    const accounts = [hyundaiAccount(addHyundai(world))];
    const first = await LibraryBridge.start({ ...world, accounts });
    await first.waitForAccount('hyundai', 'ready');
    const { held, read, wake } = await holdBoth(first);
    first.daemon.kill('SIGKILL');
    await first.daemon.exit;
    // By the end of their input: nobody is left who could have told them.
    await first.daemon.expectNothingLeft();
    held.release();

    const second = await LibraryBridge.start({ ...world, accounts, after: first });
    expect(await second.ending(read)).toMatchObject({ status: 'succeeded', value: 'cached' });
    expect(await second.ending(wake)).toMatchObject({ status: 'succeeded', value: 'force' });
    for (const id of [read, wake]) {
      expect(second.statuses(id).filter((one) => one === 'succeeded')).toHaveLength(1);
    }
  });

  test('none outlives a daemon that is asked to stop with calls in flight', async () => {
    const bridge = await start();
    const { held } = await holdBoth(bridge);
    expect(await bridge.daemon.stop()).toEqual({ code: 0, signal: null });
    held.release();
  });

  /** A read and a wake under way, each in a process of its own, which the cloud leaves without an answer. */
  async function holdBoth(bridge: LibraryBridge) {
    const held = world.cloud.hold({ operation: ['cached', 'force'] });
    onTeardown(held.release);
    world.cloud.requests.clear();
    const read = await bridge.send(car, 'cached');
    const wake = await bridge.send(car, 'force');
    await world.cloud.requests.arrived('cached');
    await world.cloud.requests.arrived('force');
    expect(bridge.pythons()).toHaveLength(2);
    return { held, read, wake };
  }
});
