import { beforeAll, describe, expect, test } from 'vitest';
import { LibraryBridge, hyundaiAccount } from '../support/library-bridge.js';
import {
  type LibraryWorld,
  addHyundai,
  hasLibraryWorld,
  startLibraryWorld,
} from '../support/library-world.js';
import { scrape } from './scrape.js';
import type { LogLine } from './simulated-bridge.js';

const car = 'hyundai-0';

describe.skipIf(!hasLibraryWorld)('what can be seen of the Python processes', () => {
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

  test('every line of a command carries its id, from the thread and from its process too', async () => {
    const bridge = await start();
    await bridge.refresh(car, 'cached');
    // What is asked besides the state of the car may fail: the process says so in its own log.
    const fault = world.cloud.fault({ path: /tripdetails/i, effect: { is: 'reset' } });
    const from = bridge.daemon.lines.length;
    const id = await bridge.send(car, 'cached');
    expect(await bridge.ending(id)).toMatchObject({ status: 'succeeded' });
    expect(fault.struck).toBeGreaterThan(0);
    fault.clear();
    await bridge.daemon.waitForLine(new RegExp(`"command_id":"${id}".*"status":"succeeded"`));
    const lines = bridge.daemon.lines.slice(from).map((line) => JSON.parse(line) as LogLine);
    const about = (msg: RegExp): LogLine[] => lines.filter((line) => msg.test(line.msg));
    const [left] = about(/^call handed to a thread$/);
    const [returned] = about(/^call returned$/);
    const [said] = about(/the rest of the reading is kept/);
    expect(left).toMatchObject({ level: 'debug', command_id: id, operation: 'cached' });
    expect(said).toMatchObject({ command_id: id, attempt: left?.['attempt'] });
    expect(returned).toMatchObject({ level: 'info', command_id: id, attempt: left?.['attempt'] });
    expect(returned?.['duration_ms']).toBeGreaterThan(0);
  });

  test('a process that is killed at a deadline is counted, and so is the one that takes its place', async () => {
    const bridge = await start({ workers: { deadline: { cached: '8s' } } });
    const before = await scrape(bridge);
    expect(before.value('processes_killed_total{account="hyundai"}')).toBe(0);
    const drip = world.cloud.fault({ operation: 'cached', effect: { is: 'dripping_body' } });
    expect(await bridge.refresh(car, 'cached')).toMatchObject({ code: 'timeout' });
    drip.clear();
    expect(await bridge.refresh(car, 'cached')).toMatchObject({ status: 'succeeded' });
    const after = await scrape(bridge);
    const grown = (series: string): number => after.value(series) - before.value(series);
    expect(grown('processes_killed_total{account="hyundai"}')).toBe(1);
    expect(grown('processes_started_total{account="hyundai"}')).toBe(1);
    expect(grown('threads_terminated_total{account="hyundai"}')).toBe(0);
    expect(grown('call_failures_total{account="hyundai",code="timeout"}')).toBe(1);
    expect(
      grown('vendor_requests_total{account="hyundai",operation="cached"}'),
    ).toBeGreaterThanOrEqual(2);
    expect(after.value('pool_processes{account="hyundai"}')).toBe(1);
  });
});
