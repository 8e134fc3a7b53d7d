import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import { expect } from 'vitest';
import {
  endings,
  lifeCycleEventSchema,
  type LifeCycleEvent,
} from '../../src/vehicle/life-cycle.js';
import type { Recorded } from '../support/recorder.js';
import { runProgram } from './program.js';

interface Schemas {
  readonly state: ValidateFunction;
  readonly result: ValidateFunction;
}

let compiled: Promise<Schemas> | undefined;

/** The JSON Schemas that the built program ships. */
function schemas(): Promise<Schemas> {
  compiled ??= compile();
  return compiled;
}

async function compile(): Promise<Schemas> {
  const { code, stdout, stderr } = await runProgram(['schema']);
  if (code !== 0) throw new Error(`"schema" ended with ${String(code)}: ${stderr}`);
  const { state, result } = JSON.parse(stdout) as Record<string, object | undefined>;
  if (state === undefined || result === undefined) throw new Error('a schema is missing');
  // Formats are checked by the patterns that stand beside them.
  const ajv = new Ajv2020({ allErrors: true, validateFormats: false });
  return { state: ajv.compile(state), result: ajv.compile(result) };
}

/** Every state document and every event fits its published schema. */
export async function expectValidDocuments(messages: readonly Recorded[]): Promise<void> {
  const { state, result } = await schemas();
  for (const { topic, payload } of messages) {
    const validate = topic.endsWith('/result') ? result : isVehicleState(topic) ? state : undefined;
    if (validate === undefined || payload === '') continue;
    expect(validate(JSON.parse(payload)), `${topic} ${payload}\n${faults(validate)}`).toBe(true);
  }
}

function isVehicleState(topic: string): boolean {
  return topic.endsWith('/state') && !/\/bridge\/state$|\/value\//.test(topic);
}

function faults(validate: ValidateFunction): string {
  return JSON.stringify(validate.errors ?? []);
}

/** What the contract promises of every command: accepted first, then steps, one ending at most, `seq` only rising. */
export function expectLawfulLives(messages: readonly Recorded[]): void {
  for (const [id, events] of livesOf(messages)) {
    const said = events.map(({ seq, status }) => `${String(seq)} ${status}`).join(', ');
    const seqs = events.map(({ seq }) => seq);
    expect(seqs, `${id}: ${said}`).toEqual([...new Set(seqs)].sort((one, other) => one - other));
    const own = events.filter(({ replayed }) => replayed === undefined);
    expect(own[0]?.status, `${id}: ${said}`).toBe('accepted');
    const ended = own.findIndex(isEnding);
    if (ended !== -1) expect(own.length, `${id}: ${said}`).toBe(ended + 1);
  }
}

export function isEnding({ status }: LifeCycleEvent): boolean {
  return endings.some((ending) => ending === status);
}

/** Events by id; refusals (`seq` 0) belong to no life, and what is published twice alike counts once. */
function livesOf(messages: readonly Recorded[]): Map<string, LifeCycleEvent[]> {
  const results = messages.filter(({ topic }) => topic.endsWith('/result'));
  const payloads = new Set(results.map(({ payload }) => payload));
  const events = [...payloads]
    .map((payload) => lifeCycleEventSchema.parse(JSON.parse(payload)))
    .filter(({ seq }) => seq > 0);
  const lives = new Map<string, LifeCycleEvent[]>();
  for (const event of events) lives.set(event.id, [...(lives.get(event.id) ?? []), event]);
  return lives;
}
