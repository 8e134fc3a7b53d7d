/** What one figure came to, beside its control of the same run. */
export interface Row {
  readonly figure: string;
  readonly value: number;
  readonly unit: 'ms' | 's' | '/s' | 's/min' | 'MB' | '×';
  readonly control?: { readonly expression: string; readonly value: number };
  readonly target?: Target;
  /** Said below the table: what is particular about this one. */
  readonly note?: string;
}

/** Of the ratio to the control, or of the value itself. */
export type Target =
  | { readonly of: 'ratio' | 'value'; readonly atMost: number }
  | { readonly of: 'ratio' | 'value'; readonly atLeast: number };

/** A part of the bench that cannot be run here, and why. */
export interface Skipped {
  readonly figure: string;
  readonly skipped: string;
}

export type Finding = Row | Skipped;

export interface Options {
  /** Also what takes minutes. */
  readonly long: boolean;
  readonly commands: number;
  readonly reconnects: number;
}

export interface Figure {
  readonly name: string;
  readonly isLong?: boolean;
  readonly measure: (options: Options) => Promise<Finding[]>;
}

export function ratioOf({ value, control }: Row): number | undefined {
  return control === undefined ? undefined : value / control.value;
}

/** Undefined without a target. */
export function isReached(row: Row): boolean | undefined {
  const { target } = row;
  if (target === undefined) return undefined;
  const value = target.of === 'ratio' ? ratioOf(row) : row.value;
  if (value === undefined) throw new Error(`${row.figure}: a ratio needs a control`);
  return 'atMost' in target ? value <= target.atMost : value >= target.atLeast;
}
