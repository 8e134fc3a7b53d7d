import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { metricWords } from '../../src/bridge-metrics.js';
import { page, root } from '../docs/pages.js';
import { hasPromtool, promtool } from '../support/promtool.js';
import { tempDir } from '../support/temp-dir.js';
import { faultsOf, seriesLabels } from './metric-names.js';

const file = join(root, 'config/prometheus-alerts.yaml');

interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly labels: { readonly severity: string };
  readonly annotations: { readonly summary: string; readonly description: string };
}

const { groups } = parse(readFileSync(file, 'utf8')) as { groups: { rules: Rule[] }[] };
const rules = groups.flatMap((group) => group.rules);

/** Series by the minute: what fires an alert, and what does not. */
interface Case {
  readonly fires: Series;
  readonly isQuiet: Series;
  /** Minutes after which it is looked at. */
  readonly after_min: number;
}

type Series = Readonly<Record<string, string>>;

const account = 'account="home"';
const days3_s = 3 * 86_400;

const cases: Readonly<Record<string, Case>> = {
  BluelinkBridgeAway: {
    fires: { 'up{}': '1 0x20' },
    isQuiet: { 'up{}': '1x20 0x2 1x20' },
    after_min: 10,
  },
  BluelinkBridgeUnhealthy: {
    fires: { 'bluelink2mqtt_healthy{}': '1 0x20' },
    isQuiet: { 'bluelink2mqtt_healthy{}': '1x20' },
    after_min: 5,
  },
  BluelinkBridgeRestarts: {
    fires: { 'bluelink2mqtt_start_time_seconds{}': '100+60x10' },
    isQuiet: { 'bluelink2mqtt_start_time_seconds{}': '100 200x10' },
    after_min: 8,
  },
  BluelinkBrokerAway: {
    fires: { 'bluelink2mqtt_mqtt_connected{}': '0x20' },
    isQuiet: { 'bluelink2mqtt_mqtt_connected{}': '1 0x3 1x20' },
    after_min: 10,
  },
  BluelinkAccountNeedsPerson: {
    fires: { [`bluelink2mqtt_account_state{${account},state="otp_required"}`]: '0 1x20' },
    isQuiet: {
      [`bluelink2mqtt_account_state{${account},state="ready"}`]: '1x20',
      [`bluelink2mqtt_account_state{${account},state="refused"}`]: '0x20',
    },
    after_min: 5,
  },
  BluelinkAccountUnreachable: {
    fires: { [`bluelink2mqtt_account_state{${account},state="unreachable"}`]: '1x90' },
    isQuiet: { [`bluelink2mqtt_account_state{${account},state="unreachable"}`]: '1x30 0 1x50' },
    after_min: 70,
  },
  BluelinkSessionEndsSoon: {
    fires: {
      [`bluelink2mqtt_session_expiry_timestamp_seconds{${account}}`]: `${days3_s - 60}x30`,
    },
    isQuiet: {
      [`bluelink2mqtt_session_expiry_timestamp_seconds{${account}}`]: `${days3_s + 86_400}x30`,
    },
    after_min: 20,
  },
  BluelinkBreakerOpen: {
    fires: {
      [`bluelink2mqtt_breaker_state{${account},class="wake",state="closed"}`]: '1 0x60',
    },
    isQuiet: {
      [`bluelink2mqtt_breaker_state{${account},class="wake",state="closed"}`]: '0x20 1 0x20',
      [`bluelink2mqtt_breaker_state{${account},class="wake",state="open"}`]: '0x60',
    },
    after_min: 40,
  },
  BluelinkBudgetNearlyGone: {
    fires: {
      [`bluelink2mqtt_budget_left{${account}}`]: '19x20',
      [`bluelink2mqtt_budget_limit{${account}}`]: '200x20',
    },
    isQuiet: {
      [`bluelink2mqtt_budget_left{${account}}`]: '21x20',
      [`bluelink2mqtt_budget_limit{${account}}`]: '200x20',
    },
    after_min: 10,
  },
  BluelinkAccountBlocked: {
    fires: { [`bluelink2mqtt_budget_state{${account},state="blocked"}`]: '1x20' },
    isQuiet: { [`bluelink2mqtt_budget_state{${account},state="reserve"}`]: '1x20' },
    after_min: 5,
  },
  BluelinkCommandsFail: {
    fires: {
      'bluelink2mqtt_command_failures_total{code="timeout"}': '0 1x5 2x60',
      'bluelink2mqtt_command_failures_total{code="unavailable"}': '0x5 2x60',
    },
    isQuiet: { 'bluelink2mqtt_command_failures_total{code="timeout"}': '7x5 8x60' },
    after_min: 30,
  },
  BluelinkQueueStands: {
    fires: { [`bluelink2mqtt_queue_oldest_seconds{${account}}`]: '0+60x30' },
    isQuiet: { [`bluelink2mqtt_queue_oldest_seconds{${account}}`]: '0+60x9 0x20' },
    after_min: 20,
  },
  BluelinkReadingsOld: {
    fires: { [`bluelink2mqtt_oldest_read_timestamp_seconds{${account}}`]: '-86400x60' },
    isQuiet: { [`bluelink2mqtt_oldest_read_timestamp_seconds{${account}}`]: '-3600x60' },
    after_min: 40,
  },
  BluelinkCarsWokenOften: {
    fires: {
      [`bluelink2mqtt_wakes_total{${account},reason="refresh"}`]: '0+1x40',
      [`bluelink2mqtt_vehicles{${account}}`]: '2x40',
    },
    isQuiet: {
      [`bluelink2mqtt_wakes_total{${account},reason="refresh"}`]: '0+1x40',
      [`bluelink2mqtt_vehicles{${account}}`]: '4x40',
    },
    after_min: 30,
  },
  BluelinkStoreFails: {
    fires: { 'bluelink2mqtt_store_write_failures_total{}': '0x5 1x5' },
    isQuiet: { 'bluelink2mqtt_store_write_failures_total{}': '3x20' },
    after_min: 8,
  },
  BluelinkLoopSlow: {
    fires: { 'bluelink2mqtt_event_loop_delay_p99_seconds{}': '0.2x30' },
    isQuiet: { 'bluelink2mqtt_event_loop_delay_p99_seconds{}': '0.2x5 0.02x30' },
    after_min: 15,
  },
  BluelinkThreadsTerminated: {
    fires: { [`bluelink2mqtt_threads_terminated_total{${account}}`]: '0x5 1x60' },
    isQuiet: { [`bluelink2mqtt_threads_terminated_total{${account}}`]: '4x60' },
    after_min: 30,
  },
  BluelinkNatsAway: {
    fires: { 'bluelink2mqtt_nats_connected{}': '1 0x20' },
    isQuiet: { 'bluelink2mqtt_nats_connected{}': '1 0 1x20' },
    after_min: 5,
  },
  BluelinkFleetOutside: {
    fires: { 'bluelink2mqtt_fleet_member{}': '1 0x20' },
    isQuiet: { 'bluelink2mqtt_fleet_member{}': '0x1 1x20' },
    after_min: 6,
  },
  BluelinkFleetSilent: {
    fires: { 'bluelink2mqtt_fleet_speaker{}': '1 0x20' },
    isQuiet: { 'bluelink2mqtt_fleet_speaker{}': '1x20' },
    after_min: 6,
  },
  BluelinkFleetLosesLeases: {
    fires: { 'bluelink2mqtt_fleet_losses_total{why="lost"}': '0x5 3x20' },
    isQuiet: {
      'bluelink2mqtt_fleet_losses_total{why="lost"}': '7x25',
      'bluelink2mqtt_fleet_losses_total{why="released"}': '0x5 9x20',
    },
    after_min: 8,
  },
  BluelinkClockWrong: {
    fires: { 'bluelink2mqtt_clock_trusted{}': '0x30' },
    isQuiet: { 'bluelink2mqtt_clock_trusted{}': '0x5 1x30' },
    after_min: 15,
  },
};

/** A test of promtool: whether this alert fires at that minute. */
function unitTest(alert: string, series: Series, after_min: number, firing: boolean): object {
  const isUp = Object.keys(series).some((name) => name.startsWith('up{'));
  const all = isUp ? series : { 'up{}': '1x120', ...series };
  return {
    interval: '1m',
    input_series: Object.entries(all).map(([name, values]) => ({
      series: name.replace(/\{(.*)\}/, (_, labels: string) => {
        const own = labels === '' ? [] : [labels];
        return `{${['job="bluelink2mqtt"', 'instance="pi:8099"', ...own].join(',')}}`;
      }),
      values,
    })),
    promql_expr_test: [
      {
        expr: `count(ALERTS{alertname="${alert}",alertstate="firing"})`,
        eval_time: `${String(after_min)}m`,
        exp_samples: firing ? [{ labels: '{}', value: 1 }] : [],
      },
    ],
  };
}

async function run(tests: readonly object[]): Promise<{ code: number | null; said: string }> {
  const place = join(await tempDir(), 'tests.yaml');
  await writeFile(place, stringify({ rule_files: [file], evaluation_interval: '1m', tests }));
  return promtool(['test', 'rules', place]);
}

test('every alert has a case', () => {
  expect(Object.keys(cases).sort()).toEqual(rules.map(({ alert }) => alert).sort());
});

test.each(rules)('$alert asks for metrics that there are, and says what to do', async (rule) => {
  expect(faultsOf(rule.expr, await seriesLabels())).toEqual([]);
  expect(['critical', 'warning']).toContain(rule.labels.severity);
  expect(rule.annotations.summary.length).toBeGreaterThan(10);
  expect(rule.annotations.description.length).toBeGreaterThan(60);
});

test('the states that alerts name are states', () => {
  const { accountStates, breakerStates, budgetStates } = metricWords([]);
  const known = [...accountStates, ...breakerStates, ...budgetStates];
  const named = rules
    .flatMap(({ expr }) => [...expr.matchAll(/state=~?"([^"]*)"/g)])
    .flatMap(([, words = '']) => words.split('|'));
  expect(named.length).toBeGreaterThan(3);
  for (const state of named) expect(known).toContain(state);
});

describe.skipIf(!hasPromtool)('promtool', () => {
  test('accepts the rules', async () => {
    const { code, said } = await promtool(['check', 'rules', file]);
    expect(code, said).toBe(0);
    expect(said).toContain(`SUCCESS: ${String(rules.length)} rules found`);
  });

  const shown = page('docs/metrics.md')
    .blocks.filter(({ language }) => language === 'yaml')
    .map(({ lines }) => lines.join('\n'));
  const example = readFileSync(join(root, 'config/prometheus-scrape.yaml'), 'utf8');

  test.each([example, ...shown])('accepts the example of a scrape\n%s', async (text) => {
    const place = join(await tempDir(), 'prometheus.yml');
    await writeFile(place, text);
    const { code, said } = await promtool(['check', 'config', '--syntax-only', place]);
    expect(code, said).toBe(0);
    const { scrape_configs } = parse(text) as { scrape_configs: { job_name: string }[] };
    // Alerts know it by this name.
    expect(scrape_configs.map(({ job_name }) => job_name)).toEqual(['bluelink2mqtt']);
  });

  test('lets each alert fire when it should, and not else', async () => {
    const tests = Object.entries(cases).flatMap(([alert, { fires, isQuiet, after_min }]) => [
      unitTest(alert, fires, after_min, true),
      unitTest(alert, isQuiet, after_min, false),
    ]);
    const { code, said } = await run(tests);
    expect(code, said).toBe(0);
  });

  test('would notice one that does not fire', async () => {
    const series = { 'bluelink2mqtt_healthy{}': '1x20' };
    const { code, said } = await run([unitTest('BluelinkBridgeUnhealthy', series, 5, true)]);
    expect(code).not.toBe(0);
    expect(said).toContain('FAILED');
  });

  test('a scrape that is missing altogether fires, too', async () => {
    const nothing = { 'node_load1{}': '1x20' };
    const test = unitTest('BluelinkBridgeAway', nothing, 10, true) as {
      input_series: { series: string }[];
    };
    const input_series = test.input_series.filter(({ series }) => !series.startsWith('up{'));
    const { code, said } = await run([{ ...test, input_series }]);
    expect(code, said).toBe(0);
  });
});
