import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { stringify } from 'yaml';
import { z } from 'zod';
import { root } from '../docs/pages.js';
import { hasPromtool, promtool } from '../support/promtool.js';
import { tempDir } from '../support/temp-dir.js';
import { faultsOf, seriesLabels } from './metric-names.js';

/** What Grafana needs in order to import it, as far as it depends on us. */
const dashboardSchema = z.object({
  uid: z.literal('bluelink2mqtt'),
  title: z.string().min(1),
  schemaVersion: z.int().min(36),
  templating: z.object({
    list: z.array(
      z.object({
        name: z.string(),
        type: z.enum(['datasource', 'query']),
        query: z.union([z.string(), z.object({ query: z.string(), refId: z.string() })]),
      }),
    ),
  }),
  panels: z.array(
    z.object({
      id: z.int().positive(),
      type: z.enum(['row', 'stat', 'timeseries', 'state-timeline']),
      title: z.string().min(1),
      gridPos: z.object({ x: z.int(), y: z.int(), w: z.int().positive(), h: z.int().positive() }),
      datasource: z.object({ uid: z.literal('${datasource}') }).optional(),
      targets: z
        .array(
          z.object({
            refId: z.string(),
            expr: z.string(),
            legendFormat: z.string(),
            datasource: z.object({ uid: z.literal('${datasource}') }),
          }),
        )
        .optional(),
    }),
  ),
});

const text = readFileSync(join(root, 'config/grafana-dashboard.json'), 'utf8');
const dashboard = dashboardSchema.parse(JSON.parse(text));
const shown = dashboard.panels.filter(({ type }) => type !== 'row');
const targets = shown.flatMap(({ title, targets = [] }) =>
  targets.map((target) => ({ title, ...target })),
);

test('every panel asks something, has a place of its own, and an id of its own', () => {
  for (const { title, targets = [] } of shown) expect(targets.length, title).toBeGreaterThan(0);
  const ids = dashboard.panels.map(({ id }) => id);
  expect(new Set(ids).size).toBe(ids.length);
  const cells = dashboard.panels.flatMap(({ gridPos: { x, y, w, h } }) =>
    Array.from({ length: w * h }, (_, n) => `${x + (n % w)} ${y + Math.floor(n / w)}`),
  );
  expect(new Set(cells).size).toBe(cells.length);
  for (const { gridPos } of dashboard.panels) expect(gridPos.x + gridPos.w).toBeLessThanOrEqual(24);
});

test('nobody has to edit it: the data source is chosen, and every variable is one of its own', () => {
  const names = dashboard.templating.list.map(({ name }) => name);
  expect(dashboard.templating.list[0]).toMatchObject({ type: 'datasource', query: 'prometheus' });
  const used = [...text.matchAll(/\$\{?(\w+)/g)].map(([, name = '']) => name);
  const ofGrafana = ['__rate_interval', '__all'];
  expect([...new Set(used)].filter((name) => !ofGrafana.includes(name)).sort()).toEqual(
    [...names].sort(),
  );
});

test('every expression and every variable asks for metrics and labels that there are', async () => {
  const known = await seriesLabels();
  const faults = targets.flatMap(({ title, expr }) =>
    faultsOf(expr, known).map((fault) => `${title}: ${fault}`),
  );
  expect(faults).toEqual([]);
  for (const { query } of dashboard.templating.list) {
    const asked = typeof query === 'string' ? query : query.query;
    const [, metric, label] = /^label_values\((\w+), (\w+)\)$/.exec(asked) ?? [];
    if (metric === undefined || label === undefined) expect(asked).toBe('prometheus');
    else expect([...(known.get(metric) ?? []), 'instance']).toContain(label);
  }
});

test('every label of a legend is in what its expression answers', async () => {
  const known = await seriesLabels();
  for (const { title, expr, legendFormat } of targets) {
    const labels = [...legendFormat.matchAll(/\{\{(\w+)\}\}/g)].map(([, label = '']) => label);
    const [, grouped] = /\bby \(([^)]*)\)/.exec(expr) ?? [];
    const [name = ''] = /bluelink2mqtt_\w+/.exec(expr) ?? [];
    const answered = grouped?.split(', ') ?? ['instance', ...(known.get(name) ?? [])];
    for (const label of labels) expect(answered, `${title}: ${legendFormat}`).toContain(label);
  }
});

test('every metric is shown', async () => {
  const metricOf = (series: string): string => series.replace(/_(bucket|sum|count)$/, '');
  const named = new Set(
    targets.flatMap(({ expr }) => [...expr.matchAll(/bluelink2mqtt_\w+/g)].map(([one]) => one)),
  );
  const onIt = new Set([...named].map(metricOf));
  const all = new Set([...(await seriesLabels()).keys()].map(metricOf));
  expect([...all].filter((name) => !onIt.has(name))).toEqual([]);
});

test.skipIf(!hasPromtool)('Prometheus understands every expression', async () => {
  const rules = targets.map(({ expr }, nth) => ({
    record: `panel:${String(nth)}`,
    expr: expr.replaceAll('$__rate_interval', '5m').replaceAll(/\$(instance|account)/g, '.*'),
  }));
  const file = join(await tempDir(), 'rules.yaml');
  await writeFile(file, stringify({ groups: [{ name: 'dashboard', rules }] }));
  const { code, said } = await promtool(['check', 'rules', file]);
  expect(code, said).toBe(0);
  expect(said).toContain(`SUCCESS: ${String(targets.length)} rules found`);
});
