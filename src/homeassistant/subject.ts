import type { Topics } from '../mqtt/topics.js';
import type { ExpiryKey } from '../vehicle/command.js';
import type { CommandInfo } from '../vehicle/command-info.js';
import type { Drivetrain } from '../vehicle/state.js';
import type { VehicleInfo } from '../vehicle/vehicle-info.js';

/** A car as it is to be announced. */
export interface AnnouncedCar extends Pick<VehicleInfo, 'name' | 'brand' | 'model'> {
  /** Costly: it is made for who announces the car, and not for who counts cars. */
  readonly info: () => VehicleInfo;
  /** What it is known by for ever; no word of a topic. */
  readonly identity: string;
  /** The paths of the values that it has told at some time: `ev.soc`. */
  readonly told: readonly string[];
}

export interface Range {
  readonly min: number;
  readonly max: number;
  readonly step: number;
  readonly unit: string | undefined;
}

/** What the entities of a car are decided by. */
export class Car {
  readonly id: string;
  readonly #info: VehicleInfo;
  readonly #told: ReadonlySet<string>;
  readonly #topics: ReturnType<Topics['vehicle']>;
  readonly #expiresIn_ms: Readonly<Record<ExpiryKey, number>>;

  constructor(
    info: VehicleInfo,
    told: readonly string[],
    topics: Topics,
    expiresIn_ms: Readonly<Record<ExpiryKey, number>>,
  ) {
    this.id = info.id;
    this.#info = info;
    this.#told = new Set(told);
    this.#topics = topics.vehicle(info.id);
    this.#expiresIn_ms = expiresIn_ms;
  }

  get stateTopic(): string {
    return this.#topics.state;
  }

  get resultTopic(): string {
    return this.#topics.result;
  }

  commandTopic(name: string): string {
    return this.#topics.command(name);
  }

  /** Whether it has ever told this value: a null of the moment takes nothing away. */
  tells(path: string): boolean {
    return this.#told.has(path);
  }

  get hasPlug(): boolean {
    return this.#is(['ev', 'phev'], 'ev.soc');
  }

  get hasEngine(): boolean {
    return this.#is(['phev', 'hev', 'ice'], 'fuel.level');
  }

  /** Whether it may be asked for all of these words; without any, for the command at all. */
  can(name: string, ...words: readonly string[]): boolean {
    const info = this.#commandInfo(name);
    if (info?.allowed !== true) return false;
    const { values } = info;
    return values === undefined || words.every((word) => values.includes(word));
  }

  /** Whether a command that it may be asked has this field. */
  takes(name: string, field: string): boolean {
    const info = this.#commandInfo(name);
    if (info?.allowed !== true) return false;
    return info.fields === undefined || Object.hasOwn(info.fields, field);
  }

  /** The numbers that it may be told; undefined where that is none, or only single ones. */
  range(name: string): Range | undefined {
    const info = this.#commandInfo(name);
    if (info?.allowed !== true) return undefined;
    const { min, max, step, unit } = info;
    if (min === undefined || max === undefined || step === undefined) return undefined;
    return { min, max, step, unit };
  }

  /** The values that it may be told where these are few. */
  values(name: string): CommandInfo['values'] {
    return this.#commandInfo(name)?.values;
  }

  /** How long a command may wait at the broker: as long as the least patient of its words may wait anywhere. */
  patience_s(name: string, words: readonly string[]): number {
    const own = [name, ...words].flatMap((key) =>
      isExpiryKey(key, this.#expiresIn_ms) ? [this.#expiresIn_ms[key]] : [],
    );
    return Math.round(Math.min(...own) / 1000);
  }

  #commandInfo(name: string): CommandInfo | undefined {
    const { commands } = this.#info;
    return Object.hasOwn(commands, name) ? commands[name] : undefined;
  }

  /** A car of an unknown kind is what its values say. */
  #is(kinds: readonly Drivetrain[], path: string): boolean {
    const { drivetrain } = this.#info;
    return drivetrain === null ? this.tells(path) : kinds.includes(drivetrain);
  }
}

function isExpiryKey(
  key: string,
  expiresIn_ms: Readonly<Record<ExpiryKey, number>>,
): key is ExpiryKey {
  return Object.hasOwn(expiresIn_ms, key);
}
