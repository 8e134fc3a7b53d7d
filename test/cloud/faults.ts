import { setTimeout as delay } from 'node:timers/promises';
import type { CloudOperation, CloudRequest, CommandRefusal, Reply, Route } from './wire.js';
import { html } from './wire.js';

export const garbageKinds = [
  'html',
  'empty',
  'truncated',
  'null',
  'list',
  'no_envelope',
  'wrong_types',
] as const;

export type Garbage = (typeof garbageKinds)[number];

export type Effect =
  /** Waits before the request is answered, and before it has any effect. Adds up. */
  | { readonly is: 'latency'; readonly ms: number }
  /** The same for as long as the test likes. */
  | { readonly is: 'held'; readonly until: Promise<unknown> }
  /** Breaks the connection, the second with a TCP reset. */
  | { readonly is: 'close' | 'reset' }
  /** The page of a gateway whose server is away. */
  | { readonly is: 'gateway'; readonly status: 502 | 503 | 504 }
  | { readonly is: 'garbage'; readonly kind: Garbage }
  /** Headers and half the body come, the rest never does. */
  | { readonly is: 'stalled_body' }
  /** Headers come, then a byte now and then, for ever: there is no pause that a client could call a time-out. */
  | { readonly is: 'dripping_body' }
  /** The session of this request is not accepted, whatever its age. */
  | { readonly is: 'session_revoked' }
  /** Too many requests, in the maker's words. */
  | { readonly is: 'rate_limited'; readonly status?: number }
  /** The command is not taken, in the maker's words. */
  | { readonly is: 'refused'; readonly reason: CommandRefusal }
  /** Any answer of the test's own. */
  | { readonly is: 'reply'; readonly reply: Reply };

export interface Fault {
  readonly host?: RegExp;
  readonly path?: RegExp;
  readonly operation?: CloudOperation | readonly CloudOperation[];
  /** The user name of the account. */
  readonly account?: string;
  /** The VIN of the car. */
  readonly vehicle?: string;
  /** How many requests it strikes; without it all, until it is cleared. */
  readonly times?: number;
  readonly effect: Effect;
  /** The request still has its effect on the car, only its answer is lost: done but unknown. */
  readonly processed?: boolean;
}

export interface FaultHandle {
  /** How many requests it has struck. */
  readonly struck: number;
  readonly clear: () => void;
}

export type FaultyReply = Reply | 'close' | 'reset' | UnfinishedReply;

/** A reply whose body does not come to its end. */
export interface UnfinishedReply {
  readonly unfinished: Reply;
  readonly then: 'nothing' | 'drops';
}

interface ActiveFault {
  readonly fault: Fault;
  struck: number;
}

/** The faults that are switched on, in the order in which they were. */
export class Faults {
  readonly #active = new Set<ActiveFault>();

  add(fault: Fault): FaultHandle {
    const active: ActiveFault = { fault, struck: 0 };
    this.#active.add(active);
    return {
      get struck() {
        return active.struck;
      },
      clear: () => void this.#active.delete(active),
    };
  }

  clear(): void {
    this.#active.clear();
  }

  /** The route's answer, after all waits that fit and as the first other fault that fits leaves it. */
  async answer(request: CloudRequest, route: Route): Promise<FaultyReply> {
    const fitting = [...this.#active].filter(({ fault }) => fits(fault, request, route));
    const waits = fitting.filter(({ fault }) => isWait(fault.effect));
    const decisive = fitting.find(({ fault }) => !isWait(fault.effect));
    const striking = decisive === undefined ? waits : [...waits, decisive];
    for (const active of striking) this.#count(active);
    for (const { fault } of waits) await waitAs(fault.effect);
    return decisive === undefined ? route.answer() : strike(decisive.fault, route);
  }

  #count(active: ActiveFault): void {
    active.struck += 1;
    if (active.fault.times !== undefined && active.struck >= active.fault.times) {
      this.#active.delete(active);
    }
  }
}

function isWait(effect: Effect): boolean {
  return effect.is === 'latency' || effect.is === 'held';
}

async function waitAs(effect: Effect): Promise<void> {
  if (effect.is === 'latency') await delay(effect.ms);
  if (effect.is === 'held') await effect.until;
}

function fits(fault: Fault, request: CloudRequest, route: Route): boolean {
  return (
    (fault.host?.test(request.host) ?? true) &&
    (fault.path?.test(request.path) ?? true) &&
    isOneOf(fault.operation, route.operation) &&
    isOneOf(fault.account, route.account) &&
    isOneOf(fault.vehicle, route.vehicle)
  );
}

function isOneOf<T>(wanted: T | readonly T[] | undefined, given: unknown): boolean {
  return wanted === undefined || [wanted].flat().includes(given as T);
}

function strike({ effect, processed = false }: Fault, route: Route): FaultyReply {
  const done = processed ? route.answer() : undefined;
  return outcomeOf(effect, route, () => done ?? route.answer());
}

function outcomeOf(effect: Effect, route: Route, truth: () => Reply): FaultyReply {
  switch (effect.is) {
    case 'close':
    case 'reset':
      return effect.is;
    case 'gateway':
      return html(effect.status, `${String(effect.status)} Bad Gateway`);
    case 'garbage':
      return garbage(effect.kind, truth);
    case 'stalled_body':
      return { unfinished: truth(), then: 'nothing' };
    case 'dripping_body':
      return { unfinished: truth(), then: 'drops' };
    case 'session_revoked':
      return route.sessionRevoked();
    case 'rate_limited':
      return route.rateLimited(effect.status ?? 200);
    case 'refused':
      return refusal(route, effect.reason);
    case 'reply':
      return effect.reply;
    case 'latency':
    case 'held':
      return truth();
  }
}

function refusal(route: Route, reason: CommandRefusal): Reply {
  if (route.refused === undefined) throw new RangeError(`no words of this maker for ${reason}`);
  return route.refused(reason);
}

/** What is made of the true answer needs it, and with it the effect on the car. */
function garbage(kind: Garbage, truth: () => Reply): Reply {
  switch (kind) {
    case 'html':
      return html(200, 'Scheduled maintenance');
    case 'empty':
      return plain('');
    case 'truncated':
      return plain(firstHalf(truth().body));
    case 'null':
      return plain('null');
    case 'list':
      return plain('[]');
    case 'no_envelope':
      return plain('{"hello":"world"}');
    case 'wrong_types':
      return plain(JSON.stringify(wrongTypes(parsed(truth().body || '{}'))));
  }
}

const firstHalf = (text: string): string => text.slice(0, Math.floor(text.length / 2));

function plain(body: string): Reply {
  return { status: 200, headers: { 'content-type': 'application/json' }, body };
}

/** A page is a text as a whole. */
function parsed(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return body;
  }
}

/** The same keys with a value of another type behind each. */
function wrongTypes(value: unknown): unknown {
  if (Array.isArray(value)) return value.map((one) => wrongTypes(one));
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, wrongTypes(one)]));
  }
  return typeof value === 'string' ? 1 : 'odd';
}
