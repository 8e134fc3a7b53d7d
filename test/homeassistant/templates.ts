import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { requireTestPython } from '../support/python.js';
import type { Fault } from './checker.js';
import {
  configsIn,
  objectIn,
  textIn,
  type DiscoveredEntity,
  type Json,
  type Published,
} from './discovered.js';

/** What may be published on a topic, by a name for the report. */
export interface Documents {
  /** Whether there is such a value at all. */
  readonly knows: (path: readonly string[]) => boolean;
  /** With every key, and every value that may be null null. */
  readonly allNull: Json;
  readonly others: Readonly<Record<string, Json>>;
  /** What is rendered of the all-null document and is known all the same: by the key of an entity. */
  readonly knownOfNull?: Readonly<Record<string, string>>;
}

/** A template of an entity, and the topic whose documents it is for; without a topic it makes commands. */
interface Use {
  readonly entity: DiscoveredEntity;
  readonly where: string;
  readonly option: string;
  readonly template: string;
  readonly topic: string | undefined;
}

interface Render {
  readonly text: string | null;
  readonly complaints: readonly string[];
}

interface Paths {
  readonly paths: readonly (readonly string[])[];
  readonly complaints: readonly string[];
}

interface Answer {
  readonly paths: readonly Paths[];
  readonly renders: readonly Render[];
}

interface Answers {
  readonly pathsOf: (use: Use) => Paths | undefined;
  readonly renderOf: (one: Try) => Render | undefined;
}

/** What each template is for; the topic of a command is none that is read. */
const topicOfTemplate: Readonly<Record<string, string>> = {
  value_template: 'state_topic',
  json_attributes_template: 'json_attributes_topic',
  mode_state_template: 'mode_state_topic',
  temperature_state_template: 'temperature_state_topic',
};

/**
 * What is wrong with the templates of all entities, by rendering each of them with Jinja2 for each document that may
 * be on its topic: R17, R18, R21, R22, and `state` for a value that the entity does not take.
 */
export async function templateFaultsIn(
  published: readonly Published[],
  documentsOn: (topic: string) => Documents | undefined,
  prefix = 'homeassistant',
): Promise<Fault[]> {
  const uses = configsIn(published, prefix).flatMap(({ topic, entities }) =>
    entities.flatMap((entity) => usesIn(entity, `${topic} ${entity.key}`)),
  );
  const missing = uses.filter(
    ({ topic }) => topic !== undefined && documentsOn(topic) === undefined,
  );
  const known = uses.filter((use) => !missing.includes(use));
  const tries = known.flatMap((use) => triesOf(use, documentsOn));
  const { pathsOf, renderOf } = await render(known, tries);
  return [
    ...missing.map(({ where, topic }) => fault('R17', where, `no document on ${String(topic)}`)),
    ...known.flatMap((use) => pathFaults(use, pathsOf(use), documentsOn)),
    ...tries.flatMap((one) => renderFaults(one, renderOf(one), pathsOf(one.use)?.paths ?? [])),
  ];
}

interface Try {
  readonly use: Use;
  readonly document: string;
  readonly variables: Json;
  readonly documents: Documents | undefined;
}

function fault(rule: string, where: string, what: string): Fault {
  return { rule, where, what };
}

function usesIn(entity: DiscoveredEntity, where: string): Use[] {
  return Object.entries(entity.config).flatMap(([option, value]) => {
    if (!option.endsWith('_template')) return [];
    const topicOption = topicOfTemplate[option];
    const topic = topicOption === undefined ? undefined : textIn(entity.config[topicOption]);
    return [{ entity, where: `${where} ${option}`, option, template: textIn(value), topic }];
  });
}

function triesOf(use: Use, documentsOn: (topic: string) => Documents | undefined): Try[] {
  if (use.topic === undefined) {
    const variables = { value: use.entity.platform === 'time' ? '21:30:00' : '1' };
    return [{ use, document: 'a command', variables, documents: undefined }];
  }
  const documents = documentsOn(use.topic);
  if (documents === undefined) return [];
  const all = { 'all null': documents.allNull, ...documents.others };
  return Object.entries(all).map(([document, value]) => ({
    ...{ use, document, documents },
    variables: variablesOf(value),
  }));
}

const made = new WeakMap<Json, Json>();

/** One object for each document, however many templates read it. */
function variablesOf(document: Json): Json {
  const before = made.get(document);
  if (before !== undefined) return before;
  const variables = { value_json: document, value: JSON.stringify(document) };
  made.set(document, variables);
  return variables;
}

const script = fileURLToPath(new URL('templates.py', import.meta.url));

/** Each template is rendered once for each document, however many entities have it. */
async function render(uses: readonly Use[], tries: readonly Try[]): Promise<Answers> {
  const templates = placesOf(uses.map(({ template }) => template));
  const variables = placesOf(tries.map((one) => one.variables));
  const pairOf = (one: Try) =>
    [templates.get(one.use.template) ?? -1, variables.get(one.variables) ?? -1] as const;
  const pairs = new Map(tries.map((one) => [pairOf(one).join(' '), pairOf(one)]));
  const asked = {
    templates: [...templates.keys()],
    variables: [...variables.keys()],
    renders: [...pairs.values()],
  };
  const running = promisify(execFile)(requireTestPython(), [script], { maxBuffer: 1 << 28 });
  running.child.stdin?.end(JSON.stringify(asked));
  const { paths, renders } = JSON.parse((await running).stdout) as Answer;
  const places = placesOf([...pairs.keys()]);
  return {
    pathsOf: ({ template }) => paths[templates.get(template) ?? -1],
    renderOf: (one) => renders[places.get(pairOf(one).join(' ')) ?? -1],
  };
}

function placesOf<T>(all: readonly T[]): Map<T, number> {
  return new Map([...new Set(all)].map((one, place) => [one, place]));
}

function pathFaults(
  { where, topic }: Use,
  answer: Paths | undefined,
  documentsOn: (topic: string) => Documents | undefined,
): Fault[] {
  const documents = topic === undefined ? undefined : documentsOn(topic);
  const unknown = (answer?.paths ?? []).filter((path) => documents?.knows(path) === false);
  return [
    ...(answer?.complaints ?? ['no answer']).map((what) => fault('R17', where, what)),
    ...unknown.map((path) => fault('R17', where, `no such value: ${path.join('.')}`)),
  ];
}

function renderFaults(one: Try, answer: Render | undefined, paths: Paths['paths']): Fault[] {
  const { use, document } = one;
  const where = `${use.where} (${document})`;
  const { text, complaints } = answer ?? { text: null, complaints: ['no answer'] };
  const complained = complaints.map((what) => fault('R17', where, what));
  if (text === null) return complained;
  return [
    ...complained,
    ...(isKnownOfNull(one, text, paths) ? [fault('R18', where, `renders ${text}`)] : []),
    ...(use.topic === undefined ? [] : stateFaults(use, text, where)),
  ];
}

/** Whether something is said of what is not known. */
function isKnownOfNull(
  { use, document, documents }: Try,
  text: string,
  paths: Paths['paths'],
): boolean {
  if (document !== 'all null') return false;
  const known = documents?.knownOfNull?.[use.entity.key];
  const mayBe = known === undefined ? ['None', '{}'] : [known];
  const readsNull = paths.some((path) => valueAt(documents?.allNull, path) === null);
  return readsNull && !mayBe.includes(text);
}

function valueAt(document: unknown, path: readonly string[]): unknown {
  const [key, ...rest] = path;
  return key === undefined ? document : valueAt(objectIn(document)[key], rest);
}

const withOffset = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/;
const longest = 255;

/** Whether the entity takes what is rendered. */
function stateFaults({ entity, option }: Use, text: string, where: string): Fault[] {
  const { platform, config } = entity;
  if (option === 'json_attributes_template') return attributeFaults(platform, text, where);
  if (platform === 'event') return eventFaults(config, text, where);
  if (text === 'None') return [];
  const isTime = platform === 'sensor' && config['device_class'] === 'timestamp';
  if (isTime && !(withOffset.test(text) && Number.isFinite(Date.parse(text))))
    return [fault('R21', where, `renders ${text}`)];
  if (text.length > longest) return [fault('R22', where, `${String(text.length)} characters`)];
  return isTaken(platform, option, config, text)
    ? []
    : [fault('state', where, `does not take ${text}`)];
}

function attributeFaults(platform: string, text: string, where: string): Fault[] {
  const attributes = objectFrom(text);
  if (attributes === undefined) return [fault('state', where, `no object: ${text}`)];
  if (platform !== 'device_tracker' || Object.keys(attributes).length === 0) return [];
  const place = ['latitude', 'longitude', 'gps_accuracy'].map((key) => attributes[key]);
  return place.every((one) => typeof one === 'number')
    ? []
    : [fault('R12', where, `no position: ${text}`)];
}

function eventFaults({ event_types: types }: Json, text: string, where: string): Fault[] {
  const type = objectFrom(text)?.['event_type'];
  return Array.isArray(types) && types.includes(type)
    ? []
    : [fault('state', where, `no event: ${text}`)];
}

function objectFrom(text: string): Json | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Json)
      : undefined;
  } catch {
    return undefined;
  }
}

/** By platform, the options whose values are its states. */
const statesOf: Readonly<Record<string, readonly string[]>> = {
  binary_sensor: ['payload_on', 'payload_off'],
  cover: ['state_open', 'state_opening', 'state_closed', 'state_closing', 'state_stopped'],
  lock: ['state_locked', 'state_locking', 'state_unlocked', 'state_unlocking', 'state_jammed'],
  switch: ['state_on', 'state_off'],
};

function isTaken(platform: string, option: string, config: Json, text: string): boolean {
  const states = statesOf[platform];
  if (states !== undefined) return states.some((one) => config[one] === text);
  const choices = config[platform === 'climate' ? 'modes' : 'options'];
  if (Array.isArray(choices) && option !== 'temperature_state_template')
    return choices.includes(text);
  if (platform === 'time') return /^([01]\d|2[0-3]):[0-5]\d(:[0-5]\d)?$/.test(text);
  const isNumeric =
    platform !== 'sensor' || 'unit_of_measurement' in config || 'state_class' in config;
  const { min = -Infinity, max = Infinity } = config;
  return !isNumeric || (isNumber(text) && isWithin(Number(text), min, max));
}

function isNumber(text: string): boolean {
  return text !== '' && Number.isFinite(Number(text));
}

function isWithin(number: number, min: unknown, max: unknown): boolean {
  return number >= Number(min) && number <= Number(max);
}
