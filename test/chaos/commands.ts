import type { IClientPublishOptions } from 'mqtt';
import { setPoint } from '../cloud/usa-kia-commands.js';
import type { Chance } from '../support/crash-random.js';
import { climateDeed } from './deeds.js';
import type { Asked } from './evidence.js';

export interface ChaosCar {
  /** Its topic id. */
  readonly alias: string;
  readonly unit: 'C' | 'F';
  /** Commands that only some have. */
  readonly extras: readonly ('horn' | 'lights' | 'windows')[];
}

/** One message to publish. */
export interface Message {
  readonly topic: string;
  readonly payload: string;
  readonly retain: boolean;
  readonly properties: NonNullable<IClientPublishOptions['properties']>;
}

/** A command in the making: its name, what its car is to do, and the payload's own fields. */
interface Wish {
  readonly command: string;
  readonly deed: string | null;
  readonly fields: Readonly<Record<string, unknown>>;
  /** The same without fields. */
  readonly bare?: string;
}

type Maker = (car: ChaosCar) => Wish;

/** The least seconds that are asked for when a command must be too late. */
const past_s = 61;
/** The command's own: nothing in here takes as long. */
const usualExpiry_s = 600;

/** Random commands, each to be told from all others of its car wherever a car can tell. */
export class Commands {
  readonly asked: Asked[] = [];
  readonly #base: string;
  readonly #chance: Chance;
  readonly #cars: readonly ChaosCar[];
  readonly #run: string;
  readonly #expireAtBroker: number;
  readonly #sent: Message[] = [];
  readonly #starts = new Map<string, number>();
  readonly #makers: readonly (readonly [share: number, make: Maker])[] = [
    [8, () => this.#refresh()],
    [5, () => lock(this.#chance.oneOf('lock', 'unlock'))],
    [8, (car) => this.#climateStart(car)],
    [1, () => plain('climate', 'stop')],
    [2, () => plain('charge', this.#chance.oneOf('start', 'stop'))],
    [3, () => this.#limits()],
    [2, () => this.#limit()],
    [3, (car) => this.#extra(car)],
  ];

  constructor(options: {
    base: string;
    chance: Chance;
    cars: readonly ChaosCar[];
    /** Distinguishes the ids of this run. */
    run: string;
    /** Whether some expire at the broker: it tells what is left in whole seconds, and in the last of them nothing. */
    mayExpireAtBroker?: boolean;
  }) {
    this.#base = options.base;
    this.#chance = options.chance;
    this.#cars = options.cars;
    this.#run = options.run;
    this.#expireAtBroker = (options.mayExpireAtBroker ?? true) ? 0.1 : 0;
  }

  /** The next message: a command, or something done to an earlier one. */
  next(): Message {
    const chance = this.#chance;
    const earlier = this.#sent.at(-chance.whole(1, 12));
    if (earlier !== undefined && chance.in(0.06)) return earlier;
    const target = this.asked.at(-chance.whole(1, 8));
    if (target !== undefined && chance.in(0.05)) return this.#cancel(target);
    if (target?.vehicle != null && chance.in(0.03)) return this.#otherUse(target);
    const [first, ...others] = this.#cars;
    if (first === undefined) throw new RangeError('no cars');
    const car = chance.oneOf(first, ...others);
    return this.#message(car, this.#wish()(car));
  }

  /** One of the makers, as often as its share says. */
  #wish(): Maker {
    const all = this.#makers.flatMap(([share, make]) => Array.from({ length: share }, () => make));
    const [first, ...others] = all;
    if (first === undefined) throw new RangeError('no makers');
    return this.#chance.oneOf(first, ...others);
  }

  #message(car: ChaosCar, { command, deed, fields, bare }: Wish): Message {
    const topic = `${this.#base}/${car.alias}/commands/${command}`;
    if (bare !== undefined && this.#chance.in(0.25)) {
      return { topic, payload: bare, retain: false, properties: {} };
    }
    const manner = this.#manner(deed !== null);
    const id = this.#newId();
    const { expires_in, messageExpiryInterval } = manner;
    this.asked.push({
      ...{ id, vehicle: car.alias, command, isVoid: manner.isVoid },
      deed: manner.dry_run === true ? null : deed,
      expires_s: Math.min(expires_in ?? usualExpiry_s, messageExpiryInterval ?? usualExpiry_s),
    });
    const own = { expires_in, issued_at: manner.issued_at, dry_run: manner.dry_run };
    const message = {
      topic,
      payload: JSON.stringify({ id, ...fields, ...own }),
      retain: manner.retain,
      properties: messageExpiryInterval === undefined ? {} : { messageExpiryInterval },
    };
    this.#sent.push(message);
    return message;
  }

  /** How a command is sent: mostly with a short expiry, now and then with one that has passed. */
  #manner(isRemote: boolean): Manner {
    const chance = this.#chance;
    const manner = { retain: false, isVoid: false };
    if (isRemote && chance.in(0.02)) {
      const issued_at = new Date(Date.now() - past_s * 1000).toISOString();
      return { ...manner, issued_at, expires_in: chance.whole(1, past_s - 1), isVoid: true };
    }
    if (isRemote && chance.in(0.02)) return { ...manner, retain: true, isVoid: true };
    const [shortest, longest] = chance.in(0.3) ? [1, 3] : [5, 30];
    return {
      ...manner,
      ...(chance.in(0.85) && { expires_in: chance.whole(shortest, longest) }),
      ...(chance.in(this.#expireAtBroker) && { messageExpiryInterval: chance.whole(1, 5) }),
      ...(isRemote && chance.in(0.03) && { dry_run: true }),
    };
  }

  #cancel({ id: target }: Asked): Message {
    const id = this.#newId();
    const about = { vehicle: null, command: 'cancel', deed: null, isVoid: false };
    this.asked.push({ id, ...about, expires_s: usualExpiry_s });
    return {
      topic: `${this.#base}/bridge/commands/cancel`,
      payload: JSON.stringify({ id, target }),
      retain: false,
      properties: {},
    };
  }

  /** An id that is taken, if nothing has refused it: as a read it changes nothing either way. */
  #otherUse({ id, vehicle }: Asked): Message {
    const about = { id, vehicle, command: 'refresh', deed: null, isVoid: false };
    this.asked.push({ ...about, expires_s: usualExpiry_s });
    return {
      topic: `${this.#base}/${vehicle ?? ''}/commands/refresh`,
      payload: JSON.stringify({ id, value: 'cached' }),
      retain: false,
      properties: {},
    };
  }

  #refresh(): Wish {
    const value = this.#chance.oneOf('cached', 'cached', 'force', 'smart');
    const max_age = this.#chance.whole(301, 90_000);
    if (value !== 'smart') return { command: 'refresh', deed: null, fields: { value } };
    const bare = `smart:${String(max_age)}`;
    return { command: 'refresh', deed: null, fields: { value, max_age }, bare };
  }

  /** No two starts of a car are alike. */
  #climateStart({ alias, unit }: ChaosCar): Wish {
    const number = this.#starts.get(alias) ?? 0;
    this.#starts.set(alias, number + 1);
    const step = number % 16;
    const duration = 1 + (Math.floor(number / 16) % 10);
    const defrost = Math.floor(number / 160) % 2 === 1;
    if (number >= 320) throw new RangeError('too many starts of one car to tell them apart');
    const temperature = unit === 'C' ? 16 + step / 2 : 63 + step;
    const target_c = unit === 'C' ? temperature : setPoint(String(temperature));
    return {
      command: 'climate',
      deed: climateDeed(target_c, duration, defrost),
      fields: { value: 'start', temperature, duration, defrost },
    };
  }

  #limits(): Wish {
    const [ac, dc] = [this.#percent(), this.#percent()];
    const deed = `charge_limits ${String(ac)} ${String(dc)}`;
    return { command: 'charge_limits', deed, fields: { ac, dc } };
  }

  /** The other one keeps its value, or comes by a command of its own. */
  #limit(): Wish {
    const value = this.#percent();
    return this.#chance.in(0.5)
      ? { command: 'charge_limit_ac', deed: `charge_limits ${String(value)} *`, fields: { value } }
      : { command: 'charge_limit_dc', deed: `charge_limits * ${String(value)}`, fields: { value } };
  }

  #percent(): number {
    return this.#chance.whole(5, 10) * 10;
  }

  #extra({ extras: [first, ...others] }: ChaosCar): Wish {
    if (first === undefined) return lock('lock');
    const command = this.#chance.oneOf(first, ...others);
    if (command === 'horn') return { command, deed: command, fields: {}, bare: 'PRESS' };
    if (command === 'lights') return { command, deed: command, fields: {} };
    const value = this.#chance.oneOf('open', 'close', 'vent');
    return { command, deed: command, fields: { value } };
  }

  #newId(): string {
    return `${this.#run}-${String(this.asked.length)}`;
  }
}

interface Manner {
  readonly retain: boolean;
  readonly isVoid: boolean;
  readonly expires_in?: number;
  readonly issued_at?: string;
  readonly messageExpiryInterval?: number;
  readonly dry_run?: true;
}

function lock(value: 'lock' | 'unlock'): Wish {
  return { ...plain('lock', value), bare: value };
}

function plain(command: string, value: string): Wish {
  return { command, deed: `${command} ${value}`, fields: { value } };
}
