import type { Clock } from '../daemon/clock.js';
import type { VehicleReport } from '../vehicle/state.js';

/** What is known of a 12 V battery: its charge (%), and when the car said so (epoch ms; null where that is not known). */
export interface AuxLevel {
  readonly level: number;
  readonly at: number | null;
}

/** What is kept of a car so that it is not woken too often. Times are epoch milliseconds. */
export interface WakeRecord {
  readonly woken_at: number | null;
  readonly aux: AuxLevel | null;
}

export interface WakesOptions {
  readonly clock: Clock;
  readonly kept: ReadonlyMap<string, WakeRecord>;
  /** What a crash may forget. */
  readonly keepLater: (vehicle: string, record: WakeRecord) => void;
}

const day_ms = 86_400_000;
const never: WakeRecord = { woken_at: null, aux: null };

/** When each car of an account was last woken, by whomever, and what it last said of its 12 V battery. */
export class Wakes {
  readonly #options: WakesOptions;
  readonly #records: Map<string, WakeRecord>;
  /** Monotonic times: a clock that is set does not make a wake older or younger. */
  readonly #woken = new Map<string, number>();
  /** What held before a wake that may turn out not to have left. */
  readonly #before = new Map<string, { woken_at: number | null; woken: number | undefined }>();

  constructor(options: WakesOptions) {
    const { clock, kept } = options;
    this.#options = options;
    this.#records = new Map(kept);
    for (const [vehicle, { woken_at }] of kept) {
      if (woken_at === null) continue;
      this.#woken.set(vehicle, clock.monotonic() - Math.max(0, clock.now() - woken_at));
    }
  }

  /** The charge that the car reported last, however long ago; undefined where it never did. */
  aux(vehicle: string): AuxLevel | undefined {
    return this.#records.get(vehicle)?.aux ?? undefined;
  }

  /** Milliseconds since the car was last woken; undefined where it never was. */
  sinceWake_ms(vehicle: string): number | undefined {
    const woken = this.#woken.get(vehicle);
    return woken === undefined ? undefined : this.#options.clock.monotonic() - woken;
  }

  /** When the car was last woken, epoch milliseconds. */
  wokenAt(vehicle: string): number | null {
    return this.#records.get(vehicle)?.woken_at ?? null;
  }

  /** A wake is about to leave. Answers what has to be on the disk before it does. */
  leaves(vehicle: string): WakeRecord {
    const { clock } = this.#options;
    const held = this.#records.get(vehicle) ?? never;
    this.#before.set(vehicle, { woken_at: held.woken_at, woken: this.#woken.get(vehicle) });
    this.#woken.set(vehicle, clock.monotonic());
    return this.#put(vehicle, { ...held, woken_at: clock.now() });
  }

  /** What was about to leave has not. */
  hasNotLeft(vehicle: string): void {
    const before = this.#before.get(vehicle);
    if (before === undefined) return;
    this.#before.delete(vehicle);
    if (before.woken === undefined) this.#woken.delete(vehicle);
    else this.#woken.set(vehicle, before.woken);
    const held = this.#records.get(vehicle) ?? never;
    this.#options.keepLater(vehicle, this.#put(vehicle, { ...held, woken_at: before.woken_at }));
  }

  /** A car was read. What it does not say of its battery it may have said before. */
  reported(vehicle: string, { aux_battery: { level }, reported_at }: VehicleReport): void {
    if (level === null) return;
    const held = this.#records.get(vehicle) ?? never;
    const at = reported_at === null ? null : Date.parse(reported_at);
    if (held.aux !== null && (at ?? 0) < this.#credible(held.aux)) return;
    if (held.aux?.level === level && held.aux.at === at) return;
    this.#options.keepLater(vehicle, this.#put(vehicle, { ...held, aux: { level, at } }));
  }

  /** A time that lies far ahead was that of a clock that went wrong: it must not hide what comes after it. */
  #credible({ at }: AuxLevel): number {
    return at === null || at > this.#options.clock.now() + day_ms ? 0 : at;
  }

  #put(vehicle: string, record: WakeRecord): WakeRecord {
    this.#records.set(vehicle, record);
    return record;
  }
}
