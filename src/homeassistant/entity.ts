/** The platforms of Home Assistant's MQTT integration that a car or the bridge needs. */
export type Platform =
  | 'binary_sensor'
  | 'button'
  | 'climate'
  | 'cover'
  | 'device_tracker'
  | 'event'
  | 'lock'
  | 'number'
  | 'select'
  | 'sensor'
  | 'switch'
  | 'time';

/** Options of a platform that only some entities have, by Home Assistant's own names. */
export type Options = Readonly<Record<string, unknown>>;

/**
 * A row of the tables of entities; `S` is what it is about. Without `path` and `command` all that it reads and writes
 * stands in `options`.
 */
export interface Entity<S> {
  /** For ever: a part of unique ids and of entity ids. A key has one platform. */
  readonly key: string;
  readonly platform: Platform;
  readonly name: string;
  /** Whether it is announced; without, always. */
  readonly when?: (subject: S) => boolean;
  readonly device_class?: string;
  readonly state_class?: 'measurement' | 'total' | 'total_increasing';
  readonly unit?: string;
  /** Digits behind the point. */
  readonly precision?: number;
  readonly category?: 'diagnostic' | 'config';
  readonly icon?: string;
  /** False: a person has to enable it. */
  readonly enabled?: false;
  /** Where its value is in the state document: `ev.soc`. */
  readonly path?: string;
  /** What it asks for, and the words that it may send; none: any that the command takes. */
  readonly command?: { readonly name: string; readonly words?: readonly string[] };
  readonly options?: Options | ((subject: S) => Options);
}

/** What many rows have in common. */
export const sensor = { platform: 'sensor' } as const;
export const flag = { platform: 'binary_sensor' } as const;
export const time = { device_class: 'timestamp' } as const;
export const measured = { state_class: 'measurement' } as const;
export const aside = { category: 'diagnostic' } as const;
export const setting = { category: 'config' } as const;
export const off = { enabled: false } as const;
