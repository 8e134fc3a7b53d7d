import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { vehicleCommandNames } from '../../src/vehicle/command.js';
import { endings, statuses } from '../../src/vehicle/life-cycle.js';
import { findProgram } from '../support/programs.js';
import { page, root } from './pages.js';
import { statePaths } from './state-paths.js';

const evcc = page('docs/evcc.md').lines.join('\n');
const openhab = page('docs/openhab.md').lines.join('\n');
const flowText = readFileSync(join(root, 'docs/node-red/car.json'), 'utf8');

test.each([
  ['evcc', evcc],
  ['openHAB', openhab],
  ['Node-RED', flowText],
])('every topic that %s is given is one of a car', (_, text) => {
  const topics = [...text.matchAll(/bluelink\/[\w+]+\/([\w/]+)/g)].map(([, rest = '']) => rest);
  expect(topics.length).toBeGreaterThan(3);
  const known = new Set([
    ...['state', 'info', 'result', 'availability'],
    ...vehicleCommandNames.map((name) => `commands/${name}`),
    ...statePaths.map((path) => `value/${path.replaceAll('.', '/')}`),
  ]);
  expect(topics.filter((topic) => !known.has(topic))).toEqual([]);
});

describe('evcc', () => {
  const plugin = z.object({ source: z.literal('mqtt'), topic: z.string(), jq: z.string() });
  const block = page('docs/evcc.md').blocks.find(({ language }) => language === 'yaml');
  const shown = z
    .object({ vehicles: z.tuple([z.record(z.string(), z.unknown())]) })
    .parse(parse(block?.lines.join('\n') ?? ''));
  const expressions = Object.fromEntries(
    Object.entries(shown.vehicles[0]).flatMap(([field, value]) => {
      const read = plugin.safeParse(value);
      return read.success ? [[field, read.data.jq] as const] : [];
    }),
  );

  test('reads values of the state document', () => {
    const paths = Object.values(expressions).map((jq) => /^\.([\w.]+)/.exec(jq)?.[1] ?? jq);
    expect(paths.length).toBeGreaterThan(6);
    expect(paths.filter((path) => !statePaths.includes(path))).toEqual([]);
  });

  test.skipIf(findProgram('jq') === undefined)('gets what it wants, and null for unknown', () => {
    const full = document({
      ...{ 'ev.soc': 51, 'ev.range_km': 226, odometer_km: 29_930, 'ev.limit_ac': 80 },
      ...{ 'ev.status': 'C', 'climate.mode': 'auto', 'ev.finish_at': '2026-11-23T03:01:00Z' },
    });
    expect(all(full)).toEqual({
      ...{ soc: 51, range: 226, odometer: 29_930, limitSoc: 80, status: 'C', climater: true },
      finishTime: '2026-11-23T03:01:00Z',
    });
    expect(all(document({ 'climate.mode': 'off' }))).toMatchObject({ climater: false });
    expect(all(document({}))).toEqual({
      ...{ soc: null, range: null, odometer: null, limitSoc: null, status: null },
      // What is neither true nor false would be an error each time that evcc looks.
      ...{ climater: false, finishTime: null },
    });
  });

  function all(input: string): unknown {
    return Object.fromEntries(
      Object.entries(expressions).map(([field, jq]) => [
        field,
        JSON.parse(execFileSync('jq', [jq], { input, encoding: 'utf8' })) as unknown,
      ]),
    );
  }
});

/** A state document with these values; all others are unknown. */
function document(values: Readonly<Record<string, unknown>>): string {
  const state: Record<string, unknown> = {};
  for (const path of statePaths) {
    const keys = path.split('.');
    const last = keys.pop() ?? '';
    let within = state;
    for (const key of keys) within = (within[key] ??= {}) as Record<string, unknown>;
    within[last] = values[path] ?? null;
  }
  return JSON.stringify(state);
}

describe('the flow of Node-RED', () => {
  const node = z.object({
    id: z.string(),
    type: z.string(),
    z: z.string().optional(),
    broker: z.string().optional(),
    wires: z.array(z.array(z.string())).default([]),
  });
  const flow = z.array(node).parse(JSON.parse(flowText));
  const ids = flow.map(({ id }) => id);

  test('is whole: every wire, tab and broker leads to a node', () => {
    expect(new Set(ids).size).toEqual(ids.length);
    const named = flow.flatMap(({ z: tab, wires, broker, type }) => [
      ...(tab === undefined ? [] : [tab]),
      ...wires.flat(),
      ...(type === 'mqtt-broker' || broker === undefined ? [] : [broker]),
    ]);
    expect(named.length).toBeGreaterThan(20);
    expect(named.filter((id) => !ids.includes(id))).toEqual([]);
  });

  test('has nodes that every Node-RED has', () => {
    const core = [
      ...['tab', 'mqtt-broker', 'mqtt in', 'mqtt out', 'rbe', 'change', 'switch'],
      ...['inject', 'debug'],
    ];
    expect(flow.map(({ type }) => type).filter((type) => !core.includes(type))).toEqual([]);
  });

  test('asks for statuses that there are, and for every ending', () => {
    const words = [...flowText.matchAll(/"v": "\^?\(?([a-z|]+)\)?\$?"/g)];
    const asked = words.flatMap(([, list = '']) => list.split('|'));
    const found = asked.filter((word) => (statuses as readonly string[]).includes(word));
    expect(new Set(found)).toEqual(new Set(endings));
  });

  test('never retains a command, and sends it so that it arrives', () => {
    const sends = z.array(z.record(z.string(), z.unknown())).parse(JSON.parse(flowText));
    const out = sends.filter(({ type }) => type === 'mqtt out');
    expect(out).toMatchObject([{ qos: '1', retain: 'false' }]);
  });
});
