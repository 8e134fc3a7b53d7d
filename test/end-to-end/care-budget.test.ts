import { beforeAll, describe, expect, test } from 'vitest';
import type { LifeCycleEvent } from '../../src/vehicle/life-cycle.js';
import { clearOfMidnight } from '../support/midnight.js';
import { hasMosquitto, startMosquitto, type Mosquitto } from '../support/mosquitto.js';
import { SimulatedBridge, type BridgeState, type LogLine } from './simulated-bridge.js';

const day_ms = 86_400_000;
const patience_ms = 45_000;
const limit = 'the account has asked too often';

describe.skipIf(!hasMosquitto)(
  "what an account may ask of its maker's cloud",
  { timeout: 120_000 },
  () => {
    let broker: Mosquitto;

    beforeAll(async () => {
      broker = await startMosquitto();
      await clearOfMidnight();
    }, 200_000);

    /** What a person says, and how it ended. */
    async function says(
      bridge: SimulatedBridge,
      [target, command]: readonly [target: string, command: string],
      fields: Readonly<Record<string, unknown>>,
    ): Promise<LifeCycleEvent> {
      const id = await bridge.command(target, command, fields);
      return bridge.recorder.waitForEnding(id, patience_ms);
    }

    /** A month of trips of another car than those of the commands. */
    async function startsTrips(bridge: SimulatedBridge, id: string): Promise<void> {
      const payload = JSON.stringify({ id, month: '2026-06' });
      await bridge.recorder.publish(bridge.commandTopic('car1', 'trips'), payload);
    }

    const budgetOf = ({ budget }: BridgeState) => budget['home'];
    const is = (state: string) => (document: BridgeState) => budgetOf(document)?.state === state;
    const asked = (bridge: SimulatedBridge) => {
      return (['sign_in', 'list', 'cached', 'force', 'command', 'trips'] as const).flatMap((one) =>
        bridge.calls(one),
      ).length;
    };

    test('what is left of a day is kept for people, with one warning', async () => {
      const bridge = await SimulatedBridge.start({
        ...{ broker, cars: 2 },
        config: { guards: { min_wake_gap: 'off' }, budget: { daily: 10, reserve: '20%' } },
      });
      await bridge.ready();
      for (let used = 0; used < 8; used = bridge.states.map(budgetOf).at(-1)?.used ?? 0) {
        const from = bridge.recorder.messages.length;
        await says(bridge, ['car0', 'refresh'], { value: 'cached' });
        await bridge.waitForState(() => true, from);
      }
      const { budget } = await bridge.waitForState(is('reserve'));
      expect(budget['home']).toMatchObject({ limit: 10, used: 8, left: 2, blocked_until: null });
      expect(budget['home']?.resets_at).toBe(nextMidnight());

      const would = { value: 'smart', dry_run: true };
      for (const fields of [would, { value: 'smart' }]) {
        const smart = await says(bridge, ['car0', 'refresh'], fields);
        expect(smart).toMatchObject({ status: 'succeeded', decision: 'guard_budget' });
        expect(smart.message).toContain('people');
      }
      expect(bridge.calls('force')).toEqual([]);
      await startsTrips(bridge, 'trips');
      await bridge.waitForState(({ jobs }) => jobs.some(({ reason }) => reason === 'guard_budget'));

      // People go on, beyond what is thought to be the limit: only the maker knows it.
      for (let time = 0; time < 3; time += 1) {
        expect(await says(bridge, ['car0', 'refresh'], { value: 'force' })).toMatchObject({
          status: 'succeeded',
        });
      }
      expect(bridge.calls('force')).toHaveLength(3);
      expect(bridge.calls('trips')).toEqual([]);
      const spent = await bridge.waitForState((state) => budgetOf(state)?.left === 0);
      expect(budgetOf(spent)).toMatchObject({ state: 'reserve', blocked_until: null });
      expect(warnings(bridge.logLines())).toMatchObject([{ budget: 'reserve' }]);

      // What was used is known after a stop, and nothing of it was forgiven.
      await bridge.daemon.stop();
      const from = bridge.recorder.messages.length;
      await bridge.startAgain();
      const again = await bridge.waitForState(is('reserve'), from, patience_ms);
      expect(budgetOf(again)?.used).toBeGreaterThanOrEqual(budgetOf(spent)?.used ?? Infinity);
    });

    test("at the maker's own limit nothing is sent, after kill -9 neither", async () => {
      const bridge = await SimulatedBridge.start({ broker, cars: 2, config: { guards: {} } });
      await bridge.ready();
      const fail = { code: 'rate_limited', message: limit };
      await bridge.weather({ vehicles: { '*': { force: { fail } } } });
      const first = await says(bridge, ['car0', 'refresh'], { value: 'force' });
      expect(first).toMatchObject({ status: 'failed', code: 'rate_limited', message: limit });
      expect(first.retry_after_s).toBeGreaterThan(0);
      await bridge.weather({});

      const blocked = await bridge.waitForState(is('blocked'));
      const { blocked_until } = budgetOf(blocked) ?? {};
      expect(Date.parse(blocked_until ?? '')).toBeGreaterThanOrEqual(Date.parse(nextMidnight()));
      expect(budgetOf(blocked)).toMatchObject({ left: 0, resets_at: blocked_until });
      expect(blocked.last_error).toMatchObject({ code: 'rate_limited' });
      const before = asked(bridge);
      await expectNothingIsTaken(bridge);
      await startsTrips(bridge, 'trips');
      await bridge.waitForState(({ jobs }) => jobs.some(({ reason }) => reason === 'rate_limited'));
      expect(asked(bridge)).toBe(before);
      expect(bridge.recorder.on(bridge.topic('car0/availability')).at(-1)?.payload).toBe('online');
      expect(warnings(bridge.logLines())).toMatchObject([{ budget: 'blocked' }]);

      const reborn = await bridge.killAndStartAgain();
      expect(budgetOf(reborn)).toMatchObject({ state: 'blocked', left: 0, blocked_until });
      await expectNothingIsTaken(bridge);
      expect(asked(bridge)).toBe(before);
    });

    test('a short limit passes by itself, and what waited goes on', async () => {
      const bridge = await SimulatedBridge.start({ broker, cars: 2, config: { guards: {} } });
      await bridge.ready();
      const fail = { code: 'rate_limited', message: limit, retry_after_s: 5, times: 1 };
      await bridge.weather({ vehicles: { car0: { cached: { fail } } } });
      await startsTrips(bridge, 'before');
      expect(await bridge.recorder.waitForEnding('before', patience_ms)).toMatchObject({
        status: 'succeeded',
      });
      const from = bridge.recorder.messages.length;
      const failed = await says(bridge, ['car0', 'refresh'], { value: 'cached' });
      expect(failed).toMatchObject({ status: 'failed', code: 'rate_limited' });
      expect(failed.retry_after_s).toBeLessThanOrEqual(5);
      await bridge.waitForState(is('blocked'), from);
      const blocked = bridge.recorder.messages.length;
      await startsTrips(bridge, 'during');
      const passed = await bridge.waitForState(is('ok'), blocked, patience_ms);
      expect(budgetOf(passed)).toMatchObject({ blocked_until: null });
      expect(await bridge.recorder.waitForEnding('during', patience_ms)).toMatchObject({
        status: 'succeeded',
      });
      expect(await says(bridge, ['car0', 'refresh'], { value: 'cached' })).toMatchObject({
        status: 'succeeded',
      });
    });

    /** Neither a read nor a wake nor a command, of no car of the account, however much a person insists. */
    async function expectNothingIsTaken(bridge: SimulatedBridge): Promise<void> {
      const wishes: [target: string, command: string, fields: object][] = [
        ['car0', 'refresh', { value: 'cached' }],
        ['car1', 'refresh', { value: 'smart' }],
        ['car1', 'refresh', { value: 'force' }],
        ['car1', 'refresh', { value: 'force', override: true }],
        ['car1', 'refresh', { value: 'force', dry_run: true }],
        ['car0', 'lock', { value: 'lock' }],
        ['car1', 'horn', { value: 'PRESS' }],
      ];
      for (const [target, command, fields] of wishes) {
        const refused = await says(bridge, [target, command], { ...fields });
        expect(refused, JSON.stringify(refused)).toMatchObject({
          ...{ status: 'rejected', code: 'rate_limited', seq: 0, retryable: true },
        });
        expect(refused.retry_after_s).toBeGreaterThan(0);
      }
    }
  },
);

/** What the log warns of the budget. */
function warnings(lines: readonly LogLine[]): LogLine[] {
  return lines.filter(({ level, budget }) => level === 'warn' && budget !== undefined);
}

function nextMidnight(): string {
  return new Date((Math.floor(Date.now() / day_ms) + 1) * day_ms).toISOString();
}
