import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { metricWords } from '../../src/bridge-metrics.js';
import { lossReasons } from '../../src/daemon/fleet-metrics.js';
import { signInResults, wakeReasons } from '../../src/daemon/metrics.js';
import { seriesLabels } from '../config-examples/metric-names.js';
import { allMetrics } from '../daemon/some-metrics.js';
import { expectInPage, tableOf } from './generated-part.js';
import { page, root } from './pages.js';

const file = 'docs/metrics.md';

test('every metric stands in the page', async () => {
  const labels = await seriesLabels();
  const metrics = allMetrics();
  const all = await metrics.registry.getMetricsAsJSON();
  metrics.stop();
  const rows = all.map(({ name, type, help }) => [
    code(name),
    String(type),
    (labels.get(name) ?? labels.get(`${name}_count`) ?? []).map(code).join(', '),
    help,
  ]);
  rows.sort(([one = ''], [other = '']) => (one < other ? -1 : 1));
  expectInPage(file, 'metrics', tableOf(['metric', 'type', 'labels', 'what it is'], rows));
});

test('every word of every label stands in the page', () => {
  const words = metricWords([]);
  const rows = [
    ['account', 'the names of the accounts in the configuration'],
    ['class', listed(words.classes)],
    ['code', `[the codes of failures](../README.md#the-life-of-a-command), or ${code('unknown')}`],
    ['command', `[the commands](commands.md), or ${code('unknown')}`],
    ['decision', listed(words.decisions)],
    ['operation', listed(words.operations)],
    [`reason of ${code('polls_held')}`, listed([...words.holds, 'unknown'])],
    [`reason of ${code('wakes_total')}`, listed(wakeReasons)],
    [`result of ${code('sign_ins_total')}`, listed(signInResults)],
    ['other results', listed(['ok', 'failed'])],
    ['route', 'the routes of [the HTTP API](http.md), with the names of their parameters'],
    [`state of ${code('account_state')}`, listed(words.accountStates)],
    ['state of breakers', listed(words.breakerStates)],
    [`state of ${code('budget_state')}`, listed(words.budgetStates)],
    [`status of ${code('commands_total')}`, listed(words.endings)],
    [`status of ${code('http_requests_total')}`, listed(['2xx', '3xx', '4xx', '5xx'])],
    [`why of ${code('fleet_losses_total')}`, listed(lossReasons)],
  ];
  expectInPage(file, 'labels', tableOf(['label', 'values'], rows));
});

test('every alert stands in the page', () => {
  const { groups } = parse(readFileSync(join(root, 'config/prometheus-alerts.yaml'), 'utf8')) as {
    groups: { rules: { alert: string; for?: string; labels: { severity: string } }[] }[];
  };
  const rows = groups
    .flatMap(({ rules }) => rules)
    .map((rule) => [code(rule.alert), rule.labels.severity, rule.for ?? 'at once']);
  expectInPage(file, 'alerts', tableOf(['alert', 'severity', 'fires after'], rows));
});

test('every metric that the prose names is one', async () => {
  const known = [...(await seriesLabels()).keys()].map((one) =>
    one.replace(/_(bucket|sum|count)$/, ''),
  );
  const named = page(file).prose.flatMap((line) => line.match(/bluelink2mqtt_\w+/g) ?? []);
  expect(named.length).toBeGreaterThan(40);
  for (const name of named) expect(known).toContain(name);
});

test('the reasons of held polls are those of docs/care.md', () => {
  const told = page('docs/care.md').firstColumn('`held_by`');
  const { holds } = metricWords([]);
  expect(told.filter((word) => !holds.includes(word))).toEqual([]);
});

function code(word: string): string {
  return `\`${word}\``;
}

function listed(words: readonly string[]): string {
  return words.map(code).join(', ');
}
