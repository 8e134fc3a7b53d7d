export interface NumberLimits {
  readonly min: number;
  readonly max: number;
  readonly step: number;
  readonly unit: string;
}

/** The numbers that a command takes, whatever the car (contract, section 3.2). */
export const commandLimits = {
  climate_duration: { min: 1, max: 30, step: 1, unit: 'min' },
  charge_limit: { min: 50, max: 100, step: 10, unit: '%' },
  v2l_limit: { min: 20, max: 80, step: 10, unit: '%' },
} as const satisfies Record<string, NumberLimits>;

/** What one `trips` may ask for. */
export const tripLimits = { first_day: '1970-01-01', months: 600 } as const;

export function isWithin(number: number, { min, max, step }: NumberLimits): boolean {
  return number >= min && number <= max && (number - min) % step === 0;
}
