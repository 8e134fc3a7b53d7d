export type Point = readonly [x: number, y: number];

/** A straight line through points, by least squares. */
export interface Line {
  readonly slope: number;
  /** Of the slope: one standard error. */
  readonly error: number;
  /** By how much the line goes up from the first point to the last. */
  readonly rise: number;
  /** Twice the error over the same way: a rise that is no more than this may be chance. */
  readonly doubt: number;
}

/** Needs three points of different places. */
export function fit(points: readonly Point[]): Line {
  if (points.length < 3) throw new RangeError('a line with its error needs three points');
  const mean = (values: readonly number[]) =>
    values.reduce((sum, value) => sum + value, 0) / values.length;
  const xs = points.map(([x]) => x);
  const [meanX, meanY] = [mean(xs), mean(points.map(([, y]) => y))];
  const sum = (of: (x: number, y: number) => number) =>
    points.reduce((total, [x, y]) => total + of(x - meanX, y - meanY), 0);
  const spread = sum((x) => x * x);
  if (spread === 0) throw new RangeError('the points have one place');
  const slope = sum((x, y) => x * y) / spread;
  const left = sum((x, y) => (y - slope * x) ** 2);
  const error = Math.sqrt(left / (points.length - 2) / spread);
  const way = Math.max(...xs) - Math.min(...xs);
  return { slope, error, rise: slope * way, doubt: 2 * error * way };
}
