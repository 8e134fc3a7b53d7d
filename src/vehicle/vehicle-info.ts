import { maxAgeLimits_s, refreshModes } from './command.js';
import type { KnownVehicle } from './known-vehicle.js';
import type { Drivetrain } from './state.js';

export interface CommandInfo {
  readonly values?: readonly (string | number)[];
  readonly min?: number;
  readonly max?: number;
  readonly step?: number;
  readonly unit?: string;
  readonly fields?: Readonly<Record<string, Omit<CommandInfo, 'allowed' | 'fields'>>>;
  readonly allowed: boolean;
}

/** Who a car is and what it can do: the document on `<base>/<v>/info` (contract, section 1). */
export interface VehicleInfo {
  readonly schema: 1;
  readonly id: string;
  readonly vin: string | null;
  readonly name: string | null;
  readonly brand: string | null;
  readonly model: string | null;
  readonly year: number | null;
  readonly drivetrain: Drivetrain | null;
  readonly region: string;
  readonly account: string;
  readonly backend: string;
  readonly library: string | null;
  readonly commands: Readonly<Record<string, CommandInfo>>;
}

export function vehicleInfo(
  car: KnownVehicle,
  account: Pick<VehicleInfo, 'region' | 'account' | 'backend' | 'library'>,
  isAllowed: (name: string) => boolean,
): VehicleInfo {
  const { vin, brand, model, year, drivetrain } = car.listed;
  return {
    schema: 1,
    id: car.topic_id,
    vin: vin?.toUpperCase() ?? null,
    name: car.name,
    brand,
    model,
    year,
    drivetrain,
    ...account,
    commands: {
      refresh: {
        values: refreshModes,
        fields: { max_age: { ...maxAgeLimits_s, unit: 's' } },
        allowed: isAllowed('refresh'),
      },
    },
  };
}
