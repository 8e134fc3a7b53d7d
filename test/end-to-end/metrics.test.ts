import { beforeAll, describe, expect, test } from 'vitest';
import { hasMosquitto, startMosquitto, type Mosquitto } from '../support/mosquitto.js';
import { hasPromtool, promtool } from '../support/promtool.js';
import { scrape } from './scrape.js';
import { SimulatedBridge } from './simulated-bridge.js';

describe.skipIf(!hasMosquitto)('the metrics of a running bridge', () => {
  let broker: Mosquitto;

  beforeAll(async () => {
    broker = await startMosquitto();
  });

  async function started(config = {}): Promise<SimulatedBridge> {
    const bridge = await SimulatedBridge.start({ broker, cars: 2, config });
    await bridge.ready();
    return bridge;
  }

  test('say how it stands, and have a zero for all that has not happened', async () => {
    const bridge = await started();
    const now = await scrape(bridge);
    expect(now.value('healthy')).toBe(1);
    expect(now.value('clock_trusted')).toBe(1);
    expect(now.value('mqtt_connected')).toBe(1);
    expect(now.value('account_state{account="home",state="ready"}')).toBe(1);
    expect(now.value('account_state{account="home",state="refused"}')).toBe(0);
    expect(now.value('breaker_state{account="home",class="wake",state="closed"}')).toBe(1);
    expect(now.value('vehicles{account="home"}')).toBe(2);
    expect(now.value('queue_depth{account="home"}')).toBe(0);
    expect(now.value('sign_ins_total{account="home",result="ok"}')).toBe(1);
    expect(now.value('command_failures_total{code="timeout"}')).toBe(0);
    expect(now.value('store_write_failures_total')).toBe(0);
    expect(now.value('store_write_duration_seconds_count')).toBeGreaterThan(0);
    expect(now.value('mqtt_published_messages_total')).toBeGreaterThan(0);
    expect(now.value('oldest_read_timestamp_seconds{account="home"}')).toBeGreaterThan(
      now.value('start_time_seconds') - 1,
    );
    expect(now.value('process_resident_memory_bytes')).toBeGreaterThan(10_000_000);
  });

  test('count what people ask for and what becomes of it', async () => {
    const bridge = await started();
    await bridge.refresh('car0', 'cached');
    await bridge.refresh('car0', 'force');
    await bridge.weather({
      vehicles: { '*': { cached: { fail: { code: 'unavailable', message: 'away' } } } },
    });
    await bridge.refresh('car1', 'cached');
    await bridge.ended('car0', 'lock', { value: 'unlock' });
    await bridge.ended('nobody', 'refresh', { value: 'cached' });
    await bridge.ended('bridge', 'recharge', { value: 'x' });
    const now = await scrape(bridge);
    expect(now.value('commands_total{command="refresh",status="succeeded"}')).toBe(2);
    expect(now.value('commands_total{command="refresh",status="failed"}')).toBe(1);
    expect(now.value('commands_total{command="unknown",status="rejected"}')).toBe(1);
    expect(now.value('command_failures_total{code="unavailable"}')).toBe(1);
    expect(now.value('command_refusals_total{code="not_allowed"}')).toBe(1);
    expect(now.value('command_refusals_total{code="unknown_vehicle"}')).toBe(1);
    expect(now.value('command_refusals_total{code="unknown_command"}')).toBe(1);
    expect(now.value('command_duration_seconds_count{command="refresh"}')).toBe(3);
    expect(now.value('command_wait_seconds_count')).toBe(3);
    expect(now.value('call_failures_total{account="home",code="unavailable"}')).toBe(1);
    expect(now.value('call_duration_seconds_count{operation="force",result="ok"}')).toBe(1);
    expect(now.value('wakes_total{account="home",reason="refresh"}')).toBe(1);
    expect(now.value('wakes_total{account="home",reason="command"}')).toBe(0);
    expect(now.value('mqtt_received_messages_total')).toBeGreaterThanOrEqual(6);
    expect(now.value('calls_in_flight{operation="cached"}')).toBe(0);
  });

  test('show what hangs, and what waits behind it', async () => {
    const bridge = await started();
    await bridge.weather({ vehicles: { car0: { force: { hang: true } } } });
    const hanging = await bridge.command('car0', 'refresh', { value: 'force' });
    await bridge.recorder.waitFor(
      ({ payload }) => payload.includes(hanging) && payload.includes('"running"'),
    );
    await bridge.command('car0', 'refresh', { value: 'force', override: true });
    await expect
      .poll(async () => (await scrape(bridge)).value('queue_depth{account="home"}'))
      .toBe(1);
    const now = await scrape(bridge);
    expect(now.value('queue_oldest_seconds{account="home"}')).toBeGreaterThan(0);
    expect(now.value('calls_in_flight{operation="force"}')).toBe(1);
    expect(now.value('pool_busy{account="home"}')).toBe(1);
    expect(now.value('healthy')).toBe(1);
  });

  test('show a breaker that opens', async () => {
    const bridge = await started({ breaker: { failures: 2, reset: '1h', max_reset: '1h' } });
    await bridge.weather({
      vehicles: { '*': { cached: { fail: { code: 'unavailable', message: 'away' } } } },
    });
    await bridge.refresh('car0', 'cached');
    await bridge.refresh('car1', 'cached');
    const now = await scrape(bridge);
    const read = 'account="home",class="read"';
    expect(now.value(`breaker_state{${read},state="open"}`)).toBe(1);
    expect(now.value(`breaker_state{${read},state="closed"}`)).toBe(0);
    expect(now.value(`breaker_changes_total{${read},state="open"}`)).toBe(1);
  });

  test('name no car and nothing that people send', async () => {
    const bridge = await started();
    await bridge.refresh('car0', 'cached');
    await bridge.ended('not-a-car', 'not-a-command', { value: 'not-a-value' });
    const { text } = await scrape(bridge);
    for (const { vin, alias } of bridge.cars) {
      expect(text).not.toContain(vin);
      expect(text).not.toContain(alias);
    }
    expect(text).not.toContain('not-a-');
  });

  test.skipIf(!hasPromtool)('are accepted by promtool without a word', async () => {
    const bridge = await started();
    await bridge.refresh('car0', 'force');
    const { text } = await scrape(bridge);
    expect(await promtool(['check', 'metrics'], text)).toEqual({ code: 0, said: '' });
  });
});
