import type { FailureCode } from '../../../src/vehicle/outcome.js';
import type { Effect, Garbage } from '../../cloud/faults.js';
import {
  type Home,
  australia,
  australiaCcs2,
  brazil,
  canada,
  china,
  europe,
  europeCci,
  europeLegacy,
  homes,
  hyundaiUsa,
  india,
  kiaUsa,
} from './homes.js';

export type Answer = FailureCode | 'ok';
type Read = 'cached' | 'force';
type Exceptions = Readonly<Partial<Record<string, Answer>>>;

/** What comes in place of an answer, and its row in the table. */
export interface OddAnswer {
  readonly name: string;
  readonly row: number;
  readonly effect: Effect;
}

const garbage = (row: number, ...kinds: Garbage[]): readonly OddAnswer[] =>
  kinds.map((kind) => ({ name: kind, row, effect: { is: 'garbage', kind } }));

const gateway = (...statuses: (502 | 503 | 504)[]): readonly OddAnswer[] =>
  statuses.map((status) => ({
    name: String(status),
    row: 35,
    effect: { is: 'gateway', status },
  }));

const broken = (row: number, ...kinds: ('reset' | 'close' | 'stalled_body')[]) =>
  kinds.map((is): OddAnswer => ({ name: is, row, effect: { is } }));

export const oddAnswers: readonly OddAnswer[] = [
  ...garbage(35, 'html', 'empty', 'truncated'),
  ...gateway(502, 503, 504),
  ...broken(33, 'reset', 'close'),
  ...broken(31, 'stalled_body'),
  ...garbage(37, 'null', 'list', 'no_envelope', 'wrong_types'),
];

/** Of these the same is made nearly everywhere: the homes take turns. */
const alike = [
  ['html', 'empty', 'truncated'],
  ['502', '503', '504'],
  ['reset', 'close'],
];

/** All kinds for a home; of those that are alike another one at each `turn`, and those of which more is known there. */
export function oddAnswersAt(home: Home, turn = 0): readonly OddAnswer[] {
  const place = homes.indexOf(home as (typeof homes)[number]) + turn;
  const { cached = {}, force = {} } = exceptions.get(home) ?? {};
  const isKnown = (name: string) => name in cached || name in force;
  return oddAnswers.filter(({ name }) => {
    const names = alike.find((one) => one.includes(name)) ?? [name];
    return isKnown(name) || names[place % names.length] === name;
  });
}

/** One of each kind, where many places are tried. */
export const someOddAnswers = oddAnswers.filter(({ name }) =>
  ['html', '503', 'reset', 'no_envelope'].includes(name),
);

export const internalRow = 51;

/** The library looks for keys without looking first. */
const noContainer = { null: 'internal', list: 'internal', no_envelope: 'internal' } as const;
/** It looks for its envelope, and null alone is no container at all. */
const envelope = { null: 'internal' } as const;
/** Values are taken one by one: those that are odd are unknown, and nothing else is wrong. */
const oneByOne = { ...envelope, wrong_types: 'ok' } as const;
const allAtOnce = { ...envelope, wrong_types: 'internal' } as const;
/**
 * The cloud passes a wake on and has nothing to tell: what it did not take does not reach the car, what it took does,
 * whatever it says.
 */
const passedOn = {
  null: 'vehicle_timeout',
  list: 'vehicle_timeout',
  no_envelope: 'vehicle_timeout',
  wrong_types: 'ok',
} as const;
/** The same where the library does not even read the answer. */
const unread = {
  ...passedOn,
  html: 'vehicle_timeout',
  empty: 'vehicle_timeout',
  truncated: 'ok',
} as const;

/** All others are `unavailable`, but for an answer that stalls. */
const exceptions = new Map<Home, Readonly<Record<Read, Exceptions>>>([
  [kiaUsa, { cached: noContainer, force: noContainer }],
  [
    hyundaiUsa,
    {
      cached: { ...noContainer, wrong_types: 'internal' },
      force: { ...noContainer, wrong_types: 'internal' },
    },
  ],
  [
    canada,
    { cached: { ...allAtOnce, list: 'internal' }, force: { ...allAtOnce, list: 'internal' } },
  ],
  // Where the state is read anew after a wake, nothing is made of the wake's own reply.
  [australia, { cached: allAtOnce, force: oneByOne }],
  [india, { cached: allAtOnce, force: oneByOne }],
  [china, { cached: allAtOnce, force: oneByOne }],
  [australiaCcs2, { cached: oneByOne, force: oneByOne }],
  [brazil, { cached: oneByOne, force: unread }],
  [europe, { cached: oneByOne, force: passedOn }],
  [europeLegacy, { cached: oneByOne, force: oneByOne }],
  [
    europeCci,
    {
      cached: { stalled_body: 'unavailable' },
      force: {
        ...unread,
        reset: 'vehicle_timeout',
        close: 'vehicle_timeout',
        // Nor can the state be asked for any more.
        stalled_body: 'unavailable',
      },
    },
  ],
]);

export function answerTo(home: Home, read: Read, { name }: OddAnswer): Answer {
  const stalled = read === 'force' ? 'vehicle_timeout' : 'timeout';
  const usual = name === 'stalled_body' ? stalled : 'unavailable';
  return exceptions.get(home)?.[read][name] ?? usual;
}

/** A request of a sign-in. */
export interface Step {
  readonly operation: string;
  readonly path: string;
}

/**
 * Whether an odd answer counts as refused credentials, to be on the safe side: an object in place of the way on, and
 * Europe's page in place of a redirect, may be the vendor's way to say no, and accounts that are tried for ever get
 * locked.
 */
export function countsAsRefusal(
  { maker, region }: Home,
  { operation, path }: Step,
  { name, effect }: OddAnswer,
): boolean {
  if (maker === 'ccsp' && operation === 'sign_in') {
    const isAnyObject = region === 'australia' || region === 'india';
    return name === 'no_envelope' || (isAnyObject && name === 'wrong_types');
  }
  if (maker !== 'europe' || effect.is !== 'garbage') return false;
  return operation === 'sign_in' || (path.endsWith('/token') && name === 'no_envelope');
}
