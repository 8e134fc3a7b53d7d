import { existsSync, readFileSync } from 'node:fs';
import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { SimulatorEffect } from '../../src/backends/simulator.js';
import { createIdentity } from '../../src/vehicle/simulated-identity.js';
import { tempDir } from '../support/temp-dir.js';

export const seed = 7;

export interface Car {
  readonly alias: string;
  readonly vin: string;
  readonly vendorId: string;
}

/** What the simulator's control file says; cars are named as here (`car0`) or `*`. */
export interface Weather {
  readonly sign_in?: Fault;
  readonly submit_code?: Fault;
  /** The one-time code that the simulated maker wants. */
  readonly code?: string;
  readonly vehicles?: Readonly<Record<string, CarWeather>>;
}

interface CarWeather {
  readonly cached?: ReportFault;
  readonly force?: ReportFault;
  readonly command?: CommandFault;
}

export interface Fault {
  readonly latency_ms?: number;
  readonly hang?: boolean;
  readonly fail?: {
    readonly code: string;
    readonly message?: string;
    readonly times?: number;
    readonly retry_after_s?: number;
  };
}

interface ReportFault extends Fault {
  /** The charge that is told of the 12 V battery, %. */
  readonly aux_battery?: number;
}

/** Of a command, whichever; what each setting means is said in `simulator-faults.ts`. */
interface CommandFault extends Fault {
  readonly starts_after_ms?: number;
  readonly taken?: boolean;
  readonly car_latency_ms?: number;
  readonly car?: 'obeys' | 'refuses' | 'silent';
}

/** The simulated cars of one daemon, and the files by which a test talks with them. */
export class SimulatedCars {
  readonly cars: readonly Car[];
  readonly controlFile: string;
  readonly logFile: string;

  private constructor(folder: string, count: number) {
    this.cars = Array.from({ length: count }, (_, index) => carOf(index));
    this.controlFile = join(folder, 'control.json');
    this.logFile = join(folder, 'calls.jsonl');
  }

  static async create(count: number, weather: Weather): Promise<SimulatedCars> {
    const simulated = new SimulatedCars(await tempDir(), count);
    await simulated.write(weather);
    return simulated;
  }

  /** In one step: the simulator reads the file at every call. */
  async write({ vehicles = {}, ...rest }: Weather): Promise<void> {
    const byVendorId = Object.entries(vehicles).map(
      ([alias, faults]) => [this.byAlias(alias)?.vendorId ?? alias, faults] as const,
    );
    const next = `${this.controlFile}.next`;
    await writeFile(next, JSON.stringify({ ...rest, vehicles: Object.fromEntries(byVendorId) }));
    await rename(next, this.controlFile);
  }

  /** All that the simulated cloud was asked to do. */
  effects(): SimulatorEffect[] {
    if (!existsSync(this.logFile)) return [];
    const lines = readFileSync(this.logFile, 'utf8').split('\n');
    return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as SimulatorEffect);
  }

  byAlias(alias: string | undefined): Car | undefined {
    return this.cars.find((car) => car.alias === alias);
  }
}

function carOf(index: number): Car {
  const identity = createIdentity({ index, seed, brand: 'hyundai', region: 'europe' });
  return { alias: `car${String(index)}`, vin: identity.vin, vendorId: identity.id };
}
