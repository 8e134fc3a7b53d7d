const kmPerMile = 1.609344;
const kpaPerPsi = 6.894757;
/** "Not known" of 8-bit and 16-bit fields. */
const sentinelByte = 255;
const sentinelWord = 65_535;

/** The value at a path of a vendor's reply; undefined where the way ends early. */
export function at(data: unknown, ...path: readonly (string | number)[]): unknown {
  let found = data;
  for (const step of path) {
    if (typeof found !== 'object' || found === null) return undefined;
    found = (found as Record<string | number, unknown>)[step];
  }
  return found;
}

export function flag(value: unknown): boolean | null {
  if (typeof value === 'boolean') return value;
  return typeof value === 'number' && Number.isFinite(value) ? value !== 0 : null;
}

/** A finite number; numeric text counts. */
export function number(value: unknown): number | null {
  if (typeof value === 'string' && value.trim() === '') return null;
  if (typeof value !== 'number' && typeof value !== 'string') return null;
  const found = Number(value);
  return Number.isFinite(found) ? found : null;
}

export function text(value: unknown): string | null {
  return typeof value === 'string' && value.trim() !== '' ? value.trim() : null;
}

export function percent(value: unknown): number | null {
  const found = number(value);
  return found !== null && found >= 0 && found <= 100 ? rounded(found, 1) : null;
}

/** Of what is never 0: a 0 means that the car did not say. */
export function positivePercent(value: unknown): number | null {
  const found = percent(value);
  return found === 0 ? null : found;
}

export function minutes(value: unknown): number | null {
  const found = number(value);
  if (found === null) return null;
  const whole = Math.round(found);
  return whole > 0 && whole < sentinelWord ? whole : null;
}

/** Kilometres of `{value, unit}`: unit 1 is km, everything else miles, as in the USA. */
export function distance(value: unknown): number | null {
  const found = number(at(value, 'value'));
  if (found === null || found < 0) return null;
  return rounded(at(value, 'unit') === 1 ? found : found * kmPerMile, 1);
}

export function kmOfMiles(value: unknown): number | null {
  const found = number(value);
  // Parked, several cars send an odometer of 0.
  return found === null || found <= 0 ? null : rounded(found * kmPerMile, 1);
}

/** Whole kPa of psi. */
export function pressure(value: unknown): number | null {
  const found = number(value);
  if (found === null || found < 0 || found === sentinelByte) return null;
  return Math.round(found * kpaPerPsi);
}

const withSeparators = /^(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2}:\d{2})/;
const digitsOnly = /^(\d{4})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})/;
const earliest = Date.UTC(2010, 0);

/** Epoch milliseconds of a time that is in UTC whatever offset it names; an impossible one is not known. */
export function time(value: unknown): number | null {
  if (typeof value !== 'string') return null;
  const iso = value.replace(digitsOnly, '$1-$2-$3T$4:$5:$6');
  const [, day, clock] = withSeparators.exec(iso) ?? [];
  if (day === undefined || clock === undefined) return null;
  const found = Date.parse(`${day}T${clock}Z`);
  return Number.isNaN(found) || found < earliest ? null : found;
}

export function isoTime(time_ms: number | null): string | null {
  return time_ms === null ? null : new Date(time_ms).toISOString();
}

export function rounded(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}
