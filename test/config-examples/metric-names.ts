import { allMetrics } from '../daemon/some-metrics.js';

/** What a metric is called on the wire, and the labels that its series can have. */
export async function seriesLabels(): Promise<ReadonlyMap<string, readonly string[]>> {
  const metrics = allMetrics();
  const all = await metrics.registry.getMetricsAsJSON();
  const found = new Map<string, readonly string[]>();
  for (const { name, type } of all) {
    const labels = labelsOf(metrics.registry.getSingleMetric(name));
    if (String(type) === 'histogram') {
      found.set(`${name}_bucket`, [...labels, 'le']);
      for (const part of ['sum', 'count']) found.set(`${name}_${part}`, labels);
    } else found.set(name, labels);
  }
  metrics.stop();
  return found;
}

/** prom-client has them and does not declare them. */
function labelsOf(metric: unknown): readonly string[] {
  return (metric as { readonly labelNames: readonly string[] }).labelNames;
}

/** What Prometheus itself adds to every series. */
const ofTheScrape = ['job', 'instance'];

/** Faults of an expression: metrics that there are not, and labels that they do not have. */
export function faultsOf(
  expression: string,
  known: ReadonlyMap<string, readonly string[]>,
): readonly string[] {
  const named = [...expression.matchAll(/\b(bluelink2mqtt_\w+)(?:\{([^}]*)\})?/g)];
  const labels = new Set(ofTheScrape);
  const faults = named.flatMap(([, name = '', selectors = '']) => {
    const own = known.get(name);
    if (own === undefined) return [`${name} is no metric`];
    for (const label of own) labels.add(label);
    return [...selectors.matchAll(/(\w+)\s*(?:=~|!~|!=|=)\s*"/g)]
      .filter(([, label = '']) => !own.includes(label) && !ofTheScrape.includes(label))
      .map(([, label]) => `${name} has no label ${String(label)}`);
  });
  const grouped = [...expression.matchAll(/\b(?:by|on|without|ignoring)\s*\(([^)]*)\)/g)]
    .flatMap(([, list = '']) => list.split(','))
    .map((label) => label.trim());
  return [
    ...faults,
    ...grouped.filter((label) => !labels.has(label)).map((label) => `no metric has ${label}`),
  ];
}
