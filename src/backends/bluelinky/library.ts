import { pathToFileURL } from 'node:url';
import { z } from 'zod';

/** What is used of the library. Its own types do not hold with current TypeScript. */
export interface Library {
  readonly BlueLinky: new (options: LibraryOptions) => LibraryClient;
}

interface LibraryOptions {
  readonly username: string;
  readonly password: string;
  readonly pin: string;
  readonly region: 'US';
  readonly brand: 'hyundai';
  readonly autoLogin: false;
}

export interface LibraryClient {
  /** Never rejects: what goes wrong is the event `error`, which ends the process where nobody listens. */
  login(): Promise<unknown>;
  refreshAccessToken(): Promise<unknown>;
  getVehicles(): Promise<readonly LibraryVehicle[]>;
  readonly cachedVehicles: readonly LibraryVehicle[];
  /** The very object that it works with, so that a kept session can be put into it. */
  getSession(): Record<string, unknown>;
  on(event: 'error', listener: (error: unknown) => void): unknown;
}

export interface LibraryVehicle {
  readonly vehicleConfig: { readonly regId: string };
  vin(): string;
  nickname(): string;
  /** Unparsed it is what the vendor sends, and undefined where the vendor sends something else. */
  status(options: { readonly refresh: boolean; readonly parsed: false }): Promise<unknown>;
  odometer(): Promise<unknown>;
  /** These tell in words whether the vendor has taken it. */
  lock(): Promise<unknown>;
  unlock(): Promise<unknown>;
  start(options: ClimateOptions): Promise<unknown>;
  stop(): Promise<unknown>;
}

/** The temperature is in °F, the duration in minutes. */
export interface ClimateOptions {
  readonly hvac: boolean;
  readonly temperature: number;
  readonly duration: number;
  readonly defrost: boolean;
  readonly heatedFeatures: boolean;
}

const libraryShape = z.object({ BlueLinky: z.custom((value) => typeof value === 'function') });

/** Loads the library, kept from writing tokens to the log of this process. */
export async function loadLibrary(entry: string): Promise<Library> {
  const level = process.env['LOG_LEVEL'];
  // It reads this once, when it is loaded; at `debug` it prints whole replies.
  process.env['LOG_LEVEL'] = 'error';
  try {
    const loaded: unknown = await import(pathToFileURL(entry).href);
    libraryShape.parse(loaded);
    return loaded as Library;
  } finally {
    if (level === undefined) delete process.env['LOG_LEVEL'];
    else process.env['LOG_LEVEL'] = level;
  }
}
