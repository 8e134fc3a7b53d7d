import { readFile } from 'node:fs/promises';
import type { SimulatorEffect } from '../../src/backends/simulator.js';
import { endings, lifeCycleEventSchema } from '../../src/vehicle/life-cycle.js';
import type { LifeCycleEvent } from '../../src/vehicle/life-cycle.js';
import type { Recorded } from './recorder.js';

/** A command that was sent: told apart by the id its sender chose, else by its value, which no other one has. */
export interface Sent {
  readonly vehicle: string;
  readonly payload: string;
  readonly value: string;
  readonly id?: string;
  /** Where its events were wanted as well, with its value as correlation data. */
  readonly responseTopic?: string;
}

/** One event as the broker delivered it. */
interface Told {
  readonly event: LifeCycleEvent;
  readonly payload: string;
}

/** What the vendor's side saw, in order. The file is written by the simulator, outside of the daemon's own state. */
export async function readEffects(file: string): Promise<SimulatorEffect[]> {
  const text = await readFile(file, 'utf8').catch(() => '');
  // A line that a killed process did not finish is no effect that anybody can have been told of.
  const whole = text.slice(0, text.lastIndexOf('\n') + 1);
  return whole
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as SimulatorEffect);
}

export function wakes(effects: readonly SimulatorEffect[]): SimulatorEffect[] {
  return effects.filter((one) => one.operation === 'force' && one.phase === 'started');
}

/** The journal's promises, held against what a recorder and the vendor saw. Answers every breach in words. */
export function breaches(
  sent: readonly Sent[],
  recorded: readonly Recorded[],
  effects: readonly SimulatorEffect[],
): string[] {
  const told = recorded.filter(({ topic }) => topic.endsWith('/result')).map(eventOf);
  return [
    ...unequalRepeats(told),
    ...sent.flatMap((command) => breachesOf(command, told, recorded, effects)),
  ];
}

/** The commands without an ending so far. */
export function unended(sent: readonly Sent[], recorded: readonly Recorded[]): Sent[] {
  const told = recorded.filter(({ topic }) => topic.endsWith('/result')).map(eventOf);
  return sent.filter((command) => distinctEndings(eventsOf(command, told)).length === 0);
}

function breachesOf(
  command: Sent,
  told: readonly Told[],
  recorded: readonly Recorded[],
  effects: readonly SimulatorEffect[],
): string[] {
  const about = `${command.payload}: `;
  const events = eventsOf(command, told);
  const ids = [...new Set(events.map(({ event }) => event.id))];
  if (ids.length !== 1) return [`${about}taken as ${String(ids.length)} commands: ${ids.join()}`];
  const ended = distinctEndings(events);
  const [ending] = ended;
  if (ending === undefined || ended.length !== 1) {
    return [`${about}${String(ended.length)} endings: ${ended.map((one) => one.payload).join()}`];
  }
  const accepted = events.filter(
    ({ event }) => event.status === 'accepted' && event.replayed !== true,
  );
  return [
    ...(distinct(accepted).length === 1 ? [] : [`${about}accepted ${String(accepted.length)}×`]),
    ...lateEvents(about, events, ending),
    ...effectBreaches(about, ending.event, effects),
    ...responseBreaches(about, command, ending, recorded),
  ];
}

/** Every event carries a `seq` of its own, and what is repeated is repeated byte for byte. */
function unequalRepeats(told: readonly Told[]): string[] {
  const first = new Map<string, string>();
  return told.flatMap(({ event, payload }) => {
    if (event.status === 'rejected') return [];
    const key = `${event.id} ${String(event.seq)}`;
    const known = first.get(key) ?? payload;
    first.set(key, known);
    return known === payload ? [] : [`one seq, two events: ${known} and ${payload}`];
  });
}

function lateEvents(about: string, events: readonly Told[], ending: Told): string[] {
  return events
    .filter(({ event }) => event.seq > ending.event.seq && event.replayed !== true)
    .map(({ payload }) => `${about}an event behind the ending: ${payload}`);
}

/** A `force` leaves once. What runs again as `smart` may wake the car only behind a new look at the cloud. */
function effectBreaches(
  about: string,
  ending: LifeCycleEvent,
  effects: readonly SimulatorEffect[],
): string[] {
  const own = effects.filter((one) => one.command_id === ending.id);
  const woken = wakes(own);
  const late = own.filter((one) => Date.parse(one.at) > Date.parse(ending.at));
  const blind = woken.slice(1).filter((one, index) => {
    const before = effects.indexOf(woken[index] ?? one);
    return !effects
      .slice(before, effects.indexOf(one))
      .some((read) => read.operation === 'cached' && read.vehicle === one.vehicle);
  });
  return [
    ...(ending.value === 'force' && woken.length > 1
      ? [`${about}woke the car ${String(woken.length)}×`]
      : []),
    ...blind.map((one) => `${about}woke the car again without a look at the cloud: ${one.at}`),
    ...late.map((one) => `${about}${one.operation} after the ending of ${ending.at}: ${one.at}`),
  ];
}

function responseBreaches(
  about: string,
  { responseTopic, value }: Sent,
  ending: Told,
  recorded: readonly Recorded[],
): string[] {
  if (responseTopic === undefined) return [];
  const answered = recorded.some(
    ({ topic, payload, properties }) =>
      topic === responseTopic &&
      payload === ending.payload &&
      properties.correlationData?.toString() === value,
  );
  return answered ? [] : [`${about}no ending on its response topic`];
}

function eventsOf({ id, value }: Sent, told: readonly Told[]): Told[] {
  return told.filter(({ event }) => (id === undefined ? event.value === value : event.id === id));
}

function distinctEndings(events: readonly Told[]): Told[] {
  return distinct(
    events.filter(
      ({ event }) => endings.some((one) => one === event.status) && event.replayed !== true,
    ),
  );
}

/** Events are delivered at least once: the same id and seq are the same event. */
function distinct(events: readonly Told[]): Told[] {
  const known = new Map(events.map((one) => [`${one.event.id} ${String(one.event.seq)}`, one]));
  return [...known.values()];
}

const read = new WeakMap<Recorded, Told>();

function eventOf(message: Recorded): Told {
  const { payload } = message;
  const told = read.get(message) ?? {
    event: lifeCycleEventSchema.parse(JSON.parse(payload)),
    payload,
  };
  read.set(message, told);
  return told;
}
